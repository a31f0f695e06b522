"""S8, S13: secrets and personal data stand in no file, line, answer or metric of a real system."""

import base64
import json
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest
from byte_search import Needles, of_number, of_text, search
from made_web import SHOP, delivery_headers, order_body
from made_web_light import SECRET, new_home
from poisons import mutations
from real_gateway import free_port

from shopwright.app.settings import Settings, child_environment
from shopwright.core.errors import ShopwrightError
from shopwright.privacy.master import unwrap

NOW_US = 1_790_000_000_000_000
TOPICS = ("orders/create", "orders/updated", "customers/create", "checkouts/create", "carts/create")
PEOPLE = 40
PASSWORD = "seven green kettles on a hill"
WEBHOOK_SECRET = "shpss_0c0ffee0c0ffee0c0ffee0c0ffee0c0f"


def person(number: int) -> dict[str, str]:
    """Return what a shop is told of one person."""
    return {
        "first_name": f"Quirina{number}",
        "last_name": f"Kanarienvogel-{number:04d}",
        "email": f"quirina.{number}@vogelhaus.example",
        "phone": f"+49 160 5550{number:04d}",
        "address1": f"{number} Nachtigallengasse",
        "card": f"4111 1111 1111 {number:04d}",
    }


def needles(number: int) -> Needles:
    """Return everything by which somebody would know the person, in many spellings."""
    found = of_number("id", 7_770_000_000_000 + number)
    for name, text in person(number).items():
        if name != "first_name":
            found |= of_text(name, text)
    return {f"{number} {name}": said for name, said in found.items()}


def body_of(topic: str, number: int) -> bytes:
    """Return a payload of a topic that tells all about the person."""
    who = person(number)
    told = {"id": 7_770_000_000_000 + number, **who, "default_address": who}
    if topic.startswith("customers/"):
        return json.dumps(told | {"created_at": "2026-09-01T10:00:00Z"}).encode()
    order = json.loads(order_body(9_000 + number, told["id"], NOW_US))
    order |= {"customer": told, "email": who["email"], "phone": who["phone"], "note": who["card"]}
    order |= {"billing_address": who, "token": f"t{number}", "customer_locale": who["last_name"]}
    return json.dumps(order).encode()


def post(settings: Settings, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", settings.port, timeout=10)
    try:
        connection.request("POST", "/webhooks", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def get(settings: Settings, path: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", settings.port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def shopwright(settings: Settings, *arguments: str, typed: str = "") -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "shopwright", *arguments],
        env=child_environment(settings),
        cwd=settings.home.parent,
        input=typed.encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


def wait_until_up(settings: Settings) -> None:
    for _ in range(300):
        try:
            if b"{" in get(settings, "/readyz") or get(settings, "/healthz"):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the system was never ready")


def test_s08_s13_neither_secrets_nor_people_stand_anywhere_in_the_clear(tmp_path: Path) -> None:
    settings = new_home(tmp_path / "home", port=free_port(), log_level="debug")
    outside = [shopwright(settings, "stores", "secrets", "add", SHOP, typed=f"{WEBHOOK_SECRET}\n")]
    outside.append(shopwright(settings, "users", "add", "ann", "--role", "admin", typed=PASSWORD))
    made = shopwright(settings, "keys", "create", "--store", SHOP, "--scope", "predict")
    api_key = made.split(b"\n")[0].strip()
    assert api_key.startswith(b"swk_")
    with (tmp_path / "up.log").open("wb") as lines:
        system = subprocess.Popen(
            [sys.executable, "-m", "shopwright", "up", "--workers", "1"],
            env=child_environment(settings),
            cwd=tmp_path,
            stdout=lines,
            stderr=lines,
        )
    try:
        wait_until_up(settings)
        outside += deliver(settings)
        shopwright(settings, "dead-letters", "list")
        outside += [get(settings, "/metrics"), get(settings, "/v1/stores"), get(settings, "/nope")]
        wrong = {"Authorization": f"Bearer {api_key.decode()[:-1]}x"}
        outside.append(post(settings, b"{}", wrong)[1])
        outside.append(shopwright(settings, "dead-letters", "list", "--json"))
        outside.append(shopwright(settings, "doctor", "--json"))
        outside.append(shopwright(settings, "audit", "--json"))
        backup = tmp_path / "backup"
        outside.append(shopwright(settings, "backup", str(backup)))
        assert (backup / "manifest.json").exists()
    finally:
        system.terminate()
        system.wait(30)
    (tmp_path / "outside").write_bytes(b"\n".join(outside))
    places = [settings.home, tmp_path / "up.log", tmp_path / "outside", backup]
    wanted: Needles = {}
    for number in range(PEOPLE):
        wanted |= needles(number)
    assert search(places, wanted) == []
    assert search(places, secrets(settings, api_key)) == []
    planted = tmp_path / "planted"
    planted.write_bytes(person(3)["email"].encode() + WEBHOOK_SECRET.encode())
    assert search([planted], wanted)
    assert search([planted], secrets(settings, api_key))


def deliver(settings: Settings) -> list[bytes]:
    """Send everything about everybody: genuine, spoiled, badly signed; return the answers."""
    answers, stored = [], 0
    rng = np.random.default_rng(13)
    for number in range(PEOPLE):
        topic = TOPICS[number % len(TOPICS)]
        body = body_of(topic, number)
        spoiled = [one for _, one in mutations(body, rng, 2)]
        for turn, sent in enumerate((body, *spoiled)):
            headers = delivery_headers(sent, f"s13-{number}-{turn}", topic=topic)
            status, said = post(settings, sent, headers)
            stored += status == 200
            answers.append(said)
        forged = delivery_headers(body, f"forged-{number}", topic=topic, secret=b"not this one")
        status, said = post(settings, body, forged)
        assert status == 401
        answers.append(said)
    assert stored >= PEOPLE
    return answers


def secrets(settings: Settings, api_key: bytes) -> Needles:
    """Return what must never be seen once it was given, in many spellings."""
    master = settings.master_key_file.read_bytes().strip()
    raw = base64.b64decode(master)
    found = of_text("webhook secret", WEBHOOK_SECRET) | of_text("password", PASSWORD)
    found |= of_text("api key", api_key.decode().rpartition("_")[2])
    found |= of_text("master key", master.decode()) | of_text("master key hex", raw.hex())
    return found | {"master key raw": raw, "first secret": SECRET * 2}


def test_no_error_repeats_a_secret() -> None:
    key = b"kettles!" * 4
    with pytest.raises(ShopwrightError) as error:
        unwrap(key, b"\x01" + b"w" * 60, store_id="x", purpose="store", owner=b"")
    assert "kettles" not in str(error.value)
