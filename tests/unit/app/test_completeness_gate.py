"""Training waits while what Shopify counts is not here, and says which slice and why."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from shopwright.app.bootstrap import open_connections, open_slices
from shopwright.app.cli.program import run
from shopwright.app.completeness_gate import check_whole
from shopwright.app.settings import Settings, load
from shopwright.core.errors import Refused
from shopwright.core.types.connection import Connection, Slice
from shopwright.core.types.identity import StoreId

STORE = StoreId("a.myshopify.com")
SLICE = Slice(store_id=STORE, name="orders/1", kind="orders", search="", state="proven")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SHOPWRIGHT_"):
            monkeypatch.delenv(name)
    assert run(["init"]) == 0
    return load()


def connect(settings: Settings) -> None:
    connection = Connection(store_id=STORE, mode="token", connected_us=1, api_version="2026-10")
    open_connections(settings).put(connection)


def test_a_store_fed_by_webhooks_and_files_alone_may_train(settings: Settings) -> None:
    open_slices(settings).put(replace(SLICE, state="mismatch"))
    check_whole(settings, STORE)


def test_a_history_that_is_proven_may_be_learned_from(settings: Settings) -> None:
    connect(settings)
    open_slices(settings).put(SLICE)
    check_whole(settings, STORE)


@pytest.mark.parametrize("state", ["planned", "running", "told"])
def test_one_that_is_being_read_may_not(settings: Settings, state: str) -> None:
    connect(settings)
    open_slices(settings).put(replace(SLICE, state=state))
    with pytest.raises(Refused, match="orders/1 is not taken in yet"):
        check_whole(settings, STORE)


def test_one_that_does_not_match_may_not_and_says_why(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    connect(settings)
    open_slices(settings).put(SLICE)
    wrong = replace(SLICE, name="orders/2", state="mismatch", why="Shopify counts 9 orders")
    open_slices(settings).put(wrong)
    with pytest.raises(Refused, match=r"orders/2 .* Shopify counts 9 orders; shopwright backfill"):
        check_whole(settings, STORE)
    added = ["stores", "add", STORE, "--currency", "GBP", "--timezone", "Europe/London"]
    assert run(added) == 0
    assert run(["train", "--store", STORE]) == 1
    assert "training waits: orders/2" in capsys.readouterr().err
