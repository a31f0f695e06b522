"""Errands in memory, for tests."""

from collections.abc import Sequence


class MemoryErrands:
    """Errands that last as long as the object."""

    def __init__(self) -> None:
        self._asked: list[tuple[str, bytes]] = []
        self._answers: dict[int, bytes] = {}

    def ask(self, kind: str, body: bytes, asked_us: int) -> int:
        """Queue an errand; return its number (1, 2, …)."""
        del asked_us
        self._asked.append((kind, body))
        return len(self._asked)

    def open(self, kind: str) -> Sequence[tuple[int, bytes]]:
        """Return (number, body) of the errands of a kind that wait, oldest first."""
        return tuple(
            (number, body)
            for number, (asked, body) in enumerate(self._asked, 1)
            if asked == kind and number not in self._answers
        )

    def answer(self, number: int, answer: bytes) -> None:
        """Say what became of an errand; a second answer changes nothing."""
        if 1 <= number <= len(self._asked):
            self._answers.setdefault(number, answer)

    def answered(self, number: int) -> bytes | None:
        """Return the answer; None while there is none."""
        return self._answers.get(number)
