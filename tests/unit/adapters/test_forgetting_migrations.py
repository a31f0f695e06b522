"""Files from before: their tombstones count, their dead letters are kept."""

import hmac
from pathlib import Path

from shopwright.adapters import keys_schema, ledger_schema
from shopwright.adapters.erasure_journal import NOWHERE, ErasureJournal
from shopwright.adapters.keys_sqlite import SqliteKeys
from shopwright.adapters.ledger_feed_sqlite import SqliteLedgerFeed
from shopwright.adapters.ledger_sqlite import SqliteLedger
from shopwright.adapters.sqlite_file import KEYS, LEDGER, open_database
from shopwright.adapters.wrapping import Wrapping
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import DeadLetter
from shopwright.privacy.pseudonyms import derive

MASTER = bytes(range(32))
STORE, GONE = StoreId("a.myshopify.com"), StoreId("gone.myshopify.com")
ANNA, BEN = Pseudonym(b"anna" * 4), Pseudonym(b"ben!" * 4)
SUBJECTS = {ANNA: ("customer", "1"), BEN: ("customer", "2")}


def test_tombstones_of_format_1_count_and_go_into_the_journal(tmp_path: Path) -> None:
    path, store_key = tmp_path / "home" / "keys.db", bytes([7]) * 32
    old = open_database(path, KEYS, keys_schema.MIGRATIONS[:1], secure_delete=True)
    wrapping = Wrapping(path, MASTER)
    wrapping.prove(old)
    tombstone = hmac.digest(derive(store_key, "tombstone"), ANNA, "sha256")
    with old.transaction() as connection:
        connection.execute(
            "INSERT INTO store_keys VALUES (?, ?)",
            (STORE, wrapping.wrap(store_key, STORE, "store")),
        )
        connection.execute("INSERT INTO store_keys VALUES (?, NULL)", (GONE,))
        connection.execute("INSERT INTO tombstones VALUES (?)", (tombstone,))
    old.close()
    journal = ErasureJournal(tmp_path / "journal", tmp_path / "home")
    keys = SqliteKeys(path, MASTER, journal=journal)
    assert set(keys.seal_keys(STORE, SUBJECTS)) == {BEN}
    assert keys.erased(STORE, [ANNA, BEN]) == {ANNA}
    assert keys.seal_keys(GONE, SUBJECTS) == {}
    assert keys.renew_store(GONE) is True
    assert [one.tombstone for one in journal.read(NOWHERE)[0]] == [tombstone.hex()]
    keys.forget(STORE, BEN)
    keys.close()
    # the journal alone, beside a file that knows neither of them
    path.unlink()
    fresh = SqliteKeys(path, MASTER, journal=journal)
    assert len(fresh._file.rows("SELECT * FROM tombstones")) == 2
    assert fresh.revived() == ()
    fresh.close()


def test_dead_letters_of_format_1_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "00.sqlite"
    old = open_database(path, LEDGER, ledger_schema.MIGRATIONS[:1], secure_delete=True)
    with old.transaction() as connection:
        connection.execute(
            "INSERT INTO dead_letters VALUES ('web-0', 7, ?, 'orders/create', 'no id', 5, 1)",
            (STORE,),
        )
    old.close()
    ledger, feed = SqliteLedger(path), SqliteLedgerFeed(path)
    assert feed.dead_letters(9) == (
        DeadLetter(
            partition="web-0",
            offset=7,
            store_id=STORE,
            topic="orders/create",
            reason="no id",
            failed_us=5,
            subject=None,
            attempts=1,
        ),
    )
    feed.close()
    ledger.close()
