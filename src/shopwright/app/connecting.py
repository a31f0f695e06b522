"""Connects a store, step by step: each says what it does, what came of it, and how long it took."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shopwright.admin import documents
from shopwright.admin.scopes import LIMITED_DAYS, Capability, missing
from shopwright.admin.slicing import created_between, slices
from shopwright.app.bootstrap import (
    open_feed,
    open_keys,
    open_ledger,
    open_secrets,
    open_slices,
    open_stores,
)
from shopwright.app.settings import Settings
from shopwright.app.shopify import Shopify
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import BadInput, NotReady
from shopwright.core.types.connection import Connection, Credential, Slice
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.pipelines.backfill import Accept, Backfill, Taken
from shopwright.pipelines.bulk_runs import Watch
from shopwright.pipelines.completeness import prove
from shopwright.pipelines.reconcile import Reconciled
from shopwright.pipelines.subscribe import subscribe


class Step(Struct, frozen=True, kw_only=True):
    """One step that is done."""

    title: str
    says: tuple[str, ...]
    seconds: float


class About(Struct, frozen=True, kw_only=True):
    """What a shop says of itself and of our app."""

    domain: str
    name: str
    currency: str
    timezone: str
    plan: str
    scopes: tuple[str, ...]


class Connecting:
    """The steps for one store; each may be taken again at any time."""

    def __init__(self, shopify: Shopify, store_id: StoreId) -> None:
        self._shopify = shopify
        self._settings: Settings = shopify.settings
        self._store_id = store_id

    def about(self) -> About:
        """Ask the shop about itself. Raises ShopTrouble."""
        data = self._shopify.client.ask(self._store_id, documents.SHOP)
        shop = data["shop"]
        return About(
            domain=shop["myshopifyDomain"],
            name=shop["name"],
            currency=shop["currencyCode"],
            timezone=shop["ianaTimezone"],
            plan=shop["plan"]["publicDisplayName"],
            scopes=tuple(
                sorted(one["handle"] for one in data["currentAppInstallation"]["accessScopes"])
            ),
        )

    def know(self, about: About, credential: Credential) -> Connection:
        """Add the store, its webhook secret and its connection. Raises BadInput."""
        if about.domain != self._store_id:
            raise BadInput(
                f"{self._store_id}: the shop says that its permanent domain is {about.domain}; "
                f"connect that one"
            )
        now_us = self._shopify.clock.now_us()
        open_stores(self._settings).put(
            Store(
                store_id=self._store_id,
                currency=about.currency,
                timezone=about.timezone,
                added_us=now_us,
            )
        )
        if credential.client_secret:
            open_secrets(self._settings).add(self._store_id, credential.client_secret.encode())
        if self._shopify.connections.get(self._store_id) is None:
            self._shopify.connections.put(
                Connection(
                    store_id=self._store_id,
                    mode=credential.mode,
                    connected_us=now_us,
                    api_version=self._settings.admin_api_version,
                )
            )
        return self._note(
            mode=credential.mode,
            name=about.name,
            plan=about.plan,
            scopes=about.scopes,
            state="connected",
            trouble="",
        )

    def lacking(self, about: About) -> Sequence[Capability]:
        """Return what the granted scopes do not give. Raises NotReady when nothing works so."""
        found = missing(about.scopes)
        needed = [one.scope for one in found if one.needed]
        if needed:
            raise NotReady(
                f"{self._store_id}: the app was not granted {' and '.join(needed)}. Add "
                f"{'them' if len(needed) > 1 else 'it'} to the app's scopes, let the merchant "
                f"approve, then: shopwright connect {self._store_id}"
            )
        return found

    def subscribe(self, connection: Connection) -> tuple[int, int]:
        """Make the subscriptions right; return (how many there are, how many were changed).

        (0, 0) while there is no public address. Raises ShopTrouble.
        """
        address = self._shopify.webhook_address()
        if not address:
            return 0, 0
        plan = subscribe(self._shopify.client, self._store_id, connection.scopes, address)
        changed = len(plan.create) + len(plan.move) + len(plan.delete)
        self._note(public_url=address)
        return len(plan.right) + len(plan.create) + len(plan.move), changed

    def plan(self, connection: Connection, days: int | None, backfill: Backfill) -> list[Slice]:
        """Return the slices of the backfill: what an interrupted one left, else all of them."""
        known = {one.name: one for one in self._shopify.slices.of(self._store_id)}
        unfinished = [one for one in known.values() if one.state != "proven"]
        if unfinished:
            return [_again(one) for one in unfinished]
        now_us = self._shopify.clock.now_us()
        span = days or self._settings.backfill_days
        if "read_all_orders" not in connection.scopes:
            span = min(span, LIMITED_DAYS)
        from_us = now_us - span * US_PER_DAY
        from_us -= from_us % US_PER_SECOND
        search = created_between(from_us, now_us)
        planned = slices(
            self._store_id,
            connection.scopes,
            from_us,
            now_us - now_us % US_PER_SECOND,
            backfill.count(self._store_id, "orders", search),
            backfill.newest(self._store_id, connection.scopes),
        )
        self._shopify.slices.forget(self._store_id)
        for one in planned:
            self._shopify.slices.put(one)
        # An older mark stays: what was updated since may lie outside of this backfill.
        self._note(backfill_from_us=from_us, reconciled_us=self._known().reconciled_us or now_us)
        return planned

    def take_in(self, planned: Sequence[Slice], accept: Accept, watch: Watch) -> list[Taken]:
        """Take the slices in. Raises ShopTrouble; calling again goes on where it was."""
        return self._shopify.backfill(accept).run(planned, watch=watch)

    def prove(self, taken: Sequence[Taken]) -> list[Slice]:
        """Compare with the ledger, once it has taken everything in."""
        settings = self._settings
        with closing(open_ledger(settings, read_only=True)) as ledger:
            feed, slices = open_feed(settings), open_slices(settings)
            return prove(taken, ledger, feed, open_keys(settings), slices)

    def reconcile(self, accept: Accept, watch: Watch) -> Reconciled:
        """Fetch what was updated meanwhile. Raises ShopTrouble."""
        connection = self._known()
        since_us = connection.reconciled_us or connection.connected_us
        found = self._shopify.reconciler(self._shopify.backfill(accept)).run(
            self._store_id, connection.scopes, since_us, watch=watch
        )
        self._note(reconciled_us=max(since_us, found.through_us), trouble="")
        return found

    def _note(self, **known: Any) -> Connection:
        """Change some of what is known of the store."""
        changed = self._shopify.connections.change(
            self._store_id, lambda before: replace(before, **known)
        )
        return changed or self._known()

    def _known(self) -> Connection:
        found = self._shopify.connections.get(self._store_id)
        if found is None:
            raise NotReady(
                f"{self._store_id}: this store is not connected; "
                f"shopwright connect {self._store_id}"
            )
        return found


def timed(
    shopify: Shopify, title: str, work: Callable[[], Sequence[str]], tell: Callable[[Step], None]
) -> None:
    """Do one step and tell of it."""
    began_us = shopify.clock.now_us()
    says = tuple(work())
    seconds = (shopify.clock.now_us() - began_us) / US_PER_SECOND
    tell(Step(title=title, says=says, seconds=seconds))


def summary(proven: Sequence[Slice]) -> Iterator[str]:
    """Say of each kind how many of how many match, and why when they do not."""
    for kind in ("orders", "products", "customers"):
        of_kind = [one for one in proven if one.kind == kind]
        if of_kind:
            held = sum(one.held_count or 0 for one in of_kind)
            counted = sum(one.shopify_count or one.read_count for one in of_kind)
            yield f"{held:,} of {counted:,} {kind} match Shopify"
    shelves = [one for one in proven if one.kind == documents.STOCK]
    if shelves:
        held, read = (sum(counts) for counts in zip(*map(_shelves, shelves), strict=True))
        yield f"{held:,} of {read:,} things on the shelves are here"
    for one in proven:
        if one.state == "mismatch":
            yield f"{one.name}: {one.why}"


def _shelves(one: Slice) -> tuple[int, int]:
    return one.held_count or 0, one.read_count


def _again(one: Slice) -> Slice:
    return one if one.state == "running" else replace(one, state="planned", tries=0, why="")
