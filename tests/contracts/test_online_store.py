"""OnlineStore: newest revision wins, one transaction with ``through``, nothing leaks sideways."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis_server import RedisServer

from shopwright.adapters.memory_online import MemoryOnlineStore
from shopwright.adapters.online_lmdb import LmdbOnlineStore
from shopwright.adapters.online_redis import RedisOnlineStore
from shopwright.core.ports import OnlineStore
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId

ONE, TWO = StoreId("a.myshopify.com"), StoreId("a.myshopify.com.au")
"""The first is how the second begins: keys must not run together."""
PEOPLE = [Pseudonym(bytes([i]) * 15 + bytes([last])) for i in (0, 1, 254, 255) for last in (0, 255)]


def _record(
    entity: Pseudonym,
    revision: int,
    *,
    store_id: StoreId = ONE,
    view: str = "customer",
    state: bytes | None = None,
) -> PackedRecord:
    return PackedRecord(
        store_id=store_id,
        view=view,
        entity=entity,
        revision=revision,
        received_us=1_760_000_000_000_000 + revision,
        state=state if state is not None else b"\1state %d" % revision,
    )


class OnlineStoreContract:
    """What every online store does."""

    @pytest.fixture
    def store(self) -> OnlineStore:
        raise NotImplementedError

    def test_an_empty_store_knows_nothing(self, store: OnlineStore) -> None:
        assert store.through() == 0
        assert store.read(ONE, "customer", PEOPLE) == {}
        assert store.page(ONE, "customer", None, 10) == []
        store.forget(ONE, PEOPLE[0])

    def test_what_was_put_is_read_back_whole(self, store: OnlineStore) -> None:
        records = [_record(person, 5, state=bytes([1, 0, i])) for i, person in enumerate(PEOPLE)]
        store.put(records, through=5)
        assert store.read(ONE, "customer", PEOPLE) == {one.entity: one for one in records}
        assert store.through() == 5

    def test_only_what_is_asked_for_and_exists_comes_back(self, store: OnlineStore) -> None:
        store.put([_record(PEOPLE[0], 1), _record(PEOPLE[1], 1)], through=1)
        assert list(store.read(ONE, "customer", [PEOPLE[1], PEOPLE[2]])) == [PEOPLE[1]]
        assert store.read(ONE, "customer", []) == {}

    def test_an_older_revision_never_replaces_a_newer_one(self, store: OnlineStore) -> None:
        newer, older = _record(PEOPLE[0], 9), _record(PEOPLE[0], 8)
        store.put([newer], through=9)
        store.put([older], through=9)
        assert store.read(ONE, "customer", PEOPLE[:1]) == {PEOPLE[0]: newer}

    def test_a_newer_revision_replaces_and_a_repeat_changes_nothing(
        self, store: OnlineStore
    ) -> None:
        older, newer = _record(PEOPLE[0], 8), _record(PEOPLE[0], 9)
        for batch in ([older], [newer], [newer], [older, newer, older]):
            store.put(batch, through=batch[0].revision)
        assert store.read(ONE, "customer", PEOPLE[:1]) == {PEOPLE[0]: newer}

    def test_a_record_without_a_state_takes_away_an_older_one_of_its_view(
        self, store: OnlineStore
    ) -> None:
        views = ("customer", "customer_own")
        store.put([_record(PEOPLE[0], 5, view=view) for view in views], through=5)
        store.put([_record(PEOPLE[0], 4, view=views[1], state=b"")], through=5)
        assert set(store.read(ONE, views[1], PEOPLE)) == {PEOPLE[0]}
        store.put([_record(one, 6, view=views[1], state=b"") for one in PEOPLE], through=6)
        assert store.read(ONE, views[1], PEOPLE) == {}
        assert store.page(ONE, views[1], None, 10) == []
        assert set(store.read(ONE, views[0], PEOPLE)) == {PEOPLE[0]}

    def test_through_only_ever_grows(self, store: OnlineStore) -> None:
        for through in (3, 7, 5, 0):
            store.put([], through)
        assert store.through() == 7

    def test_stores_and_views_are_apart(self, store: OnlineStore) -> None:
        apart = [
            _record(PEOPLE[0], 1, store_id=store_id, view=view)
            for store_id in (ONE, TWO)
            for view in ("customer", "customer_category", "c")
        ]
        store.put(apart, through=1)
        for one in apart:
            assert store.read(one.store_id, one.view, PEOPLE) == {PEOPLE[0]: one}
            assert store.page(one.store_id, one.view, None, 10) == [one]

    def test_pages_walk_through_a_store_in_the_order_of_pseudonyms(
        self, store: OnlineStore
    ) -> None:
        store.put([_record(person, 1) for person in PEOPLE[::-1]], through=1)
        store.put([_record(PEOPLE[3], 1, store_id=TWO)], through=1)
        walked: list[Pseudonym] = []
        after: Pseudonym | None = None
        while page := store.page(ONE, "customer", after, 3):
            assert len(page) <= 3
            walked += [one.entity for one in page]
            after = walked[-1]
        assert walked == sorted(PEOPLE)

    def test_a_page_may_begin_after_somebody_who_is_not_there(self, store: OnlineStore) -> None:
        store.put([_record(PEOPLE[0], 1), _record(PEOPLE[2], 1)], through=1)
        page = store.page(ONE, "customer", PEOPLE[1], 10)
        assert [one.entity for one in page] == [PEOPLE[2]]

    def test_a_forgotten_entity_is_in_no_view_and_others_stay(self, store: OnlineStore) -> None:
        views = ("a", "customer", "z")
        store.put([_record(p, 1, view=v) for p in PEOPLE for v in views], through=1)
        store.put([_record(PEOPLE[0], 1, store_id=TWO)], through=1)
        store.forget(ONE, PEOPLE[0])
        store.forget(ONE, PEOPLE[0])
        for view in views:
            assert set(store.read(ONE, view, PEOPLE)) == set(PEOPLE[1:])
        assert set(store.read(TWO, "customer", PEOPLE)) == {PEOPLE[0]}
        assert store.through() == 1

    def test_a_forgotten_store_is_in_no_view_and_others_stay(self, store: OnlineStore) -> None:
        views = ("a", "customer", "z")
        store.put([_record(p, 1, view=v) for p in PEOPLE for v in views], through=1)
        theirs = _record(PEOPLE[0], 1, store_id=TWO)
        store.put([theirs], through=1)
        store.forget(ONE, None)
        store.forget(ONE, None)
        assert [list(store.page(ONE, view, None, 99)) for view in views] == [[], [], []]
        assert list(store.page(TWO, "customer", None, 99)) == [theirs]
        assert store.through() == 1

    def test_a_large_state_is_kept(self, store: OnlineStore) -> None:
        large = _record(PEOPLE[0], 1, state=bytes(3 << 20))
        store.put([large], through=1)
        assert store.read(ONE, "customer", PEOPLE)[PEOPLE[0]] == large


class TestMemoryOnlineStore(OnlineStoreContract):
    @pytest.fixture
    def store(self) -> OnlineStore:
        return MemoryOnlineStore()


class TestLmdbOnlineStore(OnlineStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[OnlineStore]:
        opened = LmdbOnlineStore(tmp_path / "online.lmdb")
        yield opened
        opened.close()


puts = st.lists(
    st.lists(st.tuples(st.sampled_from(PEOPLE[:3]), st.integers(1, 5)), max_size=4), max_size=5
)


@settings(max_examples=50, deadline=None)
@given(puts)
def test_any_order_of_puts_leaves_the_newest(
    tmp_path_factory: pytest.TempPathFactory, batches: Sequence[Sequence[tuple[Pseudonym, int]]]
) -> None:
    lmdb = LmdbOnlineStore(tmp_path_factory.mktemp("online"))
    stores: list[OnlineStore] = [MemoryOnlineStore(), lmdb]
    newest: dict[Pseudonym, int] = {}
    for batch in batches:
        for store in stores:
            store.put([_record(*one) for one in batch], through=1)
        for person, revision in batch:
            newest[person] = max(revision, newest.get(person, 0))
    for store in stores:
        found = store.read(ONE, "customer", PEOPLE)
        assert {person: one.revision for person, one in found.items()} == newest
    lmdb.close()


class TestRedisOnlineStore(OnlineStoreContract):
    @pytest.fixture
    def store(self, redis_server: RedisServer) -> Iterator[OnlineStore]:
        with redis_server.client() as client:
            client.flushall()
        opened = RedisOnlineStore(redis_server.url, "trial")
        yield opened
        opened.close()
