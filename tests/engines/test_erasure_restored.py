"""Nothing brings an erased person back: no old copy of the folder, no file, no replay, no rotation.

The old copy is made as an operator makes it in a hurry: with ``cp``.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from erasing_home import Installation, again, until
from test_erasure_files import records_of

from shopwright.core.types.log import Position
from shopwright.privacy.receipts import verify
from shopwright.simulator.profile import Scale

SCALE = Scale(customers=30, days=80, fulfilment_told_share=0.1)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path, SCALE, seed=3)
    try:
        yield made
    finally:
        made.stop()


def caught_up(installation: Installation) -> Installation:
    installation.start()
    until(installation.taken)
    return installation


def copied(installation: Installation, how: str) -> Path:
    """Keep a copy of everything as it is now."""
    copy = installation.folder / "copy"
    if how == "cp":
        installation.stop()
        shutil.copytree(installation.settings.home, copy)
        installation.start()
    else:
        installation.run("backup", str(copy), "--keys-to", str(installation.folder / "k"))
    return copy


def restored(installation: Installation, copy: Path, how: str) -> None:
    """Put the copy in the place of the data folder; the journal beside it stays as it is."""
    installation.stop()
    installation.close()
    shutil.rmtree(installation.settings.home)
    if how == "cp":
        shutil.copytree(copy, installation.settings.home)
    else:
        installation.run("restore", str(copy), "--keys-from", str(installation.folder / "k"))
    installation.open()


@pytest.mark.parametrize("how", ["cp", "backup"])
def test_s25_an_old_copy_of_the_data_folder_brings_nobody_back(
    installation: Installation, how: str
) -> None:
    anna, ben = caught_up(installation).canaries()[:2]
    copy = copied(installation, how)
    orders = installation.await_receipt(installation.redact(anna, 0)).removed["names on orders"]
    restored(installation, copy, how)
    # Unreadable at once, before any worker runs.
    assert records_of(installation, anna.who), "the copy holds the rows again"
    assert not installation.keys.open_keys(installation.store_id, [anna.who])
    assert installation.keys.reveal(installation.store_id, [anna.who]) == {}
    assert installation.hits(anna.needles), "and they name her pseudonym"
    assert installation.send([again(w, "again") for w in anna.webhooks]) == 0
    installation.start()
    until(lambda: len(installation.requests.receipts(None)) == 1)
    until(installation.taken)
    (receipt,) = map(verify, installation.requests.receipts(None))
    assert receipt.origin == "restored data"
    assert receipt.removed["names on orders"] == orders
    assert installation.hits(anna.needles) == []
    # Nobody else lost anything.
    assert installation.keys.open_keys(installation.store_id, [ben.who])
    assert records_of(installation, ben.who)
    assert installation.hits(ben.needles)


def test_s26_neither_a_file_nor_a_replay_nor_another_master_key_brings_anybody_back(
    installation: Installation,
) -> None:
    anna, ben = caught_up(installation).canaries()[:2]
    installation.await_receipt(installation.redact(anna, 0))
    table = installation.folder / "old-orders.csv"
    rows = ["invoice,sku,quantity,invoice_date,unit_price,customer_id,description"]
    for number in range(20):
        for who, code in ((anna.customer_id, 5), (ben.customer_id, 6)):
            day = f"2024-03-{number + 1:02d} 10:00:00"
            rows.append(f"{code}{number:05d},22423,2,{day},4.50,{who},CAKE STAND")
    table.write_text("\n".join(rows) + "\n")
    told = installation.run("import", str(table), "--store", installation.store_id)
    assert "40 orders" in told.stdout, "so many the file holds"
    until(installation.taken)
    imported = [
        record.event.subject
        for record in installation.log.read(Position({}), 1_000_000)
        if record.event.topic == "imports/order"
    ]
    assert imported == [ben.who] * 20
    assert installation.hits(anna.needles) == []
    installation.stop()
    installation.run("replay", "--adopt")
    assert installation.hits(anna.needles) == []
    installation.close()
    installation.run("master-key", "rotate")
    installation.open()
    assert not installation.keys.open_keys(installation.store_id, [anna.who])
    assert installation.keys.open_keys(installation.store_id, [ben.who])
    assert installation.send([again(w, "rotated") for w in anna.webhooks]) == 0
    caught_up(installation)
    assert installation.hits(anna.needles) == []
    signed = installation.requests.receipts(None)
    assert len(signed) == 1
    path = installation.folder / "receipt.json"
    installation.run("privacy", "receipts", "--out", str(path))
    assert "nothing was altered" in installation.run("privacy", "verify", str(path)).stdout
