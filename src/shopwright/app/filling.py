"""The worker's chore after a start: every customer has a record of every view, and of no other."""

import logging

import msgspec

from shopwright.app.owner import Owner
from shopwright.pipelines.fill_views import ViewFiller

log = logging.getLogger("worker")

FILE_NAME = "views.json"
_NAMES = msgspec.json.Decoder(list[str])


class Filling:
    """Walks once over all customers, a page at a time, between the batches of events."""

    def __init__(self, owner: Owner) -> None:
        self._file = owner.settings.home / FILE_NAME
        self._names = [view.name for view in owner.views]
        self._filler: ViewFiller | None = ViewFiller(
            ledger=owner.ledger,
            online=owner.online,
            stores=owner.stores,
            materializer=owner.materializer,
            views=owner.views,
            gone=sorted(set(self._known_before()) - set(self._names)),
        )
        self._note(sorted({*self._known_before(), *self._names}))

    def step(self) -> bool:
        """Look at one page of customers; False when all were looked at."""
        filler = self._filler
        if filler is None or filler.step():
            return filler is not None
        if filler.filled or filler.taken_away:
            log.info(
                "feature views: %d records filled, %d taken away", filler.filled, filler.taken_away
            )
        # Only now: a walk that is cut short must find again what it had to take away.
        self._note(self._names)
        self._filler = None
        return False

    def _known_before(self) -> list[str]:
        try:
            return _NAMES.decode(self._file.read_bytes())
        except (OSError, msgspec.DecodeError):
            return []

    def _note(self, names: list[str]) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(names))
        fresh.replace(self._file)
