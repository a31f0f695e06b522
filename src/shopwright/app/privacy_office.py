"""What a privacy officer does at the command line: report, answer, find and check receipts."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from shopwright.adapters.sqlite_gaps import changed_since, erase_gaps
from shopwright.app.bootstrap import (
    open_audit,
    open_decisions,
    open_keys,
    open_ledger,
    open_log,
    open_online,
    open_privacy_requests,
    open_registry,
    open_signing_key,
    open_stores,
)
from shopwright.app.catch_up import catch_up
from shopwright.app.own_features import load_views
from shopwright.app.redaction import customers_named, request_about
from shopwright.app.settings import Settings
from shopwright.core.clock import SystemClock
from shopwright.core.errors import BadInput, Refused
from shopwright.core.types.identity import StoreId
from shopwright.core.types.privacy import PrivacyRequest, Receipt, SignedReceipt
from shopwright.events import privacy
from shopwright.pipelines.privacy_letter import letter
from shopwright.pipelines.privacy_report import Held, report
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy import receipts
from shopwright.privacy.tombstones import tombstones
from shopwright.training.tasks import TASKS

DIGITS_MIN = 6


def report_request(
    settings: Settings,
    customer: str | None,
    addresses: Sequence[str],
    store_id: StoreId | None,
    request_id: str | None,
) -> PrivacyRequest:
    """Return the waiting data request that begins so, or a new one. Raises BadInput."""
    if request_id is None:
        if store_id is None:
            raise BadInput("name the store too: --store")
        open_stores(settings).get(store_id)
        return request_about(
            settings,
            "report",
            store_id,
            "command line",
            customer=customer,
            addresses=addresses,
        )
    found = [
        request
        for request, _ in open_privacy_requests(settings).open()
        if request.kind == "report" and request.request_id.startswith(request_id)
    ]
    if len(found) != 1 or len(request_id) < DIGITS_MIN:
        raise BadInput(
            f"{request_id!r} begins {len(found)} waiting data requests; "
            "`shopwright privacy requests` lists them"
        )
    return found[0]


class Answer(Struct, frozen=True):
    """A report about one person, twice."""

    as_json: bytes
    as_text: str


def answer(settings: Settings, asked: PrivacyRequest, who: str) -> Answer:
    """Return the report; that it was made is recorded first."""
    catch_up(settings)
    clock = SystemClock()
    keys = open_keys(settings)
    # The audit trail is never changed, so it knows people by what is left of them when they go.
    stones = tombstones(keys.store_key(asked.store_id), asked.customers)
    people = ", ".join(stone.hex() for stone in stones.values())
    about = f"customer {people}" if people else f"request {asked.request_id}"
    open_audit(settings).record(clock.now_us(), who, "privacy report", asked.store_id, about)
    views = load_views(settings)
    held = Held(
        log=open_log(settings),
        keys=keys,
        stores=open_stores(settings),
        ledger=open_ledger(settings, read_only=True),
        online=open_online(settings),
        registry=open_registry(settings),
        decisions=open_decisions(settings),
        requests=open_privacy_requests(settings),
        tasks=sorted(TASKS),
        views=views,
    )
    made = report(held, asked, clock.now_us())
    erased = keys.erased(asked.store_id, asked.customers)
    made["erased"] = bool(erased) and erased == set(asked.customers)
    says = {
        feature.name: f"{feature.says} ({feature.unit})"
        for view in views
        for feature in view.features
    }
    return Answer(msgspec.json.format(msgspec.json.encode(made), indent=2), letter(made, says))


def close(settings: Settings, asked: PrivacyRequest) -> None:
    """Close an answered data request; its body, which names the person, goes from the log."""
    keys = open_keys(settings)
    pseudonymise = StoreKeys(keys).pseudonymiser(asked.store_id)
    body = pseudonymise(privacy.REQUEST, asked.request_id)
    keys.forget(asked.store_id, body)
    open_log(settings).forget(asked.store_id, body)
    since_us = min(asked.asked_us, SystemClock().now_us())
    erase_gaps(changed_since(settings.home, since_us))
    open_privacy_requests(settings).close(asked.request_id, None)


def receipts_of(
    settings: Settings, store_id: StoreId | None, customer: str | None, request_id: str | None
) -> Sequence[SignedReceipt]:
    """Return the receipts asked for, oldest first. Raises BadInput."""
    found = list(open_privacy_requests(settings).receipts(store_id))
    if request_id is not None:
        found = [one for one in found if receipts.verify(one).request_id.startswith(request_id)]
    if customer is not None:
        if store_id is None:
            raise BadInput("a customer is one of a store: name it with --store")
        who = customers_named(settings, store_id, customer)
        stone = tombstones(open_keys(settings).store_key(store_id), [who])[who].hex()
        found = [one for one in found if stone in receipts.verify(one).tombstones]
    return found


def check_receipt(settings: Settings, path: Path) -> Receipt:
    """Return what a receipt's file says. Raises Damaged when altered, Refused when not ours."""
    signed = receipts.from_file(path.read_bytes())
    receipt = receipts.verify(signed)
    if signed.public_key != receipts.public_key_of(open_signing_key(settings).private()):
        raise Refused(
            f"{path}: the signature is true, but it was made with key "
            f"{signed.public_key.hex()[:16]}, which is not this installation's"
        )
    return receipt
