"""Progress: bars on a terminal, few plain lines elsewhere."""

import io
from typing import NamedTuple

from shopwright.app.progress import Lines, watched


class Step(NamedTuple):
    step: str
    done: int
    total: int | None


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_is_told_at_each_new_step_and_every_five_seconds() -> None:
    out, now = io.StringIO(), [0.0]
    watch = Lines(out, lambda: now[0])
    for second in range(12):
        now[0] = float(second)
        watch(Step("reading", second * 1000, 12_000))
    watch(Step("appending", 0, None))
    assert out.getvalue().splitlines() == [
        "reading: 0 of 12,000",
        "reading: 5,000 of 12,000",
        "reading: 10,000 of 12,000",
        "appending: 0",
    ]


def test_a_pipe_gets_no_control_characters() -> None:
    out = io.StringIO()
    with watched(out) as watch:
        watch(Step("reading", 1, 2))
    assert out.getvalue() == "reading: 1 of 2\n"


def test_a_terminal_gets_one_bar_a_step_that_ends_full() -> None:
    out = Terminal()
    with watched(out) as watch:
        for done in range(4):
            watch(Step("reading", done, 3))
        watch(Step("appending", 7, 7))
    shown = out.getvalue()
    assert "3/3" in shown
    assert "7/7" in shown
    assert "reading" in shown
