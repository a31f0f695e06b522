"""What an operator asks of the process that owns the ledger: done there, or here when none runs."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from shopwright.app.bootstrap import open_dead_letters, open_errands
from shopwright.app.owner import Owner, own
from shopwright.app.settings import Settings
from shopwright.core.clock import Clock, SystemClock
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Busy, NotReady, ShopwrightError
from shopwright.core.ports import Errands
from shopwright.core.types.ledger import DeadLetter
from shopwright.pipelines.redrive import BATCH_MAX, Redriven, Redriver

log = logging.getLogger("errands")

REDRIVE = "redrive"
WAIT_SECONDS_MAX = 600.0
LOOK_SECONDS = 0.05

Where = tuple[str, int]
"""(partition, offset) of a dead letter."""

Handler = Callable[[bytes], bytes]
T = TypeVar("T")


class Answer(Struct, frozen=True, kw_only=True):
    """What became of an errand: what it gave, or why it failed."""

    gave: msgspec.Raw = msgspec.Raw(b"null")
    error: str | None = None


class ErrandDesk:
    """The chore that answers errands: one at a time, the oldest first."""

    def __init__(self, errands: Errands, handlers: Mapping[str, Handler]) -> None:
        self._errands = errands
        self._handlers = handlers

    def step(self) -> bool:
        """Answer one errand; say whether there was one."""
        for kind, handle in self._handlers.items():
            for number, body in self._errands.open(kind):
                self._errands.answer(number, answered_by(handle, body))
                log.info("errand %d (%s) was answered", number, kind)
                return True
        return False


def answered_by(handle: Handler, body: bytes) -> bytes:
    """Return what a handler answers; an error that is explained is an answer as well."""
    try:
        answer = Answer(gave=msgspec.Raw(handle(body)))
    except (ShopwrightError, OSError, *NOT_DECODABLE) as error:
        answer = Answer(error=" ".join(str(error).split()))
    return msgspec.json.encode(answer)


def read_answer(answer: bytes, kind: type[T]) -> T:
    """Return what an errand gave. Raises NotReady with the reason when it failed."""
    found = msgspec.json.decode(answer, type=Answer)
    if found.error is not None:
        raise NotReady(found.error)
    return msgspec.json.decode(found.gave, type=kind)


def redriving(owner: Owner, clock: Clock) -> Handler:
    """Return what reads dead letters again: body and answer are JSON."""
    redriver = Redriver(
        owner.materializer,
        log=owner.log,
        keys=owner.keys,
        stores=owner.stores,
        ledger=owner.ledger,
        clock=clock,
    )
    letters = open_dead_letters(owner.settings)

    def redrive(body: bytes) -> bytes:
        where = msgspec.json.decode(body, type=tuple[Where, ...])
        return msgspec.json.encode(redriver.step(letters.get(where)))

    return redrive


def redrive(
    settings: Settings,
    letters: Sequence[DeadLetter],
    on_done: Callable[[int], None],
    clock: Clock | None = None,
) -> Redriven:
    """Read dead letters again, batch by batch; return what became of them all.

    The worker does it when one runs, else this process. ``on_done`` is told how many were tried.
    Raises NotReady when the worker does not answer in ten minutes.
    """
    clock = clock or SystemClock()
    bodies = [
        msgspec.json.encode([(one.partition, one.offset) for one in letters[i : i + BATCH_MAX]])
        for i in range(0, len(letters), BATCH_MAX)
    ]
    results: list[Redriven] = []

    def note(answer: bytes) -> None:
        results.append(read_answer(answer, Redriven))
        on_done(sum(one.read + one.dead + one.erased for one in results))

    try:
        with own(settings) as owner:
            owner.materializer.repair_online()
            handle = redriving(owner, clock)
            for body in bodies:
                note(answered_by(handle, body))
            owner.archiver.step()
    except Busy:
        errands = open_errands(settings)
        for body in bodies[len(results) :]:
            note(wait_for(errands, errands.ask(REDRIVE, body, clock.now_us()), clock))
    return Redriven(
        read=sum(one.read for one in results),
        dead=sum(one.dead for one in results),
        erased=sum(one.erased for one in results),
    )


def wait_for(errands: Errands, number: int, clock: Clock) -> bytes:
    """Wait for the worker's answer. Raises NotReady after ten minutes."""
    for _ in range(round(WAIT_SECONDS_MAX / LOOK_SECONDS)):
        answer = errands.answered(number)
        if answer is not None:
            return answer
        clock.sleep(LOOK_SECONDS)
    raise NotReady(
        f"the worker has not answered errand {number} in ten minutes; it stays asked. "
        "`shopwright doctor` says what holds the worker up"
    )
