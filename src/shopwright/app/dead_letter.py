"""One event that could not be read: what is known of it, and for an operator its raw body."""

import json
from collections.abc import Iterator
from contextlib import suppress

from msgspec import Struct

from shopwright.app.bootstrap import (
    open_audit,
    open_dead_letters,
    open_keys,
    open_log,
    open_stores,
)
from shopwright.app.settings import Settings
from shopwright.core.clock import SystemClock, iso
from shopwright.core.errors import BadInput, Damaged, Erased
from shopwright.core.types.ledger import DeadLetter
from shopwright.core.types.log import LogRecord
from shopwright.pipelines.redrive import record_of
from shopwright.pipelines.unseal import Unsealer
from shopwright.privacy.pseudonyms import show

BODY_CHARACTERS_MAX = 100_000


class Examined(Struct, frozen=True, kw_only=True):
    """A dead letter beside its log record."""

    letter: DeadLetter
    record: LogRecord | None
    """None when the event was erased."""
    body: str | None
    """The opened body, laid out and harmless to print; None unless it was asked for."""

    def as_json(self) -> dict[str, object]:
        """Return it for machines."""
        known: dict[str, object] = {
            "where": f"{self.letter.partition}:{self.letter.offset}",
            "store_id": self.letter.store_id,
            "topic": self.letter.topic,
            "reason": self.letter.reason,
            "attempts": self.letter.attempts,
            "failed_at": iso(self.letter.failed_us),
            "subject": None if self.letter.subject is None else show(self.letter.subject),
        }
        if self.record is not None:
            event = self.record.event
            known |= {
                "delivery_id": printable(event.delivery_id),
                "received_at": iso(event.received_us),
                "triggered_at": None if event.triggered_us is None else iso(event.triggered_us),
                "api_version": event.api_version,
                "sealed_under": event.subject_kind or "store",
                "sealed_bytes": len(event.sealed),
            }
        return known | ({} if self.body is None else {"body": self.body})

    def lines(self) -> Iterator[tuple[str, str]]:
        """Walk what is known as (name, text) for people; the body comes last."""
        for name, value in self.as_json().items():
            if name == "body":
                yield "", f"\n{value}"
            elif value is not None:
                yield name.replace("_", " "), str(value)
        if self.record is None:
            yield "", "the event itself was erased; a redrive takes it off the list"


def examine(settings: Settings, where: tuple[str, int], *, reveal_to: str | None) -> Examined:
    """Return what is known of a dead letter, and to a named operator its body.

    That somebody looks is recorded before the body is opened.

    Raises BadInput when there is none at this place, Erased when its key was destroyed.
    """
    found = open_dead_letters(settings).get([where])
    if not found:
        raise BadInput(
            f"{where[0]}:{where[1]} is not a dead letter; `shopwright dead-letters` lists them"
        )
    letter = found[0]
    record = record_of(open_log(settings), letter)
    return Examined(
        letter=letter,
        record=record,
        body=None if reveal_to is None else _open(settings, letter, record, reveal_to),
    )


def _open(settings: Settings, letter: DeadLetter, record: LogRecord | None, who: str) -> str:
    if record is None:
        raise Erased(f"{letter.store_id}: this event was erased; there is no body to show")
    open_audit(settings).record(
        SystemClock().now_us(),
        f"operator {who}",
        "dead letter revealed",
        letter.store_id,
        f"{letter.partition}:{letter.offset} {letter.topic}",
    )
    try:
        body = Unsealer(open_keys(settings), open_stores(settings)).open(record)
    except Damaged as error:
        raise Damaged(f"{letter.store_id}: the body cannot be opened: {error}") from error
    return laid_out(body)


def laid_out(body: bytes) -> str:
    """Return a body for a terminal: JSON indented, and nothing in it can command the terminal."""
    text = body.decode("utf-8", "backslashreplace")
    with suppress(ValueError, RecursionError):
        # ASCII only: direction marks and look-alike letters show as what they are.
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=True)
    shown = "\n".join(printable(line) for line in text.split("\n"))
    if len(shown) > BODY_CHARACTERS_MAX:
        left = len(shown) - BODY_CHARACTERS_MAX
        return f"{shown[:BODY_CHARACTERS_MAX]}\n… {left:,} characters more"
    return shown


def printable(text: str) -> str:
    """Return the text with everything but printable ASCII written as an escape."""
    return "".join(
        c if " " <= c <= "~" else c.encode("unicode_escape").decode("ascii") for c in text
    )
