"""Everything that every store sold is counted: also what was known before there was a count."""

import logging

from shopwright.app.owner import Owner
from shopwright.core.types.revision import generation

log = logging.getLogger("worker")


class Tallying:
    """Looks once at each store, one at a time; again when its zone or the ledger is another.

    A store is counted whole with its first event; this finds those of which none comes.
    """

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._looked: set[tuple[str, str, int]] = set()

    def step(self) -> bool:
        """Look at one store that was not looked at as it is; False when there is none."""
        ledger = generation(self._owner.feed.revision())
        for store in self._owner.stores.all():
            as_it_is = (store.store_id, store.timezone, ledger)
            if as_it_is in self._looked:
                continue
            made = self._owner.materializer.tally_store(store.store_id)
            if made:
                log.info("%s: %d records of what it sold were made", store.store_id, made)
            self._looked.add(as_it_is)
            return True
        return False
