"""What is sold, counted in a real data folder: by any road, after erasures and upgrades."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from counts import cases
from lived_home import LivedHome
from msgspec.structs import replace

from shopwright.app import bootstrap
from shopwright.app.owner import Owner, own
from shopwright.app.tallying import Tallying
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.revision import next_generation
from shopwright.features.definitions import CUSTOMER
from shopwright.features.items import ITEM_VIEWS, PRODUCT, STORE
from shopwright.features.tiles import entity_of, unpack_tiles
from shopwright.pipelines.parity import ParityCheck

Content = dict[tuple[str, bytes], tuple[object, ...]]
every_seed = pytest.mark.parametrize("seed", range(cases(3, 40)), ids=lambda seed: f"seed-{seed}")


def lived(folder: Path, seed: int, order: list[int] | None = None, batch: int = 7) -> LivedHome:
    """Return a home whose webhooks came in an order of their own, in small batches."""
    home = LivedHome(folder / "home", seed)
    home.receive(home.arrivals if order is None else [home.arrivals[i] for i in order])
    with own(home.settings) as owner:
        while owner.materializer.step(batch).records:
            pass
        owner.archiver.step()
    return home


def content(owner: Owner, home: LivedHome) -> Content:
    """Return what is counted of everything, by view and thing, as the online store holds it."""
    return {
        (view.name, record.entity): (tiles.days, tiles.buyers, tiles.zone)
        for view in ITEM_VIEWS
        for record in owner.online.page(home.store.store_id, view.name, None, 10_000)
        for tiles in [unpack_tiles(view, record.state)]
    }


def differing(owner: Owner, home: LivedHome) -> list[str]:
    """Return each feature whose online value is not that of the history."""
    check = ParityCheck(
        feed=owner.feed, online=owner.online, offline=bootstrap.open_offline(home.settings)
    )
    newest_us = max(arrival.received_us for arrival in home.arrivals) + US_PER_SECOND
    different = []
    for view in ITEM_VIEWS:
        found = check.look_at_items(home.stored(), view, None, 10_000, newest_us)
        assert found is not None
        assert found.entities > 0
        different += [f"{view.name}.{name}" for name in found.different]
    return different


@every_seed
def test_by_whatever_road_the_same_is_counted_and_history_says_so(
    seed: int, tmp_path: Path
) -> None:
    chance = np.random.default_rng([seed, 77])
    straight = lived(tmp_path / "a", seed, batch=50)
    mixed = chance.permutation(len(straight.arrivals)).tolist()
    shuffled = lived(tmp_path / "b", seed, mixed)
    with own(straight.settings) as one, own(shuffled.settings) as other:
        counted = content(one, straight)
        assert len(counted) > len(ITEM_VIEWS)
        assert counted == content(other, shuffled)
        assert differing(one, straight) == []
        assert differing(other, shuffled) == []


def test_an_erased_person_is_a_buyer_of_nothing_and_the_sales_stay(tmp_path: Path) -> None:
    home = lived(tmp_path, 1)
    with own(home.settings) as owner:
        before = content(owner, home)
        who = _best_customer(owner, home)
        for _ in range(2):  # a crash in between has it done again
            owner.materializer.disown(home.store.store_id, who)
        owner.ledger.forget(home.store.store_id, who)
        owner.online.forget(home.store.store_id, who)
        owner.materializer.repair_online()
        owner.archiver.step()
        after = content(owner, home)
        assert {at: one[0] for at, one in after.items()} == {at: o[0] for at, o in before.items()}
        everything = (STORE.name, entity_of(""))
        assert _people(after, everything) == _people(before, everything) - 1
        assert differing(owner, home) == []


def _best_customer(owner: Owner, home: LivedHome) -> Pseudonym:
    page = owner.online.page(home.store.store_id, CUSTOMER.name, None, 1_000)
    who = [record.entity for record in page]
    orders = owner.ledger.orders_of(home.store.store_id, who)
    return max(who, key=lambda one: sum(v.valid for v in orders[one]))


def _people(found: Content, at: tuple[str, bytes]) -> int:
    buyers = found[at][1]
    assert isinstance(buyers, dict)
    return sum(buyers.values())


def test_after_an_upgrade_the_worker_counts_what_was_known_before(tmp_path: Path) -> None:
    home = lived(tmp_path, 2)
    with own(home.settings) as owner:
        counted = content(owner, home)
    with closing(sqlite3.connect(home.settings.home / "ledger" / "00.sqlite")) as older, older:
        older.execute("DELETE FROM records WHERE view IN ('product', 'variant', 'store')")
    with own(home.settings) as owner:
        owner.online.put([_gone(record) for record in _records(owner, home)], through=0)
        assert content(owner, home) == {}
        tallying = Tallying(owner)
        while tallying.step():
            pass
        assert content(owner, home) == counted


def test_a_ledger_that_was_replaced_under_a_running_worker_is_counted(tmp_path: Path) -> None:
    home = lived(tmp_path, 2)
    with own(home.settings) as owner:
        counted = content(owner, home)
        tallying = Tallying(owner)
        assert [tallying.step(), tallying.step()] == [True, False]
        newer = next_generation(owner.feed.revision())
        with closing(sqlite3.connect(home.settings.home / "ledger" / "00.sqlite")) as other, other:
            other.execute("DELETE FROM records WHERE view IN ('product', 'variant', 'store')")
            other.execute("UPDATE meta SET value = ? WHERE name = 'revision'", (newer,))
        owner.materializer.repair_online()
        assert content(owner, home) == {}
        assert [tallying.step(), tallying.step()] == [True, False]
        assert content(owner, home) == counted


def _records(owner: Owner, home: LivedHome) -> Iterator[PackedRecord]:
    for view in ITEM_VIEWS:
        yield from owner.online.page(home.store.store_id, view.name, None, 10_000)


def _gone(record: PackedRecord) -> PackedRecord:
    return replace(record, revision=record.revision + 1, state=b"")


def test_a_store_that_changes_its_time_zone_is_counted_in_its_new_days(tmp_path: Path) -> None:
    home = lived(tmp_path, 0)
    stores = bootstrap.open_stores(home.settings)
    stores.put(replace(stores.get(home.store.store_id), timezone="Pacific/Kiritimati"))
    with own(home.settings) as owner:
        before = content(owner, home)
        tallying = Tallying(owner)
        while tallying.step():
            pass
        owner.archiver.step()
        after = content(owner, home)
        assert before.keys() == after.keys()
        assert all(one[2] == "Pacific/Kiritimati" for one in after.values())
        assert (
            after[PRODUCT.name, _some_product(after)][0]
            != before[PRODUCT.name, _some_product(after)][0]
        )
        assert differing(owner, home) == []


def _some_product(found: Content) -> bytes:
    return max(
        (entity for view, entity in found if view == PRODUCT.name),
        key=lambda entity: len(str(found[PRODUCT.name, entity][0])),
    )
