"""The sockets of work that waits for the ledger's owner."""

from collections.abc import Sequence
from typing import Protocol


class Errands(Protocol):
    """What an operator asked the running worker to do: kept until it is answered."""

    def ask(self, kind: str, body: bytes, asked_us: int) -> int:
        """Queue an errand durably; return its number (1, 2, …)."""
        ...

    def open(self, kind: str) -> Sequence[tuple[int, bytes]]:
        """Return (number, body) of the errands of a kind that wait, oldest first."""
        ...

    def answer(self, number: int, answer: bytes) -> None:
        """Say what became of an errand; it no longer waits."""
        ...

    def answered(self, number: int) -> bytes | None:
        """Return the answer; None while there is none."""
        ...


class Chore(Protocol):
    """Work beside the stream of events, done in small steps by the process that owns the ledger."""

    def step(self) -> bool:
        """Do the next small piece; say whether there was one."""
        ...
