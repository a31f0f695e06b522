"""Shopify's own JavaScript library believes what we sign, and we believe what it signs."""

import base64
import hmac
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import pytest
from absent import absent
from counts import cases

from shopwright.admin.oauth import NotGenuine, fits, read_callback, sign
from shopwright.admin.session_token import read_session_token
from shopwright.core.clock import US_PER_SECOND
from shopwright.core.types.event import Delivery
from shopwright.core.types.identity import StoreId, store_id_of
from shopwright.events.webhook import Rejection, verify
from shopwright.events.webhook import sign as sign_webhook

FOLDER = Path(__file__).parent / "shopify_js"
SECRET, OTHER = "hush", "hash"
SHOP = StoreId("some-shop.myshopify.com")
ROUNDS = cases(60, 2_000)
HARD = ["", "a b", "a+b", "ä€", "c2hvcA==", "%41", "x&y", "a=b", "~!*'()", "日本"]


class Oracle:
    """The library, asked line by line."""

    def __init__(self, node: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [node, "oracle.mjs"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, what: str, **given: Any) -> Any:
        """Return what the library gives, None where it refuses."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": what, **given}).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline()).get("gave")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        absent("node", "is not installed: Shopify's JavaScript library cannot be asked")
    folder = tmp_path_factory.mktemp("shopify_js")
    for name in ("package.json", "package-lock.json", "oracle.mjs"):
        shutil.copy(FOLDER / name, folder / name)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode:
        absent("@shopify/shopify-api", f"cannot be installed: {done.stderr[-300:]}")
    one = Oracle(node, folder)
    yield one
    one.close()


def callback(rng: np.random.Generator) -> dict[str, str]:
    """Return what a callback may say, hard words among it."""
    fields = {
        "code": rng.bytes(8).hex(),
        "shop": SHOP,
        "state": rng.bytes(8).hex(),
        "timestamp": str(int(time.time())),
        "host": base64.b64encode(rng.bytes(int(rng.integers(1, 9)))).decode(),
    }
    if rng.random() < 0.5:
        fields["extra"] = str(rng.choice(HARD))
    return fields


def test_we_believe_the_callbacks_that_it_signs(oracle: Oracle) -> None:
    rng = np.random.default_rng(1)
    for _ in range(ROUNDS):
        fields = callback(rng)
        signature = oracle.ask("signQuery", secret=SECRET, query=fields)
        # As browsers send it: percent-encoded.
        raw = urlencode(fields | {"hmac": signature}, quote_via=quote)
        told = read_callback(
            raw,
            [OTHER.encode(), SECRET.encode()],
            state=fields["state"],
            expected=SHOP,
            now_us=int(time.time()) * US_PER_SECOND,
        )
        assert not isinstance(told, NotGenuine), (told, fields)
        assert told.code == fields["code"]
        assert not fits(raw, signature, [OTHER.encode()])
        assert not fits(raw.replace(fields["code"], "0"), signature, [SECRET.encode()])


def test_it_believes_the_callbacks_that_we_sign(oracle: Oracle) -> None:
    rng = np.random.default_rng(2)
    for _ in range(ROUNDS):
        fields = callback(rng)
        fields = {name: value for name, value in fields.items() if name not in ("extra", "host")}
        signature = sign(urlencode(fields), SECRET.encode())
        assert oracle.ask("validQuery", secret=SECRET, query=fields | {"hmac": signature}) is True
        wrong = signature[:-1] + ("0" if signature[-1] != "0" else "1")
        assert oracle.ask("validQuery", secret=SECRET, query=fields | {"hmac": wrong}) is not True
        assert (
            oracle.ask("validQuery", secret=OTHER, query=fields | {"hmac": signature}) is not True
        )


def test_webhooks_are_believed_by_both_or_by_neither(oracle: Oracle) -> None:
    rng = np.random.default_rng(3)
    seen = set()
    for number in range(ROUNDS):
        body = json.dumps({"id": number, "title": str(rng.choice(HARD))}, ensure_ascii=False)
        signed_by = str(rng.choice([SECRET, OTHER]))
        headers = {
            "x-shopify-topic": "products/update",
            "x-shopify-shop-domain": SHOP,
            "x-shopify-api-version": "2026-07",
            "x-shopify-webhook-id": f"w{number}",
            "x-shopify-hmac-sha256": sign_webhook(signed_by.encode(), body.encode()),
        }
        sent = body + " " if rng.random() < 0.3 else body
        theirs = oracle.ask("validWebhook", secret=SECRET, body=sent, headers=headers)
        delivery = Delivery(headers=tuple(headers.items()), body=sent.encode(), received_us=0)
        ours = not isinstance(verify(delivery, lambda _: [SECRET.encode()]), Rejection)
        assert ours is bool(theirs)
        seen.add(ours)
    assert seen == {True, False}


def test_session_tokens_are_believed_by_both_or_by_neither(oracle: Oracle) -> None:
    rng = np.random.default_rng(4)
    seen = set()
    for _ in range(ROUNDS):
        now = int(time.time())
        shift = int(rng.choice([0, 0, 0, -3_600, 3_600, -65]))
        claims = {
            "iss": f"https://{SHOP}/admin",
            "dest": f"https://{SHOP}",
            "aud": str(rng.choice(["client", "client", "other"])),
            "sub": "7",
            "exp": now + 60 + shift,
            "nbf": now + shift,
            "iat": now + shift,
            "jti": rng.bytes(4).hex(),
            "sid": "s",
        }
        made_with = str(rng.choice([SECRET, SECRET, OTHER]))
        token = oracle.ask("makeToken", secret=made_with, claims=claims)
        theirs = oracle.ask("decodeToken", secret=SECRET, token=token)
        ours = read_session_token(token, "client", [SECRET.encode()], now * US_PER_SECOND)
        assert (ours is not None) is (theirs is not None), claims
        if ours is not None:
            assert (ours.store_id, ours.user_id) == (SHOP, "7")
        seen.add(ours is not None)
    assert seen == {True, False}


def test_shops_are_the_same_to_both(oracle: Oracle) -> None:
    for text in (
        SHOP,
        "a_b.myshopify.com",
        "-a.myshopify.com",
        "a.myshopify.com.evil.example",
        "a.myshopify.com/x",
        "evil.example/a.myshopify.com",
        "a b.myshopify.com",
        "",
    ):
        theirs = oracle.ask("validShop", shop=text)
        assert (store_id_of(text) is not None) is (theirs is not None), text


def test_the_published_vectors_hold() -> None:
    query = (
        "code=0907a61c0c8d55e99db179b68161bc00&shop=some-shop.myshopify.com"
        "&state=0.6784241404160823&timestamp=1337178173"
    )
    found = sign(query, SECRET.encode())
    assert hmac.compare_digest(
        found, "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"
    )
