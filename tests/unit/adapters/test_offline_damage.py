"""Damage to the folder of the offline store is found, and the message says how to mend it."""

import json
from pathlib import Path

import pytest
from offline_cases import ANNA, NOVEMBER, OCTOBER, ONE, count, small_orders

from shopwright.adapters.offline_duckdb import DuckDbOfflineStore
from shopwright.core.errors import Damaged, TooNew


@pytest.mark.parametrize("harm", ["cut", "changed", "empty", "other"])
def test_a_damaged_manifest_is_told_with_the_remedy(tmp_path: Path, harm: str) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: small_orders(1)}, {}, through=7)
    path = tmp_path / "manifest-1.json"
    body = path.read_bytes()
    harmed = {
        "cut": body[:-3],
        "changed": body.replace(b'"through":7', b'"through":8'),
        "empty": b"",
        "other": b'{"format":1,"sha256":5}',
    }
    assert harmed[harm] != body
    path.write_bytes(harmed[harm])
    for use in (store.through, lambda: count(store, "orders"), lambda: store.forget(ONE, ANNA)):
        with pytest.raises(Damaged, match="delete the folder"):
            use()
    with pytest.raises(Damaged, match="from the ledger"):
        store.write({}, {}, through=8)


def test_a_manifest_of_a_newer_format_is_not_followed(tmp_path: Path) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({}, {}, through=7)
    path = tmp_path / "manifest-1.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(TooNew, match="format 2 and this Shopwright reads 1"):
        store.through()


@pytest.mark.parametrize("harm", ["missing", "cut", "one bit", "empty"])
@pytest.mark.parametrize("seen_before", [False, True])
def test_a_damaged_file_is_told_with_the_remedy(
    tmp_path: Path, harm: str, seen_before: bool
) -> None:
    store = DuckDbOfflineStore(tmp_path)
    store.write({OCTOBER: small_orders(*range(50)), NOVEMBER: small_orders(9)}, {}, through=1)
    if seen_before and harm != "one bit":
        assert count(store, "orders") == 51
    (path,) = (tmp_path / "orders" / ONE).glob("2025-10-*")
    body = bytearray(path.read_bytes())
    path.unlink()
    if harm != "missing":
        body[len(body) // 2] ^= 1
        path.write_bytes({"cut": body[:-9], "one bit": body, "empty": b""}[harm])
    with pytest.raises(Damaged, match=r"missing or damaged.*delete the folder"):
        count(store, "orders")
    with pytest.raises(Damaged, match=r"missing or damaged.*delete the folder"):
        store.forget(ONE, ANNA)
