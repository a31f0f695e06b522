"""A store that was erased comes back only when that is asked for, and begins anew."""

import os
from pathlib import Path

import pytest

from shopwright.app.bootstrap import open_keys, open_stores
from shopwright.app.cli.program import run
from shopwright.app.settings import load
from shopwright.core.errors import Erased
from shopwright.core.types.identity import StoreId

POTS = StoreId("pots.myshopify.com")
ADD = ["stores", "add", "pots", "--currency", "GBP", "--timezone", "Europe/London"]


@pytest.fixture(autouse=True)
def _erased_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SHOPWRIGHT_"):
            monkeypatch.delenv(name)
    assert run(["init"]) == 0
    assert run(ADD) == 0
    keys, stores = open_keys(load()), open_stores(load())
    keys.store_key(POTS)
    keys.forget(POTS, None)
    stores.forget(POTS)
    keys.close()
    stores.close()


def test_it_is_not_added_by_accident(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(ADD) == 1
    assert f"shopwright stores add {POTS} --again" in capsys.readouterr().err
    assert open_stores(load()).all() == ()
    with pytest.raises(Erased):
        open_keys(load()).store_key(POTS)


def test_it_is_not_added_by_an_import_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "orders.csv"
    table.write_text(
        "invoice,sku,quantity,invoice_date,unit_price,customer_id,description\n"
        "1,A,1,2024-01-01 10:00:00,1.00,7,Pot\n"
    )
    options = ["--store", "pots", "--currency", "GBP", "--timezone", "Europe/London"]
    code = run(["import", str(table), *options])
    assert "--again" in capsys.readouterr().err
    assert code == 1
    assert open_stores(load()).all() == ()


def test_asked_for_it_begins_anew(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*ADD, "--again"]) == 0
    assert [store.store_id for store in open_stores(load()).all()] == [POTS]
    fresh = open_keys(load()).store_key(POTS)
    assert run([*ADD, "--again"]) == 0  # asking twice gives no other key
    assert open_keys(load()).store_key(POTS) == fresh
    assert run(ADD) == 0


def test_it_does_not_come_back_by_deleting_the_data_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in sorted((tmp_path / ".shopwright").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert run(ADD) == 1
    assert "--again" in capsys.readouterr().err
    assert run([*ADD, "--again"]) == 0
