"""The healer: mends a store's webhooks, fetches what was missed, and compares ids now and then."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct
from msgspec.structs import replace

from shopwright.admin import documents
from shopwright.admin.scopes import LIMITED_DAYS
from shopwright.app.bootstrap import open_audit
from shopwright.app.heal_lane import is_due
from shopwright.app.shopify import Shopify
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import ShopTrouble, ShopwrightError
from shopwright.core.types.connection import Connection
from shopwright.core.types.identity import StoreId
from shopwright.pipelines.backfill import Accept
from shopwright.pipelines.subscribe import subscribe

log = logging.getLogger("healer")

STORES_AT_ONCE = 8


class Healed(Struct, frozen=True, kw_only=True):
    """What was done for one store."""

    store_id: StoreId
    subscriptions_changed: int = 0
    looked_at: int = 0
    missing: int = 0
    """Updates that no webhook had told, and that were fetched."""
    gone: int = 0
    merged: int = 0
    compared: bool = False
    trouble: str = ""


class Healer:
    """Heals one store after another, or several at once."""

    def __init__(self, shopify: Shopify, accept: Accept) -> None:
        self._shopify = shopify
        self._backfill = shopify.backfill(accept)
        self._reconciler = shopify.reconciler(self._backfill)
        self._comparison = shopify.comparison(self._backfill)
        self._audit = open_audit(shopify.settings)

    def due(self) -> list[Connection]:
        """Return the stores whose look at Shopify is due."""
        minutes, now_us = self._shopify.settings.reconcile_minutes, self._shopify.clock.now_us()
        return [one for one in self._shopify.connections.all() if is_due(one, minutes, now_us)]

    def heal_all(
        self, connections: Sequence[Connection], tell: Callable[[Healed], None]
    ) -> list[Healed]:
        """Heal several stores at once; what is wrong with one does not keep the others."""
        with ThreadPoolExecutor(STORES_AT_ONCE) as pool:
            healed = []
            for one in pool.map(self.heal, connections):
                tell(one)
                healed.append(one)
            return healed

    def heal(self, connection: Connection, *, compare: bool | None = None) -> Healed:
        """Heal one store; ``compare`` forces or forbids the comparison of ids."""
        store_id = connection.store_id
        try:
            return self._heal(connection, compare=compare)
        except ShopwrightError as error:
            return self._troubled(store_id, error, str(error))
        except OSError as error:  # a full disk, a file that cannot be read: the others go on
            return self._troubled(store_id, error, f"{store_id}: {error}")

    def _troubled(self, store_id: StoreId, error: Exception, says: str) -> Healed:
        log.warning("%s", says)
        self._note(store_id, error, says)
        return Healed(store_id=store_id, trouble=says)

    def _heal(self, connection: Connection, *, compare: bool | None) -> Healed:
        shopify, store_id = self._shopify, connection.store_id
        data = shopify.client.ask(store_id, documents.SHOP)
        handles = data["currentAppInstallation"]["accessScopes"]
        scopes = tuple(sorted(one["handle"] for one in handles))
        self._note_scopes(connection, scopes)
        changed = self._subscribe(store_id, scopes)
        since_us = connection.reconciled_us or connection.connected_us
        found = self._reconciler.run(store_id, scopes, since_us)
        compares = self._is_compare_due(connection) if compare is None else compare
        gone = merged = 0
        if compares:
            told = self._comparison.run(store_id, scopes, self._visible_from_us(connection, scopes))
            gone, merged = sum(told.gone.values()), told.merged
        now_us = shopify.clock.now_us()
        shopify.connections.change(
            store_id,
            lambda known: replace(
                known,
                scopes=scopes,
                reconciled_us=max(since_us, found.through_us),
                looked_us=now_us,
                compared_us=now_us if compares else known.compared_us,
                missed=known.missed + sum(found.missing.values()),
                trouble="",
            ),
        )
        return Healed(
            store_id=store_id,
            subscriptions_changed=changed,
            looked_at=sum(found.looked_at.values()),
            missing=sum(found.missing.values()),
            gone=gone,
            merged=merged,
            compared=compares,
        )

    def _note_scopes(self, connection: Connection, scopes: Sequence[str]) -> None:
        """Keep in the audit trail what the merchant gave, and took away."""
        lost, got = set(connection.scopes) - set(scopes), set(scopes) - set(connection.scopes)
        for did, which in (("scopes lost", lost), ("scopes granted", got)):
            if which:
                self._record(connection.store_id, did, ", ".join(sorted(which)))

    def _record(self, store_id: StoreId, did: str, about: str) -> None:
        now_us = self._shopify.clock.now_us()
        self._audit.record(now_us, "healer", did, store_id, about)

    def _subscribe(self, store_id: StoreId, scopes: Sequence[str]) -> int:
        address = self._shopify.webhook_address()
        if not address:
            return 0
        plan = subscribe(self._shopify.client, store_id, scopes, address)
        return len(plan.create) + len(plan.move) + len(plan.delete)

    def _is_compare_due(self, connection: Connection) -> bool:
        hours = self._shopify.settings.compare_hours
        if not hours:
            return False
        before_us = self._shopify.clock.now_us() - hours * 3_600 * US_PER_SECOND
        return (connection.compared_us or connection.connected_us) <= before_us

    def _visible_from_us(self, connection: Connection, scopes: Sequence[str]) -> int:
        """Return since when orders ought to be both here and in sight."""
        from_us = connection.backfill_from_us or connection.connected_us
        if "read_all_orders" in scopes:
            return from_us
        return max(from_us, self._shopify.clock.now_us() - LIMITED_DAYS * US_PER_DAY)

    def _note(self, store_id: StoreId, error: Exception, says: str) -> None:
        refused = isinstance(error, ShopTrouble) and error.trouble == "token"
        known = self._shopify.connections.get(store_id)
        if refused and known is not None and known.state != "authorise_again":
            self._record(store_id, "token refused", "revoked, or the app was uninstalled")
        self._shopify.connections.change(
            store_id,
            lambda known: replace(
                known,
                trouble=says,
                state="authorise_again" if refused else known.state,
                looked_us=self._shopify.clock.now_us(),
            ),
        )
