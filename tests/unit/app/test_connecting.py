"""Connecting again changes nothing that is known, and the trouble of one store is its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from double_shopify import OTHER, STORE, DoubleShopify, double_shopify
from msgspec.structs import replace

from shopwright.app import healing
from shopwright.app.healing import Healer
from shopwright.app.shopify import open_shopify
from shopwright.core.types.identity import StoreId
from shopwright.core.types.log import Appended
from shopwright.pipelines.reconcile import Reconciled, Reconciler


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoubleShopify]:
    with double_shopify(tmp_path, monkeypatch) as running:
        yield running


def test_connecting_again_keeps_what_is_known_of_the_store(
    double: DoubleShopify, capsys: pytest.CaptureFixture[str]
) -> None:
    assert double.connect(STORE) == 0
    assert "orders match Shopify" in capsys.readouterr().out
    connections = open_shopify(double.settings).connections
    known = connections.get(STORE)
    assert known is not None
    before = replace(known, missed=7, looked_us=5, reconciled_us=known.connected_us - 9_000_000)
    connections.put(replace(before, state="authorise_again", trouble="the token was refused"))
    assert double.connect(STORE, "--no-backfill") == 0
    assert connections.get(STORE) == before


def test_a_new_backfill_forgets_no_span_that_was_never_looked_at(double: DoubleShopify) -> None:
    assert double.connect(STORE, "--no-backfill") == 0
    shopify = open_shopify(double.settings)
    known = shopify.connections.get(STORE)
    assert known is not None
    long_ago_us = known.connected_us - 90 * 86_400_000_000
    shopify.connections.put(replace(known, reconciled_us=long_ago_us))
    asked: list[int] = []
    run = Reconciler.run

    def looked(
        reconciler: Reconciler, store: StoreId, scopes: Any, since_us: int, **more: Any
    ) -> Reconciled:
        asked.append(since_us)
        return run(reconciler, store, scopes, since_us, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reconciler, "run", looked)
        assert double.connect(STORE, "--days", "10") == 0
    assert asked == [long_ago_us]


def test_a_disk_error_of_one_store_does_not_keep_the_others(
    double: DoubleShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    for store in (STORE, OTHER):
        assert double.connect(store, "--no-backfill") == 0
    shopify = open_shopify(double.settings)
    healer = Healer(shopify, lambda events: Appended(new=len(events), duplicates=0))
    subscribe = healing.subscribe

    def broken(client: object, store_id: StoreId, *rest: object) -> object:
        if store_id == STORE:
            raise OSError(28, "No space left on device")
        return subscribe(client, store_id, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(healing, "subscribe", broken)
    told = {one.store_id: one for one in healer.heal_all(shopify.connections.all(), lambda _: None)}
    assert "No space left" in told[STORE].trouble
    assert told[STORE].trouble.startswith(STORE)
    assert told[OTHER].trouble == ""
    looked = shopify.connections.get(OTHER)
    assert looked is not None
    assert looked.reconciled_us is not None
    states = {one.store_id: (one.state, bool(one.trouble)) for one in shopify.connections.all()}
    assert states == {STORE: ("connected", True), OTHER: ("connected", False)}
