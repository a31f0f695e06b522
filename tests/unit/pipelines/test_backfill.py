"""A backfill is whole or says that it is not; each way of being incomplete is seen."""

from pathlib import Path

import msgspec
import pytest
from simulated_admin import SimulatedAdmin

from shopwright.adapters.sealed_spool import PIECE_BYTES, SealedSpool
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, SimulatedClock
from shopwright.core.errors import Unreadable
from shopwright.pipelines.bulk_file import BulkFile
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import RIDGELINE_OUTDOOR, open_store

END_US = 1_790_000_000 * US_PER_SECOND
CALLS_PER_SLICE = 3
"""Run, one look, and Shopify's own count: with fewer a slice cannot be proven."""


@pytest.fixture(scope="module")
def shop() -> Shop:
    scale = Scale(customers=60, days=120, fulfilment_told_share=0)
    return open_store(RIDGELINE_OUTDOOR, END_US, 4, scale)


@pytest.fixture
def admin(shop: Shop, tmp_path: Path) -> SimulatedAdmin:
    admin = SimulatedAdmin(shop, 1, tmp_path)
    admin.happen(list(shop.webhooks()))
    admin.connect()
    return admin


def test_everything_is_taken_in_and_proven(admin: SimulatedAdmin) -> None:
    proven = admin.take_in()
    assert {one.state for one in proven} == {"proven"}
    (orders,) = (one for one in proven if one.kind == "orders")
    assert orders.shopify_count == orders.read_count == orders.held_count
    assert orders.read_count == len(list(admin.holdings.orders())) > 50
    assert admin.audit() == {}


def test_what_is_here_already_adds_nothing(admin: SimulatedAdmin) -> None:
    admin.take_in()
    ends = dict(admin.system.log.end())
    again = admin.backfill.run([_fresh(one) for one in admin.plan()])
    assert sum(one.new for one in again) == 0
    assert dict(admin.system.log.end()) == ends


def test_the_number_of_calls_is_near_the_smallest(admin: SimulatedAdmin) -> None:
    planned = admin.plan()
    before = admin.api.asked
    admin.backfill.run(planned)
    looks = admin.api.asked - before - 2 * len(planned)
    assert admin.api.asked - before >= CALLS_PER_SLICE
    assert looks <= 10


def test_rows_that_shopify_silently_drops_are_noticed_and_read_again(
    admin: SimulatedAdmin,
) -> None:
    admin.api.state.faults.bulk_drops = 2
    proven = admin.take_in()
    assert {one.state for one in proven} == {"proven"}
    assert max(one.tries for one in proven) > 1
    assert admin.audit() == {}


