"""When a store's task is trained next: a pure function of what was decided and what failed."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from shopwright.core.clock import US_PER_SECOND
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import StoreId

FORMAT = 1
US_PER_HOUR = 3_600 * US_PER_SECOND
US_PER_MINUTE = 60 * US_PER_SECOND
DOUBLINGS_MAX = 30
OURSELVES = "shopwright"
TRAINED = frozenset(["champion", "challenger", "refused"])


class Slot(NamedTuple):
    """One store and one task."""

    store_id: StoreId
    task: str


class Failures(Struct, frozen=True, kw_only=True):
    """Trainings of a slot that ended without a decision, since the last one that had one."""

    store_id: StoreId
    task: str
    count: int
    failed_us: int
    reason: str


class Rhythm(Struct, frozen=True, kw_only=True):
    """How often to train and how long to wait after a failure."""

    every_us: int
    """0: never."""
    retry_us: int


def due_us(rhythm: Rhythm, decided_us: int | None, failures: Failures | None) -> int | None:
    """Return the instant from which a slot is due; None when it never is.

    A slot that was never trained is due at once: its first training says whether there is enough
    data. After a failure the wait doubles, up to the ordinary distance of two trainings.
    """
    if not rhythm.every_us:
        return None
    regular = 0 if decided_us is None else decided_us + rhythm.every_us
    if failures is None:
        return regular
    doubled = rhythm.retry_us << min(failures.count - 1, DOUBLINGS_MAX)
    return max(regular, failures.failed_us + min(doubled, rhythm.every_us))


def next_slot(
    slots: Iterable[Slot],
    rhythm: Rhythm,
    decided: Mapping[Slot, int],
    failed: Mapping[Slot, Failures],
    now_us: int,
) -> Slot | None:
    """Return the slot that has been due the longest; None when none is due."""
    waiting = [
        (due, slot)
        for slot in slots
        if (due := due_us(rhythm, decided.get(slot), failed.get(slot))) is not None
        and due <= now_us
    ]
    return min(waiting)[1] if waiting else None


def last_decided(decisions: Iterable[Decision]) -> dict[Slot, int]:
    """Return for each slot when a training last ended in a decision, for or against its model.

    What an operator decided by hand is not a training.
    """
    return {
        Slot(decision.store_id, decision.task): decision.decided_us
        for decision in decisions
        if decision.author == OURSELVES and decision.verdict in TRAINED
    }


class _File(Struct, frozen=True):
    format: int
    failures: tuple[Failures, ...]


def read_failures(path: Path) -> dict[Slot, Failures]:
    """Return what is remembered of failures; nothing when the file is lost or of another format."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except (FileNotFoundError, *NOT_DECODABLE):
        return {}
    if found.format != FORMAT:
        return {}
    return {Slot(failures.store_id, failures.task): failures for failures in found.failures}


def write_failures(path: Path, failed: Mapping[Slot, Failures]) -> None:
    """Remember failures across a restart; the file is replaced whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(_File(FORMAT, tuple(failed.values()))))
    fresh.replace(path)
