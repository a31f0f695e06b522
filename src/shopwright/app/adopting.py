"""A rebuilt ledger takes the place of the living one: in the worker, or here when none runs."""

import logging
from contextlib import closing

import msgspec
from msgspec import Struct

from shopwright.adapters.keys_schema import ERASURES, open_keys_file
from shopwright.adapters.ledger_content import SqliteLedgerContent
from shopwright.adapters.ledger_swap import swap_in
from shopwright.adapters.locks import WriterLock
from shopwright.app.bootstrap import open_errands
from shopwright.app.errands import (
    LOOK_SECONDS,
    WAIT_SECONDS_MAX,
    Handler,
    answered_by,
    read_answer,
)
from shopwright.app.owner import Owner, own
from shopwright.app.rebuilding import ledger_path, rebuilt_path
from shopwright.app.settings import Settings
from shopwright.core.clock import Clock
from shopwright.core.errors import Busy, Damaged, NotReady
from shopwright.core.types.revision import generation

log = logging.getLogger("ledger")

ADOPT = "adopt"


class Adoption(Struct, frozen=True, kw_only=True):
    """Which ledger is to take the place of the living one."""

    revision: int
    """Of the rebuilt one: its generation is newer than the living one's."""
    erasures: int
    """How often keys had been destroyed when the rebuild began."""


def count_erasures(settings: Settings) -> int:
    """Return how often keys were destroyed so far, people's or stores'."""
    with closing(open_keys_file(settings.home / "keys.db")) as file:
        return file.number(ERASURES) or 0


def adopting(owner: Owner) -> Handler:
    """Return what puts the rebuilt ledger in place and begins to bring the copies along."""

    def adopt(body: bytes) -> bytes:
        _put_in_place(owner.settings, body)
        owner.materializer.repair_online()
        return b"true"

    return adopt


def adopt(settings: Settings, adoption: Adoption, clock: Clock) -> None:
    """Have the rebuilt ledger adopted; return when it is in place.

    The worker does it between two batches. Where none runs, or one that cannot stay up because its
    ledger is damaged, this process does it as soon as nobody holds the ledger. Raises NotReady when
    it is refused or takes more than ten minutes.
    """
    errands = open_errands(settings)
    body = msgspec.json.encode(adoption)
    number: int | None = None
    for _ in range(round(WAIT_SECONDS_MAX / LOOK_SECONDS)):
        answer = None if number is None else errands.answered(number)
        if answer is None:
            answer = _alone(settings, body)
        if answer is not None:
            if number is not None:
                errands.answer(number, answer)
            read_answer(answer, bool)
            return
        if number is None:
            number = errands.ask(ADOPT, body, clock.now_us())
        clock.sleep(LOOK_SECONDS)
    raise NotReady("the worker did not adopt the rebuilt ledger in ten minutes; try again")


def _alone(settings: Settings, body: bytes) -> bytes | None:
    """Do it here; None while another process has the ledger."""
    try:
        lock = WriterLock(ledger_path(settings).with_suffix(".lock"), "the ledger")
    except Busy:
        return None
    with closing(lock):
        answer = answered_by(lambda asked: _put_in_place(settings, asked), body)
    if msgspec.json.decode(answer)["error"] is None:
        _bring_copies_along(settings)
    return answer


def _bring_copies_along(settings: Settings) -> None:
    try:
        with own(settings) as owner:
            owner.materializer.repair_online()
            owner.archiver.step()
    except Busy:
        pass  # A worker began meanwhile, and does it.


def _put_in_place(settings: Settings, body: bytes) -> bytes:
    """Swap the ledgers, unless that was done before the last process died.

    Raises NotReady when somebody was erased since the rebuild began: it may still know them. In the
    process that owns the ledger no erasure can come between this look and the swap.
    """
    adoption = msgspec.json.decode(body, type=Adoption)
    if _generation(settings) >= generation(adoption.revision):
        return b"true"
    if count_erasures(settings) != adoption.erasures:
        raise NotReady(
            "somebody was erased while the ledger was rebuilt, and the rebuilt one may still know "
            "them: it was not adopted; run `shopwright replay --adopt` again"
        )
    path = rebuilt_path(settings)
    if not path.exists():
        raise NotReady(
            f"{path}: the rebuilt ledger is no longer there; run `shopwright replay --adopt` again"
        )
    swap_in(ledger_path(settings), path)
    log.warning("the rebuilt ledger was adopted")
    return b"true"


def _generation(settings: Settings) -> int:
    path = ledger_path(settings)
    try:
        if not path.exists():
            return -1
        with closing(SqliteLedgerContent(path)) as content:
            return generation(content.revision())
    except Damaged:
        return -1
