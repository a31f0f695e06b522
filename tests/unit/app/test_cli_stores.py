"""init, stores and their secrets, dead-letters: on real files, in a folder of their own."""

import base64
import io
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from shopwright.app.bootstrap import open_secrets, open_stores
from shopwright.app.cli.program import run
from shopwright.app.master_key import read_master_key
from shopwright.app.settings import load
from shopwright.core.errors import BadInput, NotReady
from shopwright.core.types.identity import StoreId

POTS = StoreId("pots.myshopify.com")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SHOPWRIGHT_"):
            monkeypatch.delenv(name)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Run a command that must succeed; return its JSON."""
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def add_pots(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init"]) == 0
    assert run(["stores", "add", "Pots", "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    capsys.readouterr()


def type_in(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_init_writes_settings_and_a_private_key_once(capsys: pytest.CaptureFixture[str]) -> None:
    first = told(capsys, "init")
    assert first == [
        {"file": "shopwright.toml", "written": True},
        {"file": ".shopwright.key", "written": True},
    ]
    key = Path(".shopwright.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(base64.b64decode(key.read_text())) == 32
    Path("shopwright.toml").write_text("port = 9000\n")
    before = key.read_bytes()
    again = told(capsys, "init")
    assert [entry["written"] for entry in again] == [False, False]
    assert (key.read_bytes(), load().port) == (before, 9000)
    assert not Path(".shopwright").exists()


def test_init_follows_config_home_and_a_key_from_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(capsys, "--config", "etc/own.toml", "--home", "data", "init") == [
        {"file": "etc/own.toml", "written": True},
        {"file": "data.key", "written": True},
    ]
    monkeypatch.setenv("SHOPWRIGHT_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    assert told(capsys, "--home", "other", "init") == [{"file": "shopwright.toml", "written": True}]
    assert read_master_key(load()) == bytes(32)


BAD_KEYS = [
    ("not base64!", "the master key is not base64"),
    (base64.b64encode(b"short").decode(), "the master key has 5 bytes instead of 32"),
    ("", "the master key has 0 bytes instead of 32"),
    ("ключ", "the master key is not base64"),
]


@pytest.mark.parametrize(("text", "message"), BAD_KEYS)
def test_a_master_key_that_cannot_be_is_refused(text: str, message: str) -> None:
    Path(".shopwright.key").write_text(text, encoding="utf-8")
    Path(".shopwright.key").chmod(0o600)
    with pytest.raises(BadInput, match=message) as caught:
        read_master_key(load())
    assert not text or text not in str(caught.value)


def test_a_missing_master_key_says_what_to_do() -> None:
    with pytest.raises(NotReady, match=r"\.shopwright\.key: there is no master key yet; run `sh"):
        read_master_key(load())


def test_a_store_is_added_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stores", "list"]) == 0
    assert "no stores yet" in capsys.readouterr().out
    add_pots(capsys)
    (listed,) = told(capsys, "stores", "list")
    assert listed["store_id"] == POTS
    assert listed["currency"] == "GBP"
    assert told(capsys, "stores", "show", "pots") == listed | {"secrets": []}
    assert run(["stores", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("pots.myshopify.com  GBP  ")


def test_a_time_zone_may_change_and_a_currency_may_not(capsys: pytest.CaptureFixture[str]) -> None:
    add_pots(capsys)
    moved = told(capsys, "stores", "add", "pots", "--currency", "GBP", "--timezone", "Asia/Tokyo")
    assert moved["timezone"] == "Asia/Tokyo"
    assert run(["stores", "add", "pots", "--currency", "EUR", "--timezone", "Asia/Tokyo"]) == 2
    assert "money is never converted" in capsys.readouterr().err
    assert open_stores(load()).get(POTS).currency == "GBP"


WRONG_STORES = [
    (["--currency", "pounds", "--timezone", "UTC"], "'pounds' is not a currency code"),
    (["--currency", "GBP", "--timezone", "Mars/Base"], "'Mars/Base' is not a time zone"),
    (["--currency", "GBP", "--timezone", "../../etc/passwd"], "is not a time zone"),
    (["--currency", "GBP", "--timezone", ""], "'' is not a time zone"),
]


@pytest.mark.parametrize(("options", "message"), WRONG_STORES)
def test_a_wrong_store_is_refused(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["stores", "add", "pots", *options]) == 2
    assert message in capsys.readouterr().err
    assert told(capsys, "stores", "list") == []


def test_a_secret_comes_from_standard_input_or_a_file_and_is_never_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pots(capsys)
    type_in(monkeypatch, b"shpss_first\n")
    first = told(capsys, "stores", "secrets", "add", "pots")["fingerprint"]
    Path("secret").write_text("  shpss_second \r\n")
    second = told(capsys, "stores", "secrets", "add", "pots", "--file", "secret")["fingerprint"]
    assert told(capsys, "stores", "show", "pots")["secrets"] == [second, first]
    assert list(open_secrets(load()).of(POTS)) == [b"shpss_second", b"shpss_first"]
    assert told(capsys, "stores", "secrets", "remove", "pots", first)["removed"] == first
    assert list(open_secrets(load()).of(POTS)) == [b"shpss_second"]
    for path in Path(".shopwright").rglob("*"):
        assert not path.is_file() or b"shpss_" not in path.read_bytes()


def test_at_a_terminal_the_secret_is_asked_for_and_not_echoed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pots(capsys)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _prompt: "shpss_typed")
    assert run(["stores", "secrets", "add", "pots"]) == 0
    assert "shpss_typed" not in "".join(capsys.readouterr())
    assert list(open_secrets(load()).of(POTS)) == [b"shpss_typed"]


@pytest.mark.parametrize("raw", [b"", b"  \n", b"two words", b"x" * 600, b"a\nb"])
def test_what_is_no_secret_is_refused(
    raw: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pots(capsys)
    type_in(monkeypatch, raw)
    assert run(["stores", "secrets", "add", "pots"]) == 2
    assert "that is not a webhook secret" in capsys.readouterr().err
    assert list(open_secrets(load()).of(POTS)) == []


@pytest.mark.parametrize(
    ("beginning", "message"),
    [("deadbeef", "no secret has the fingerprint deadbeef"), ("xyz", "is not a fingerprint")],
)
def test_a_secret_that_is_not_there_cannot_be_removed(
    beginning: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_pots(capsys)
    assert run(["stores", "secrets", "remove", "pots", beginning]) == 2
    assert message in capsys.readouterr().err


def test_secrets_of_an_unknown_store_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pots(capsys)
    type_in(monkeypatch, b"shpss_first\n")
    assert run(["stores", "secrets", "add", "pans"]) == 2
    assert "pans.myshopify.com: this store is not known here" in capsys.readouterr().err


def test_without_dead_letters_the_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dead-letters"]) == 0
    assert "none: every event could be read" in capsys.readouterr().out
    assert told(capsys, "dead-letters") == []
