"""Every customer has a record of every view that is loaded, and of no other."""

import logging

import msgspec
from msgspec import Struct

from shopwright.app.owner import Owner
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.pipelines.fill_views import ViewFiller

log = logging.getLogger("worker")

FILE_NAME = "views.json"


class _Noted(Struct, frozen=True):
    """What the data folder says of its records. Lost, it is found out by one more walk."""

    whole: list[str]
    """Labels of the views of which everybody has a record."""
    known: list[str]
    """Names of the views of which anybody may have one."""


class Filling:
    """Walks once over all customers, a page at a time, where the views are not those of before."""

    def __init__(self, owner: Owner) -> None:
        self._file = owner.settings.home / FILE_NAME
        names = [view.name for view in owner.views]
        noted = self._read()
        self._wanted = _Noted([view.label for view in owner.views], names)
        self._filler: ViewFiller | None = None
        if noted != self._wanted:
            # First: a walk that is cut short must find again what it had to take away.
            self._note(_Noted([], sorted({*noted.known, *names})))
            self._filler = ViewFiller(
                ledger=owner.ledger,
                online=owner.online,
                stores=owner.stores,
                materializer=owner.materializer,
                views=owner.views,
                gone=sorted(set(noted.known) - set(names)),
            )

    def step(self) -> bool:
        """Look at one page of customers; False when all were looked at."""
        filler = self._filler
        if filler is None or filler.step():
            return filler is not None
        if filler.filled or filler.taken_away:
            log.info(
                "feature views: %d records filled, %d taken away", filler.filled, filler.taken_away
            )
        self._note(self._wanted)
        self._filler = None
        return False

    def _read(self) -> _Noted:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Noted)
        except (OSError, *NOT_DECODABLE):
            return _Noted([], [])

    def _note(self, noted: _Noted) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(noted))
        fresh.replace(self._file)
