"""``shopwright users``, ``keys`` and ``audit``: who may do what, made and taken away."""

import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from made_access import CHEAP
from msgspec.structs import replace

from shopwright.app import bootstrap
from shopwright.app.cli.program import run
from shopwright.app.settings import Settings
from shopwright.app.web.parts import open_access
from shopwright.app.web.sign_in import SignIn
from shopwright.core.clock import SystemClock
from shopwright.core.types.access import Scope, Session
from shopwright.privacy.api_tokens import read, secret_hash
from shopwright.privacy.passwords import fits, has_grown, keep

PASSWORD = "seven brass lanterns"
SHOP = "pots.myshopify.com"


class Cli:
    """Runs commands in a folder of their own."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        home = folder / "home"
        monkeypatch.setenv("SHOPWRIGHT_HOME", str(home))
        self.settings = Settings(home=home, master_key_file=folder / "home.key")
        assert self.ask("init")[0] == 0
        added = self.ask("stores", "add", SHOP, "--currency", "GBP", "--timezone", "Europe/London")
        assert added[0] == 0

    def ask(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        """Run a command; return its code, output and errors."""
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        code = run(arguments)
        out, errors = self._capsys.readouterr()
        return code, out, errors

    def told(self, *arguments: str, given: str = "") -> Any:
        """Run a command that must succeed; return its JSON."""
        code, out, errors = self.ask(*arguments, "--json", given=given)
        assert code == 0, errors
        return json.loads(out)

    def refused(self, *arguments: str, given: str = "") -> str:
        """Run a command that must be refused; return what it said."""
        code, out, errors = self.ask(*arguments, given=given)
        assert (code, out) == (2, ""), errors
        return errors


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shopwright.app.cli.users.keep", partial(keep, cost=CHEAP))
    return Cli(tmp_path, monkeypatch, capsys)


def test_somebody_is_added_and_can_sign_in(cli: Cli) -> None:
    added = cli.told("users", "add", "Ann", "--role", "viewer", "--store", "pots", given=PASSWORD)
    assert (added["name"], added["role"], added["stores"]) == ("ann", "viewer", [SHOP])
    assert "password" not in added
    user = bootstrap.open_users(cli.settings).get("ann")
    assert user is not None
    assert fits(PASSWORD, user.password)
    assert cli.told("users", "list")[0]["name"] == "ann"
    assert "viewer" in cli.ask("users", "list")[1]


def test_it_is_kept_under_todays_parameters(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopwright.app.cli.users.keep", keep)
    cli.told("users", "add", "ann", "--role", "admin", given=PASSWORD)
    user = bootstrap.open_users(cli.settings).get("ann")
    assert user is not None
    assert not has_grown(user.password)


def test_a_password_that_is_made_is_shown_once_and_fits(cli: Cli) -> None:
    made = cli.told("users", "add", "ann", "--role", "admin", "--generate")["password"]
    user = bootstrap.open_users(cli.settings).get("ann")
    assert user is not None
    assert fits(made, user.password)
    assert len(made) == 24
    everything = repr((cli.told("users", "list"), cli.told("audit")))
    assert made not in everything
    assert made.encode() not in (cli.settings.home / "control.db").read_bytes()


@pytest.mark.parametrize("name", ["", "-ann", "an n", "ann;", "a" * 65, "änn", ".."])
def test_a_name_that_is_none_is_refused(cli: Cli, name: str) -> None:
    assert cli.ask("users", "add", "--role", "admin", "--", name, given=PASSWORD)[0] == 2
    assert cli.told("users", "list") == []


def test_what_is_wrong_is_said_and_changes_nothing(cli: Cli) -> None:
    assert "12 to 256" in cli.refused("users", "add", "ann", "--role", "admin", given="short")
    assert "guessed" in cli.refused("users", "add", "ann", "--role", "admin", given="password1234")
    assert "not known here" in cli.refused(
        "users", "add", "ann", "--role", "admin", "--store", "other", given=PASSWORD
    )
    assert cli.told("users", "list") == []
    cli.told("users", "add", "ann", "--role", "admin", given=PASSWORD)
    assert "there already" in cli.refused("users", "add", "ANN", "--role", "viewer", given=PASSWORD)
    for command in ("remove", "password", "unlock"):
        assert "is not there" in cli.refused("users", command, "bob", given=PASSWORD)
    assert "guessed" in cli.refused("users", "password", "ann", given="ann123456789")
    assert [one["role"] for one in cli.told("users", "list")] == ["admin"]


def _session(cli: Cli, name: str) -> None:
    user = bootstrap.open_users(cli.settings).get(name)
    assert user is not None
    session = Session(
        token_hash=b"t" * 32,
        user=name,
        csrf="c",
        password_us=user.password_us,
        made_us=1,
        seen_us=1,
    )
    bootstrap.open_sessions(cli.settings).open(session, made_after_us=0, seen_after_us=0)


def test_a_new_password_or_a_removal_ends_every_session(cli: Cli) -> None:
    cli.told("users", "add", "ann", "--role", "admin", given=PASSWORD)
    before = bootstrap.open_users(cli.settings).get("ann")
    _session(cli, "ann")
    assert cli.ask("users", "password", "ann", given="nine copper kettles")[0] == 0
    after = bootstrap.open_users(cli.settings).get("ann")
    assert before is not None
    assert after is not None
    assert fits("nine copper kettles", after.password)
    assert after.password_us > before.password_us
    assert bootstrap.open_sessions(cli.settings).find(b"t" * 32) is None
    _session(cli, "ann")
    assert cli.told("users", "remove", "ann")["sessions_ended"] == 1
    assert bootstrap.open_sessions(cli.settings).find(b"t" * 32) is None


def test_unlocking_lets_somebody_try_again_at_once(cli: Cli) -> None:
    cli.told("users", "add", "ann", "--role", "admin", given=PASSWORD)
    access = replace(open_access(cli.settings), cost=CHEAP)
    sign_in = SignIn(access, SystemClock(), idle_hours=1, days_max=1)
    from shopwright.app.web.sign_in import attempts_key
    from shopwright.privacy.patience import FREE_NAME

    key = attempts_key(access.key, "name", "ann")
    now_us = SystemClock().now_us()
    for _ in range(FREE_NAME + 1):
        assert access.attempts.begin({key: FREE_NAME}, now_us) == 0
    assert sign_in.attempt("ann", PASSWORD, "203.0.113.1")._asdict().get("wait_us")
    assert cli.told("users", "unlock", "ann")["had_failures"]
    assert "token" in sign_in.attempt("Ann", PASSWORD, "203.0.113.1")._asdict()


def test_a_key_is_made_shown_once_listed_and_revoked(cli: Cli) -> None:
    made = cli.told(
        "keys", "create", "--store", "pots", "--scope", "predict", "--scope", "features",
        "--expires", "30", "--note", "the newsletter",
    )  # fmt: skip
    shown = read(made["key"])
    assert shown is not None
    kept = bootstrap.open_api_keys(cli.settings).get(shown.key_id)
    assert kept is not None
    assert kept.secret_hash == secret_hash(shown.secret)
    assert kept.scopes == {Scope.PREDICT, Scope.FEATURES}
    assert kept.store_id == SHOP
    assert kept.expires_us is not None
    assert kept.expires_us - kept.made_us == 30 * 86_400_000_000
    for text in (*cli.ask("keys", "list"), *cli.ask("audit"), *cli.ask("keys", "list", "--json")):
        assert shown.secret not in str(text)
    assert shown.secret.encode() not in (cli.settings.home / "control.db").read_bytes()
    (listed,) = cli.told("keys", "list")
    assert (listed["note"], listed["state"][:10]) == ("the newsletter", "good until")
    assert cli.told("keys", "revoke", shown.key_id) == {"revoked": shown.key_id}
    assert cli.told("keys", "list")[0]["state"].startswith("revoked")
    assert "was revoked before" in cli.refused("keys", "revoke", made["key"])


def test_a_key_says_for_what_it_is(cli: Cli) -> None:
    assert "--all-stores" in cli.refused("keys", "create", "--scope", "predict")
    both = ("keys", "create", "--scope", "predict", "--all-stores", "--store", "pots")
    assert "--all-stores" in cli.refused(*both)
    wide = ("keys", "create", "--store", "pots", "--scope", "metrics")
    assert "all stores at once" in cli.refused(*wide)
    assert cli.ask("keys", "create", "--store", "pots")[0] == 2
    assert cli.ask("keys", "create", "--store", "pots", "--scope", "everything")[0] == 2
    assert "not known here" in cli.refused("keys", "create", "--store", "x", "--scope", "predict")
    stranger = "swk_abcdefghjkmn_secretsecret"
    assert stranger not in cli.refused("keys", "revoke", stranger)
    assert cli.told("keys", "list") == []


def test_the_trail_says_who_did_what_the_newest_first(cli: Cli) -> None:
    cli.told("users", "add", "ann", "--role", "admin", given=PASSWORD)
    made = cli.told("keys", "create", "--all-stores", "--scope", "metrics")
    cli.told("keys", "revoke", made["id"])
    cli.told("users", "unlock", "ann")
    cli.told("users", "remove", "ann")
    lines = cli.told("audit")
    assert [line["did"] for line in lines] == [
        "user removed", "user unlocked", "key revoked", "key created", "user added"
    ]  # fmt: skip
    assert all(line["who"].startswith("operator ") for line in lines)
    assert len(cli.told("audit", "--limit", "2")) == 2
    assert "user added" in cli.ask("audit")[1]
