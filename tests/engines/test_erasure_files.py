"""Erasure over the real files, beside a running worker: every byte of the data folder is searched.

What is searched for: the pseudonym, Shopify's id, e-mail address, phone, name, street and a note,
each in some twenty spellings.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from byte_search import of_number, of_text, search, spellings
from counts import cases
from erasing_home import Installation, again, until

from shopwright.app import bootstrap
from shopwright.app.lock import holder
from shopwright.app.redaction import outcome_of
from shopwright.core.errors import Erased
from shopwright.core.types.identity import StoreId
from shopwright.core.types.log import Position
from shopwright.core.types.privacy import PrivacyRequest
from shopwright.pipelines.unseal import Unsealer
from shopwright.privacy import receipts
from shopwright.simulator.profile import Scale

RUNS = cases(2, 200)
SCALE = Scale(customers=max(40, RUNS + 20), days=100, fulfilment_told_share=0.1)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("erasure"), SCALE)
    made.start()
    try:
        until(made.taken)
        yield made
    finally:
        made.stop()


def test_s20_s21_s22_no_byte_of_an_erased_person_is_left_in_any_file(
    installation: Installation,
) -> None:
    everybody = installation.canaries()
    chosen = np.random.default_rng(11).permutation(len(everybody) - 1)[:RUNS]
    erased: dict[str, bytes] = {}
    for number, canary in enumerate(everybody[int(n)] for n in chosen):
        where = f"run {number}, customer {canary.customer_id}"
        installation.predict(canary)
        until(installation.taken)
        # Before: the person is there, by pseudonym only, so the search can find something.
        found = installation.hits(canary.needles)
        assert {name for _, name in found} >= {"pseudonym raw"}, where
        assert len({path for path, _ in found}) >= 3, where
        assert not [name for _, name in found if not name.startswith("pseudonym")], where
        sealed = records_of(installation, canary.who)
        request_id = installation.redact(canary, number)
        # While it runs, webhooks about the person go on coming, sealed with keys in memory.
        installation.send([again(w, f"late-{number}") for w in canary.webhooks])
        receipt = installation.await_receipt(request_id)
        assert receipt.removed["log events"] >= len(sealed) > 0, where
        assert installation.hits(canary.needles) == [], where
        assert not installation.keys.open_keys(installation.store_id, [canary.who])
        for record in sealed:  # whoever kept a copy of the log can read none of it
            with pytest.raises(Erased):
                Unsealer(installation.keys, bootstrap.open_stores(installation.settings)).open(
                    record
                )
        # S26: every event of theirs once more, under new ids: dropped.
        assert installation.send([again(w, f"after-{number}") for w in canary.webhooks]) == 0
        erased |= {f"{number} {name}": needle for name, needle in canary.needles.items()}
    assert installation.hits(erased) == [], "nothing came back later"
    letters = bootstrap.open_dead_letters(installation.settings).find()
    assert not letters


def records_of(installation: Installation, who: object) -> list[object]:
    records = installation.log.read(Position({}), 1_000_000)
    return [record for record in records if record.event.subject == who]


def test_the_search_finds_whatever_is_planted(installation: Installation) -> None:
    """Every spelling, in every kind of file that a data folder has."""
    canary = installation.canaries()[-1]
    folder = installation.folder / "planted"
    folder.mkdir()
    planted = {
        (str(folder / f"file-{number}"), name): needle
        for number, (name, needle) in enumerate(sorted(canary.needles.items()))
    }
    for (path, _), needle in planted.items():
        Path(path).write_bytes(b"\0before " + needle + b" after")
    assert set(planted) <= set(search([folder], canary.needles))
    assert len(planted) > 100
    table = pa.table({"who": [bytes(canary.who)] * 1_000, "e": [canary.email] * 1_000})
    pq.write_table(table, folder / "history.parquet", compression="zstd")
    found = {name for _, name in search([folder / "history.parquet"], canary.needles)}
    assert found >= {"pseudonym raw", "e-mail raw"}
    assert search([folder], of_text("name", "Nobody-4711") | spellings("x", b"never there")) == []
    (folder / canary.email).touch()
    assert search([folder / canary.email], of_text("e-mail", canary.email)) == []
    assert search([folder], of_text("e-mail", canary.email))[-1][0].endswith(canary.email)
    assert search([installation.settings.home], of_number("number", 91_827_364_500_112)) == []


def test_the_command_line_erases_beside_a_worker_and_proves_it(installation: Installation) -> None:
    canary = installation.canaries()[-2]
    done = installation.run(
        *("redact", canary.customer_id, "--store", installation.store_id),
        *("--yes", "--json", "--out", "receipt.json"),
    )
    told = json.loads(done.stdout)
    assert told["state"] == "done"
    assert len(told["receipt"]["tombstones"]) > 1
    assert told["receipt"]["removed"]["log events"] >= len(canary.webhooks)
    until(installation.taken)
    assert installation.hits(canary.needles) == []
    # The receipt is true; with one bit flipped it is not.
    path = installation.folder / "receipt.json"
    said = installation.run("privacy", "verify", str(path)).stdout
    assert "nothing was altered" in said
    genuine = path.read_bytes()
    file = json.loads(genuine)
    body = bytearray(file["receipt"].encode())
    body[body.index(b"asked_us") + 12] ^= 1
    path.write_text(json.dumps(file | {"receipt": body.decode()}))
    refused = installation.run("privacy", "verify", str(path), code=1)
    assert "the signature does not fit" in refused.stderr
    # Somebody else's key signs just as well, but it is not this installation's.
    forged = receipts.sign(receipts.verify(receipts.from_file(genuine)), bytes(range(32)))
    path.write_bytes(receipts.to_file(forged))
    other = installation.run("privacy", "verify", str(path), code=1)
    assert "not this installation's" in other.stderr
    asked = ["privacy", "receipts", "--store", installation.store_id]
    (found,) = json.loads(
        installation.run(*asked, "--customer", canary.customer_id, "--json").stdout
    )
    assert found["request_id"] == told["request_id"]
    named = PrivacyRequest(
        request_id=told["request_id"],
        store_id=StoreId(installation.store_id),
        kind="erase_customer",
        origin="",
        asked_us=0,
    )
    assert outcome_of(installation.settings, named).receipt


def test_an_erasure_is_not_done_by_a_slip_of_the_hand(installation: Installation) -> None:
    store = ("--store", installation.store_id)
    assert "say --yes" in installation.run("redact", "1", *store, code=2).stderr
    assert "say who is meant" in installation.run("redact", *store, "--yes", code=2).stderr
    both = installation.run("redact", "1", *store, "--whole-store", "--yes", code=2)
    assert "name no person with it" in both.stderr
    wrong = installation.run("redact", "--email", "nobody", *store, "--yes", code=2)
    assert "neither an e-mail address nor a phone number" in wrong.stderr
    assert holder(installation.settings.home / "ledger" / "00.lock") is not None
