"""What every KeyStore promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.adapters.memory_control import MemoryKeys
from shopwright.core.errors import Erased
from shopwright.core.types.identity import Pseudonym, StoreId

STORE, OTHER_STORE = StoreId("a.myshopify.com"), StoreId("b.myshopify.com")
ANNA, BEN, ORDER = (Pseudonym(bytes([n]) * 16) for n in (1, 2, 3))
SUBJECTS = {ANNA: ("customer", "207119551"), BEN: ("customer", "é"), ORDER: ("order", "450789469")}


class KeyStoreContract:
    @pytest.fixture
    def keys(self) -> SqliteKeys | MemoryKeys:
        raise NotImplementedError

    def test_a_store_has_one_key_and_no_two_stores_the_same(
        self, keys: SqliteKeys | MemoryKeys
    ) -> None:
        key = keys.store_key(STORE)
        assert len(key) == 32
        assert keys.store_key(STORE) == key
        assert keys.store_key(OTHER_STORE) != key

    def test_missing_keys_are_made_and_stay(self, keys: SqliteKeys | MemoryKeys) -> None:
        made = keys.seal_keys(STORE, SUBJECTS)
        assert set(made) == set(SUBJECTS)
        assert len(set(made.values())) == 3
        assert {len(key) for key in made.values()} == {32}
        assert keys.seal_keys(STORE, SUBJECTS) == made
        assert keys.open_keys(STORE, [BEN, ANNA]) == {ANNA: made[ANNA], BEN: made[BEN]}

    def test_new_and_known_subjects_may_come_together(self, keys: SqliteKeys | MemoryKeys) -> None:
        first = keys.seal_keys(STORE, {ANNA: SUBJECTS[ANNA]})
        both = keys.seal_keys(STORE, SUBJECTS)
        assert both[ANNA] == first[ANNA]
        assert set(both) == set(SUBJECTS)

    def test_nothing_asked_is_nothing_answered(self, keys: SqliteKeys | MemoryKeys) -> None:
        assert keys.seal_keys(STORE, {}) == {}
        assert keys.open_keys(STORE, []) == {}
        assert keys.reveal(STORE, []) == {}

    def test_asking_for_a_key_makes_none(self, keys: SqliteKeys | MemoryKeys) -> None:
        assert keys.open_keys(STORE, [ANNA]) == {}
        assert keys.reveal(STORE, [ANNA]) == {}

    def test_one_person_in_two_stores_has_two_keys(self, keys: SqliteKeys | MemoryKeys) -> None:
        ours = keys.seal_keys(STORE, SUBJECTS)
        theirs = keys.seal_keys(OTHER_STORE, SUBJECTS)
        assert not set(ours.values()) & set(theirs.values())

    def test_original_ids_are_revealed_while_the_key_exists(
        self, keys: SqliteKeys | MemoryKeys
    ) -> None:
        keys.seal_keys(STORE, SUBJECTS)
        assert keys.reveal(STORE, [ORDER, BEN]) == {ORDER: "450789469", BEN: "é"}
        assert keys.reveal(OTHER_STORE, [ORDER]) == {}

    def test_an_erased_subject_has_no_key_and_never_gets_one_again(
        self, keys: SqliteKeys | MemoryKeys
    ) -> None:
        made = keys.seal_keys(STORE, SUBJECTS)
        assert keys.forget(STORE, ANNA) is True
        assert keys.open_keys(STORE, [ANNA, BEN]) == {BEN: made[BEN]}
        assert keys.reveal(STORE, [ANNA]) == {}
        assert keys.seal_keys(STORE, SUBJECTS) == {BEN: made[BEN], ORDER: made[ORDER]}
        assert keys.forget(STORE, ANNA) is False

    def test_a_subject_may_be_erased_before_anything_came(
        self, keys: SqliteKeys | MemoryKeys
    ) -> None:
        assert keys.forget(STORE, ANNA) is False
        assert keys.seal_keys(STORE, {ANNA: SUBJECTS[ANNA]}) == {}

    def test_an_erasure_in_one_store_leaves_the_other(self, keys: SqliteKeys | MemoryKeys) -> None:
        theirs = keys.seal_keys(OTHER_STORE, SUBJECTS)
        keys.forget(STORE, ANNA)
        assert keys.open_keys(OTHER_STORE, list(SUBJECTS)) == theirs

    def test_a_destroyed_store_keeps_nobodys_key(self, keys: SqliteKeys | MemoryKeys) -> None:
        keys.store_key(STORE)
        theirs = keys.seal_keys(OTHER_STORE, SUBJECTS)
        keys.seal_keys(STORE, SUBJECTS)
        assert keys.forget(STORE, None) is True
        with pytest.raises(Erased, match=r"a\.myshopify\.com"):
            keys.store_key(STORE)
        assert keys.open_keys(STORE, list(SUBJECTS)) == {}
        assert keys.reveal(STORE, list(SUBJECTS)) == {}
        assert keys.seal_keys(STORE, SUBJECTS) == {}
        assert keys.forget(STORE, ANNA) is False
        assert keys.forget(STORE, None) is False
        assert keys.seal_keys(OTHER_STORE, SUBJECTS) == theirs

    def test_who_was_erased_is_known(self, keys: SqliteKeys | MemoryKeys) -> None:
        assert keys.erased(STORE, [ANNA]) == set()
        keys.seal_keys(STORE, SUBJECTS)
        keys.forget(STORE, ANNA)
        assert keys.erased(STORE, [ANNA, BEN]) == {ANNA}
        assert keys.erased(OTHER_STORE, [ANNA, BEN]) == set()
        keys.forget(STORE, None)
        assert keys.erased(STORE, [ANNA, BEN]) == {ANNA, BEN}

    def test_a_store_that_comes_back_begins_anew_and_only_on_purpose(
        self, keys: SqliteKeys | MemoryKeys
    ) -> None:
        assert keys.renew_store(STORE) is False
        old = keys.store_key(STORE)
        made = keys.seal_keys(STORE, SUBJECTS)
        assert keys.renew_store(STORE) is False
        assert (keys.store_key(STORE), keys.open_keys(STORE, [ANNA])) == (old, {ANNA: made[ANNA]})
        keys.forget(STORE, BEN)
        keys.forget(STORE, None)
        assert keys.renew_store(STORE) is True
        assert keys.store_key(STORE) != old
        assert keys.open_keys(STORE, list(SUBJECTS)) == {}
        fresh = keys.seal_keys(STORE, SUBJECTS)
        assert set(fresh) == set(SUBJECTS)
        assert not set(fresh.values()) & set(made.values())
        assert keys.erased(STORE, SUBJECTS) == set()
        assert keys.forget(STORE, ANNA) is True
        assert keys.seal_keys(STORE, {ANNA: SUBJECTS[ANNA]}) == {}


class TestMemoryKeys(KeyStoreContract):
    @pytest.fixture
    def keys(self) -> MemoryKeys:
        return MemoryKeys()


class TestSqliteKeys(KeyStoreContract):
    @pytest.fixture
    def keys(self, tmp_path: Path) -> Iterator[SqliteKeys]:
        keys = SqliteKeys(tmp_path / "keys.db", bytes(32))
        yield keys
        keys.close()
