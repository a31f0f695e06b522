"""Everything that every store sold is counted: also what was known before there was a count."""

import logging

from shopwright.app.owner import Owner

log = logging.getLogger("worker")


class Tallying:
    """Looks once at each store, one at a time.

    A store is counted whole with its first event; this finds those of which none comes, after an
    upgrade, a rebuilt ledger, or a change of the store's time zone.
    """

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._looked: set[tuple[str, str]] = set()

    def step(self) -> bool:
        """Look at one store that was not looked at in its zone; False when there is none."""
        for store in self._owner.stores.all():
            if (store.store_id, store.timezone) in self._looked:
                continue
            made = self._owner.materializer.tally_store(store.store_id)
            if made:
                log.info("%s: %d records of what it sold were made", store.store_id, made)
            self._looked.add((store.store_id, store.timezone))
            return True
        return False