def test_rows_that_stay_dropped_are_a_mismatch_that_says_why(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.bulk_drops = 100
    proven = admin.take_in()
    (orders,) = (one for one in proven if one.kind == "orders")
    assert orders.state == "mismatch"
    assert "Shopify counts" in orders.why
    (noted,) = (one for one in admin.slices.of(admin.store_id) if one.kind == "orders")
    assert noted == orders


def test_items_that_shopify_leaves_out_are_missed_though_it_counts_none(
    admin: SimulatedAdmin,
) -> None:
    admin.take_in()
    admin.clock.sleep(1.0)
    (shelves,) = (one for one in admin.plan() if one.kind == "inventoryItems")
    admin.api.state.faults.bulk_drops = 1
    (short,) = admin.take_in([shelves])
    assert short.state == "mismatch"
    assert "inventory items that products name are not in" in short.why
    (whole,) = admin.take_in([shelves])
    assert whole.state == "proven"


def test_an_operation_that_fails_runs_again(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.bulk_fails = 2
    assert {one.state for one in admin.take_in()} == {"proven"}


def test_a_cut_download_goes_on_where_it_was(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.cut_downloads = 4
    proven = admin.take_in()
    assert {one.state for one in proven} == {"proven"}
    assert {one.tries for one in proven} == {1}


def test_children_may_come_before_their_parents(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.shuffled = True
    assert {one.state for one in admin.take_in()} == {"proven"}
    assert admin.audit() == {}


def test_a_process_that_dies_goes_on_with_the_same_operation(admin: SimulatedAdmin) -> None:
    planned = admin.plan()
    admin.api.state.faults.down_until_us = 0
    starts = _StopAfter(admin, 4)
    with pytest.raises(_Died):
        starts.run(planned)
    left = admin.slices.of(admin.store_id)
    assert any(one.state == "running" for one in left)
    running = {one.name: one.operation_id for one in left if one.state == "running"}
    admin.restart()
    known = {one.name: one for one in left}
    taken = admin.backfill.run([known.get(one.name, one) for one in planned])
    assert {
        one.slice.name: one.slice.operation_id for one in taken if one.slice.name in running
    } == (running)
    assert {one.state for one in admin.prove(taken)} == {"proven"}


def test_an_expired_file_is_made_again(admin: SimulatedAdmin) -> None:
    planned = admin.plan()
    stops = _StopAfter(admin, len(planned) + 1)
    with pytest.raises(_Died):
        stops.run(planned)
    admin.restart()
    admin.clock.sleep(8 * US_PER_DAY / US_PER_SECOND)
    known = {one.name: one for one in admin.slices.of(admin.store_id)}
    proven = admin.prove(admin.backfill.run([known.get(one.name, one) for one in planned]))
    assert {one.state for one in proven} == {"proven"}


def test_erased_people_are_kept_out_and_are_not_missing(admin: SimulatedAdmin) -> None:
    pseudonym = admin.system.pseudonym(
        next(str(o["customer"]["id"]) for o in _orders(admin) if o["customer"])
    )
    admin.take_in()
    admin.system.keys.forget(admin.store_id, pseudonym)
    admin.system.ledger.forget(admin.store_id, pseudonym)
    admin.slices.forget(admin.store_id)
    again = admin.take_in([_fresh(one) for one in admin.plan()])
    assert {one.state for one in again} == {"proven"}
    assert not any(admin.system.ledger.orders_of(admin.store_id, [pseudonym]).values())


def test_five_operations_run_at_most(admin: SimulatedAdmin) -> None:
    from shopwright.admin.slicing import slices

    planned = slices(
        admin.store_id,
        admin.app.scopes,
        admin.shop.start_us,
        admin.clock.now_us(),
        250_000,
        admin.backfill.newest(admin.store_id, admin.app.scopes),
    )
    assert len(planned) == 13
    most = 0
    ask = admin.port.ask

    def counted(*args: object) -> object:
        nonlocal most
        running = admin.api.state.files.all(admin.clock.now_us())
        most = max(most, sum(one.status == "RUNNING" for one in running))
        return ask(*args)  # type: ignore[arg-type]

    admin.port.ask = counted  # type: ignore[method-assign,assignment]
    assert {one.state for one in admin.take_in(planned)} == {"proven"}
    assert most == 5


def test_somebody_elses_operations_are_waited_for(admin: SimulatedAdmin) -> None:
    from shopwright.admin.documents import RUN_BULK, bulk_ids

    for _ in range(5):
        admin.client.change(
            admin.store_id, RUN_BULK, {"query": bulk_ids("orders", "")}, "bulkOperationRunQuery"
        )
    assert {one.state for one in admin.take_in()} == {"proven"}


def test_a_child_without_its_parent_is_not_a_whole_file(tmp_path: Path) -> None:
    file = _file(
        tmp_path, [{"id": "gid://shopify/LineItem/1", "__parentId": "gid://shopify/Order/9"}]
    )
    assert not file.is_whole
    with pytest.raises(Unreadable, match="parent"):
        list(file.nodes())
    file.close()


def test_a_long_file_is_read_in_pieces_and_never_lies_open_on_disk(tmp_path: Path) -> None:
    lines = [
        {"id": f"gid://shopify/Order/{n}", "__typename": "Order", "x": "y" * 900}
        for n in range(1_000)
    ]
    file = _file(tmp_path, lines)
    assert file.roots == 1_000
    assert [root.id for root in file.nodes()] == [line["id"] for line in lines]
    assert list(tmp_path.iterdir()) == []
    file.close()


def test_the_spool_gives_back_what_was_put_in(tmp_path: Path) -> None:
    spool = SealedSpool(tmp_path)
    text = bytes(range(256)) * (PIECE_BYTES // 100)
    for start in range(0, len(text), 77_777):
        spool.append(text[start : start + 77_777])
    for start, length in ((0, 10), (PIECE_BYTES - 5, 10), (len(text) - 3, 9), (5, len(text))):
        assert spool.read(start, length) == text[start : start + length]
    spool.close()


class _Died(Exception):
    pass


class _StopAfter:
    """Ends our process after some requests."""

    def __init__(self, admin: SimulatedAdmin, requests: int) -> None:
        self._admin = admin
        self._left = requests

    def run(self, planned: object) -> None:
        ask = self._admin.port.ask

        def dying(*args: object) -> object:
            self._left -= 1
            if self._left < 0:
                raise _Died
            return ask(*args)  # type: ignore[arg-type]

        self._admin.port.ask = dying  # type: ignore[method-assign,assignment]
        try:
            self._admin.backfill.run(planned)  # type: ignore[arg-type]
        finally:
            self._admin.port.ask = ask  # type: ignore[method-assign]


def _file(folder: Path, lines: list[dict[str, str]]) -> BulkFile:
    text = b"\n".join(msgspec.json.encode(line) for line in lines)
    file = BulkFile(SealedSpool(folder))
    file.fetch(lambda first: iter([text[first:]]), SimulatedClock(0))
    return file


def _fresh(one: object) -> object:
    from msgspec.structs import replace

    return replace(one, state="planned", tries=0)  # type: ignore[type-var]


def _orders(admin: SimulatedAdmin) -> list[dict[str, object]]:
    return admin.holdings._orders.payloads()


def test_a_product_that_was_deleted_in_silence_leaves_no_item_missing(
    admin: SimulatedAdmin,
) -> None:
    admin.take_in()
    admin.clock.sleep(60.0)
    gone = next(iter(admin.holdings._products.payloads()))
    admin.holdings._products.remove(gone["id"])
    proven = admin.take_in([_fresh(one) for one in admin.plan()])
    assert {one.state for one in proven} == {"proven"}
