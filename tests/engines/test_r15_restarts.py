"""R15: SIGTERM under load and rolling restarts; every stop is orderly and nothing is lost."""

from pathlib import Path

from counts import cases
from tortured import judged, lived, order, told

STOPS = cases(3, 40)


def test_r15_stopped_and_restarted_under_load(tmp_path: Path) -> None:
    actions = ("stop and start", "rolling restart")
    report = judged(lived(order(cases(15, 300), 2.0, actions), tmp_path))
    assert report.passed, told(report)
    done = report.done.actions
    assert done["stop and start"] + done["rolling restart"] >= STOPS, told(report)
    assert report.done.stopping.max is not None
    assert report.done.stopping.max < 10, told(report)
    # Whoever is not answered finds the door closed or closing: nobody is told that it went wrong.
    assert set(report.sent.unanswered) <= {"refused", "cut off"}, told(report)
