"""Dead letters: why, whose, once more; nothing in the list says anything of anybody."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from counts import cases
from lived_home import LivedHome, poisoned

from shopwright.adapters.ledger_content import SqliteLedgerContent
from shopwright.app import bootstrap
from shopwright.app.cli.program import run
from shopwright.app.dead_letter import laid_out
from shopwright.app.errands import redrive
from shopwright.app.rebuilding import ledger_path
from shopwright.app.replaying import Replaying
from shopwright.core.clock import US_PER_DAY
from shopwright.core.errors import Unreadable
from shopwright.core.money import minor_per_major
from shopwright.core.types.ledger import DeadLetter
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines import unseal
from shopwright.pipelines.digest import features_digest, history_digest, ledger_digest
from shopwright.pipelines.redrive import Redriven

BUG = "a bug of this version"


@contextmanager
def buggy(share: float, seed: int) -> Iterator[None]:
    """Let a share of the bodies be unreadable, the same ones whenever they are read."""
    real = unseal.read

    def read(topic: str, body: bytes, *rest: Any, **more: Any) -> Any:
        if random.Random(f"{seed} {body!r}").random() < share:
            raise Unreadable(BUG)
        return real(topic, body, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unseal, "read", read)
        yield


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> LivedHome:
    """Return a data folder whose log nobody has read."""
    home = LivedHome(tmp_path_factory.mktemp("unread") / "home")
    home.receive(home.arrivals[::2], "web-0")
    home.receive(home.arrivals[1::2], "web-1")
    return home


@pytest.fixture(scope="module")
def told(lived: LivedHome, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """Return the digests of a ledger, and its copies, that could read everything at once."""
    home = lived.copied_to(tmp_path_factory.mktemp("told"))
    home.work()
    assert not letters(home)
    return digests(home)


@pytest.fixture
def home(lived: LivedHome, tmp_path: Path) -> LivedHome:
    return lived.copied_to(tmp_path)


def letters(home: LivedHome) -> list[DeadLetter]:
    with closing(bootstrap.open_dead_letters(home.settings)) as found:
        return list(found.find())


def digests(home: LivedHome) -> tuple[str, str, str]:
    units = {home.store.store_id: minor_per_major(home.store.currency)}
    as_of_us = max(arrival.received_us for arrival in home.arrivals) + US_PER_DAY
    with closing(SqliteLedgerContent(ledger_path(home.settings))) as content:
        return (
            ledger_digest(content),
            features_digest(content, CUSTOMER, as_of_us, units),
            history_digest(bootstrap.open_offline(home.settings), [home.store.store_id]),
        )


def again(home: LivedHome, some: list[DeadLetter]) -> Redriven:
    return redrive(home.settings, some, lambda _: None)


@pytest.mark.parametrize("seed", range(cases(2, 20)), ids=lambda seed: f"seed-{seed}")
def test_r08_dead_letters_redriven_in_any_order_end_where_reading_at_once_ends(
    home: LivedHome, told: tuple[str, str, str], seed: int
) -> None:
    chance = random.Random(seed)
    with buggy(0.4, seed):
        home.work()
    dead = letters(home)
    assert len(dead) > 40
    assert digests(home) != told
    with buggy(0.2, seed):
        first = again(home, dead)
    assert first.read > 10
    assert first.dead == len(letters(home)) > 10
    assert {one.attempts for one in letters(home)} == {2}
    waiting = letters(home)
    chance.shuffle(waiting)
    while waiting:
        count = chance.randrange(10, 40)
        batch, waiting = waiting[:count], waiting[count:]
        assert again(home, batch).read == len(batch)
        # Some of them again: they are no longer letters, and nothing may change.
        assert again(home, batch) == Redriven(read=0, dead=0, erased=0)
    assert letters(home) == []
    assert digests(home) == told
    assert Replaying(home.settings, lambda _: None).run(adopting=False).is_equal


def test_batches_are_bounded_and_progress_is_told(
    home: LivedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopwright.app.errands.BATCH_MAX", 7)
    with buggy(0.3, 1):
        home.work()
    dead = letters(home)
    tried: list[int] = []
    before = bootstrap.open_feed(home.settings).revision()
    assert redrive(home.settings, dead, tried.append).read == len(dead)
    assert tried == [*range(7, len(dead), 7), len(dead)]
    assert bootstrap.open_feed(home.settings).revision() - before == len(tried)


def test_a_letter_whose_event_or_key_was_erased_is_taken_off(home: LivedHome) -> None:
    with buggy(1.0, 1):
        home.work()
    dead = letters(home)
    subjects = sorted({one.subject for one in dead if one.subject is not None})
    assert len(subjects) > 5, "a letter says whose it is"
    without_key, without_event = subjects[:2]
    with closing(bootstrap.open_keys(home.settings)) as keys:
        keys.forget(home.store.store_id, without_key)
        keys.forget(home.store.store_id, without_event)
    with closing(bootstrap.open_log(home.settings)) as log:
        log.forget(home.store.store_id, without_event)
    gone = [one for one in dead if one.subject in (without_key, without_event)]
    assert again(home, gone) == Redriven(read=0, dead=0, erased=len(gone))
    assert len(letters(home)) == len(dead) - len(gone)


def asked(home: LivedHome, *arguments: str) -> list[str]:
    config = home.settings.home.with_name("shopwright.toml")
    config.write_text('home = "home"\n')
    return ["--config", str(config), "dead-letters", *arguments]


Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(home: LivedHome, capsys: pytest.CaptureFixture[str]) -> Say:
    """Return what runs `shopwright dead-letters …` and gives exit code and output."""

    def run_it(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(asked(home, *arguments))
        said = capsys.readouterr()
        return code, said.out or said.err

    return run_it


def test_the_list_can_be_narrowed_shown_and_redriven(home: LivedHome, say: Say) -> None:
    home.receive([poisoned(home.arrivals[0], number) for number in range(3)], "web-2")
    with buggy(0.3, 2):
        home.work()
    everything = json.loads(say("--json")[1])
    assert everything == json.loads(say("list", "--json")[1])
    assert {one["attempts"] for one in everything} == {1}
    products = json.loads(say("list", "--topic", "products/create", "--json")[1])
    assert 0 < len(products) < len(everything)
    assert json.loads(say("list", "--store", "other", "--json")[1]) == []
    assert len(json.loads(say("list", "--limit", "2", "--json")[1])) == 2
    for wrong in ([], ["--all", "web-0:1"], ["web-0:1"], ["nowhere"]):
        assert say("redrive", *wrong)[0] == 2, wrong
    where = f"{products[0]['partition']}:{products[0]['offset']}"
    assert say("redrive", where)[1] == (
        "1 could be read, 0 still cannot be read, 0 were erased meanwhile\n"
    )
    assert say("redrive", where)[0] == 2, "it is no dead letter any more"
    assert say("redrive", "--topic", "products/create")[0] == 0
    code, said = say("redrive", "--all", "--json")
    assert (code, json.loads(said)["dead"]) == (1, 3), "three bodies are really broken"
    left = json.loads(say("--json")[1])
    assert [one["attempts"] for one in left] == [2, 2, 2]
    assert "tries" in say()[1]


def test_show_reveals_a_body_only_on_request_and_on_record(home: LivedHome, say: Say) -> None:
    name = "Zoë \x1b[31mRed\x07 \u202eevil"
    body = json.dumps({"id": None, "customer": {"id": 5, "first_name": name}}).encode()
    home.receive([poisoned(home.arrivals[0], 1, body)], "web-2")
    home.work()
    (letter,) = letters(home)
    where = f"{letter.partition}:{letter.offset}"
    plain = json.loads(say("show", where, "--json")[1])
    assert "body" not in plain
    assert plain["sealed_under"] == "customer"
    assert plain["sealed_bytes"] > len(body)
    audit = bootstrap.open_audit(home.settings)
    assert not list(audit.of(10))
    code, said = say("show", where, "--reveal")
    assert code == 0
    assert r"Zo\u00eb \u001b[31mRed\u0007 \u202eevil" in said
    assert not set(said) - {"\n"} - {chr(code) for code in range(32, 127)}
    (entry,) = audit.of(10)
    assert (entry.did, entry.store_id) == ("dead letter revealed", home.store.store_id)
    assert entry.who.startswith("operator ")
    assert where in entry.about
    assert say("show", "web-0:1")[0] == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\x1b]0;title\x07", b"\xff\xfe", b"[" * 5_000, b'{"a": 1e999}', b"a\r\nb\x9b31m"],
)
def test_no_body_can_command_a_terminal(body: bytes) -> None:
    assert not set(laid_out(body)) - {"\n"} - {chr(code) for code in range(32, 127)}


def test_a_long_body_is_cut() -> None:
    shown = laid_out(b"x" * 500_000)
    assert len(shown) < 101_000
    assert shown.endswith("400,000 characters more")


CANARY = "Xanthippe Quillfeather"


def planted(value: object, chance: random.Random) -> object:
    """Return a payload in which canaries took the place of some values and names."""
    if chance.random() < 0.06:
        return chance.choice([CANARY, [CANARY], {CANARY: CANARY}, f"{CANARY}@example.com"])
    if isinstance(value, dict):
        more = {CANARY: CANARY} if chance.random() < 0.2 else {}
        return {name: planted(part, chance) for name, part in value.items()} | more
    if isinstance(value, list):
        return [planted(part, chance) for part in value]
    return value


def test_s13_no_reason_repeats_what_a_body_says(home: LivedHome) -> None:
    """A reason names the place, never the value: it is listed, and outlives the person."""
    chance = random.Random(13)
    mutated = []
    for number, arrival in enumerate(home.arrivals * 6):
        body = json.dumps(planted(json.loads(arrival.webhook.body), chance)).encode()
        if chance.random() < 0.05:
            cut = chance.randrange(len(body))
            body = body[:cut] + CANARY.encode() + body[cut:]
        webhook = msgspec.structs.replace(
            arrival.webhook, body=body, webhook_id=f"c{number}", event_id=f"c{number}"
        )
        mutated.append(msgspec.structs.replace(arrival, webhook=webhook))
    home.receive(sorted(mutated, key=lambda one: one.received_us), "web-3")
    home.work()
    dead = letters(home)
    assert len(dead) > 200
    said = " ".join(f"{one.reason} {one.topic}" for one in dead)
    for part in CANARY.split():
        assert part.lower() not in said.lower()
