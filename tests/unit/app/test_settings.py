"""Settings: where a value comes from, and what is said of one that cannot be."""

import base64
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.app.settings import Settings, child_environment, every_setting, load
from shopwright.app.settings_page import commented_file
from shopwright.core.errors import BadInput

HOME = Path("/data/shop")


def written(folder: Path, text: str) -> Path:
    path = folder / "shopwright.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_file_and_variables_every_setting_has_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None, {}) == Settings()


def test_the_defaults_are_themselves_allowed() -> None:
    for setting in every_setting():
        if setting.default is not None:
            raw = str(setting.default) if isinstance(setting.default, Path) else setting.default
            assert setting.read(raw, setting.name, text=False) == setting.default


def test_command_line_over_variable_over_file_over_default(tmp_path: Path) -> None:
    file = written(tmp_path, "port = 1001\nweb_workers = 2\ntrain_nice = 3\n")
    environ = {"SHOPWRIGHT_PORT": "1002", "SHOPWRIGHT_WEB_WORKERS": "4", "PATH": "/bin"}
    found = load(file, environ, {"port": 1003, "host": None})
    assert (found.port, found.web_workers, found.train_nice) == (1003, 4, 3)
    assert found.host == "127.0.0.1"


def test_the_file_in_the_working_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "port = 1001\n")
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).port == 1001


def test_a_path_in_the_file_begins_at_the_file_and_the_key_lies_beside_the_folder(
    tmp_path: Path,
) -> None:
    found = load(written(tmp_path, 'home = "data/shop"\n'), {})
    assert found.home == tmp_path / "data" / "shop"
    assert found.master_key_file == tmp_path / "data" / "shop.key"
    assert load(None, {"SHOPWRIGHT_HOME": "here"}).master_key_file == Path("here.key")


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    file = written(tmp_path, "port = 1001\n")
    assert load(file, {"SHOPWRIGHT_PORT": "", "SHOPWRIGHT_HOME": "x"}).port == 1001


WRONG_FILES = [
    ("port = 'x'", "port: 'x' is not a whole number from 1 to 65,535"),
    ("port = 0", "port: 0 is not a whole number from 1 to 65,535"),
    ("port = 65536", "port: 65536 is not a whole number from 1 to 65,535"),
    ("port = true", "port: True is not a whole number from 1 to 65,535"),
    ("port = 80.0", "port: 80.0 is not a whole number from 1 to 65,535"),
    ("port = []", "port: [] is not a whole number from 1 to 65,535"),
    ("web_workers = 65", "web_workers: 65 is not a whole number from 1 to 64"),
    ("home = 7", "home: 7 is not a path"),
    ("home = ''", "home: '' is not a path"),
    ("log_level = 'loud'", "log_level: 'loud' is not one of debug, info, warning, error"),
    ("host = 'shop.example.com'", "host: 'shop.example.com' is not an IP address or localhost"),
    ("host = '127.0.0.1.evil.com'", "is not an IP address or localhost"),
    ("trusted_proxies = 'caddy'", "is not IP addresses and networks with commas between"),
    ("tls_key_file = 'key.pem'", "is not an absolute path, or nothing"),
    ("require_login = 'never'", "is not one of outside, always"),
    ("public_url = 'http://shop'", "is not an address that begins with https://"),
    ("prot = 1", "prot is not a setting; did you mean port?"),
    ("zzz = 1", "zzz is not a setting; allowed are home, master_key_file"),
    ("[port]\nx = 1", "port: {'x': 1} is not a whole number"),
    ("port = 1\nport = 2", "is not TOML"),
    ("port", "is not TOML"),
    ("master_key = 'abc'", "set SHOPWRIGHT_MASTER_KEY or use master_key_file"),
    ('home = "a\\u0000b"', "is not a path"),
    ("home = '~nobody-of-that-name/x'", "is not a path"),
]


@pytest.mark.parametrize(("text", "message"), WRONG_FILES)
def test_a_wrong_file_is_named_with_its_key_and_what_is_allowed(
    tmp_path: Path, text: str, message: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(BadInput) as caught:
        load(file, {})
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)


WRONG_VARIABLES = [
    ("PORT", "x", "'x' is not a whole number from 1 to 65,535"),
    ("PORT", "1.0", "'1.0' is not a whole number"),
    ("PORT", "1e3", "'1e3' is not a whole number"),
    ("PORT", "٣", "'٣' is not a whole number"),
    ("PORT", "tcp://10.0.0.1:80", "is not a whole number"),
    ("PORT", "9" * 400, "is not a whole number"),
    ("LOG_LEVEL", "INFO", "'INFO' is not one of debug, info, warning, error"),
    ("PROT", "1", "prot is not a setting; did you mean port?"),
    ("HOME", " ", "' ' is not a path"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG_VARIABLES)
def test_a_wrong_variable_is_named_with_what_is_allowed(
    name: str, value: str, message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        load(None, {f"SHOPWRIGHT_{name}": value})
    assert f"environment: SHOPWRIGHT_{name}" in str(caught.value)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_wrong_option_of_the_command_line_is_named() -> None:
    with pytest.raises(BadInput, match="command line: web_workers: 0 is not a whole number"):
        load(None, {}, {"web_workers": 0})


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "own.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadInput, match=r"own\.toml: (is not UTF-8|cannot be read: No such file)"):
        load(file, {})


def test_the_master_key_is_never_shown() -> None:
    key = base64.b64encode(bytes(range(32))).decode()
    found = load(None, {"SHOPWRIGHT_MASTER_KEY": key})
    assert found.master_key == key
    assert key not in repr(found)


def test_the_file_that_init_writes_changes_nothing_and_uncommented_says_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = commented_file(every_setting())
    written(tmp_path, text)
    assert load(None, {}) == Settings()
    names = [setting.name for setting in every_setting() if not setting.secret]
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    live = [line for line in lines if line.split(" = ")[0] in names]
    assert len(live) == len(names)
    written(tmp_path, "\n".join(live))
    assert load(None, {}) == Settings()


@given(
    port=st.integers(1, 65_535),
    workers=st.integers(1, 64),
    level=st.sampled_from(["debug", "info", "warning", "error"]),
    every=st.integers(0, 1_000),
)
def test_a_child_loads_exactly_the_settings_of_its_parent(
    port: int, workers: int, level: str, every: int
) -> None:
    given_settings = {
        "home": str(HOME),
        "port": port,
        "web_workers": workers,
        "log_level": level,
        "train_every_hours": every,
    }
    parent = load(Path(os.devnull), {}, given_settings)
    environ = child_environment(parent, {"EXTRA": "1"})
    assert load(Path(os.devnull), environ) == parent
    assert environ["EXTRA"] == "1"
    assert environ["PATH"] == os.environ["PATH"]


def test_a_variable_of_the_parent_does_not_reach_a_child_that_has_another_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOPWRIGHT_PUBLIC_URL", "https://old.example")
    parent = load(Path(os.devnull), {"SHOPWRIGHT_HOME": str(HOME)})
    assert load(Path(os.devnull), child_environment(parent)).public_url == ""


def test_every_setting_is_explained() -> None:
    for setting in every_setting():
        assert setting.meaning.endswith(".")
        assert setting.allowed
    assert [s.name for s in every_setting()] == [f.name for f in msgspec.structs.fields(Settings)]
