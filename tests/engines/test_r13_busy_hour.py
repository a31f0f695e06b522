"""R13: a rush of webhooks: all are stored once, the backlog goes, nothing is answered wrongly.

How quick the answers are is measured in benchmarks/busy_hour.py.
"""

from pathlib import Path

from counts import cases
from msgspec.structs import replace
from tortured import judged, lived, order, told


def test_r13_a_rush_is_stored_once_and_worked_off(tmp_path: Path) -> None:
    calm = order(cases(8, 300), 3_600.0)
    report = judged(lived(replace(calm, rate=600.0), tmp_path))
    assert report.passed, told(report)
    assert report.sent.requests > cases(2_000, 100_000), told(report)
    assert report.sent.refused_503 == 0, told(report)
    assert sum(report.done.actions.values()) == 0, told(report)
