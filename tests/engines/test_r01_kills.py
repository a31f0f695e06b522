"""R1: processes are killed at random instants under load; nothing is lost, nothing counts twice."""

from pathlib import Path

from counts import cases
from tortured import judged, kills, lived, order, told

KILLS = cases(8, 300)


def test_r01_killed_at_random_instants_under_load(tmp_path: Path) -> None:
    actions = ("kill web", "kill worker", "kill scheduler", "kill supervisor")
    report = judged(lived(order(cases(16, 700), 0.8, actions), tmp_path))
    assert report.passed, told(report)
    assert kills(report) >= KILLS, told(report)
    assert report.sent.acknowledged > 500, told(report)
    assert report.findings.parity.values > 1_000, told(report)
