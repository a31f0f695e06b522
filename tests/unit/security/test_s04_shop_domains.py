"""Only a plain ``*.myshopify.com`` name is a shop, at every door where one is named."""

import asyncio
from urllib.parse import quote

import click
import pytest
from made_web import SHOP, Backroom, running
from made_web import STORE as STORE_OF_POTS
from msgspec import structs
from signed_requests import BODY, SECRET, delivery, headers

from shopwright.app.cli.options import STORE
from shopwright.core.types.identity import StoreId
from shopwright.events.webhook import Envelope, Rejection, sign, verify

GOOD = "pots.myshopify.com"
SUFFIX = ".myshopify.com"


def wrong_domains() -> list[str]:
    """Return names that are no shop, though somebody's careless check might think so."""
    found = [f"pots{piece}{SUFFIX}" for piece in PIECES]
    found += [f"{piece}{GOOD}" for piece in PIECES]
    found += [f"{GOOD}{piece}" for piece in PIECES]
    return [*dict.fromkeys([*found, *WHOLE])]


PIECES = (
    "@", ":", "/", "\\", "?", "#", "%", "&", "=", "+", " ", "\t", "\n", "\r\n", "\0", "..", "%2e",
    "%00", "%0a", ":443", ":80", "/admin", "//evil.com/", "/../", "@evil.com", "evil.com@",
    "user:pass@", "?x=", "#frag", ".evil.com",
    "\u00e9", "\u00f6", "\u212a", "\u017f", "\u3002", "\uff0e",
    "\uff61", "\u200b",
    "\u202e", "\ufeff", "\u0430", "!", "*", "(", "'", '"', "<", "`", "$", "{", "|", "~", ",", ";",
)  # fmt: skip

WHOLE = (
    "", ".", "..", SUFFIX, "myshopify.com", "-pots.myshopify.com", "_pots.myshopify.com",
    "pots.myshopify.com.", ".pots.myshopify.com", "pots..myshopify.com", "a.pots.myshopify.com",
    "pots.myshopify.co", "pots.myshopify.comm", "pots.notmyshopify.com", "potsmyshopify.com",
    "pots.myshopify.com.evil.com", "pots.myshopify.com@evil.com", "evil.com/pots.myshopify.com",
    "evil.com#pots.myshopify.com", "evil.com?pots.myshopify.com", "https://pots.myshopify.com",
    "http://pots.myshopify.com/", "//pots.myshopify.com", "pots.myshopify.com:8080",
    "user@pots.myshopify.com", "user:word@pots.myshopify.com", "pots.myshopify.com/path",
    "pots.myshopify.com?query", "pots.myshopify.com#part", "pots.myshopify.com\n",
    "pots.myshopify.com\r\nhost: evil.com", "pots.myshopify.com\0.evil.com", "pots.shopify.com",
    "pots.myshopify.com%00", "pots%2emyshopify.com", "localhost", "127.0.0.1", "[::1]", "0x7f.1",
    "169.254.169.254", "2130706433", "metadata.google.internal", "pots.myshopify.io",
    "admin.shopify.com/store/pots", "xn--pts-sna.myshopify.com.", "xn--.myshopify.com\u3002",
    "pöts.myshopify.com", "ｐots.myshopify.com", "pots.myshopify.com\u200b", "\u2100.myshopify.com",
    f"{'a' * 101}{SUFFIX}", f"{'a' * 5_000}{SUFFIX}", "file:///etc/passwd", "../../etc/passwd",
    "null", "undefined", "*.myshopify.com", "{shop}.myshopify.com", "pots.myshopify.com,evil.com",
    "pots.myshopify.com evil.com", "pots.myshopify.com;evil.com", "javascript:alert(1)",
    "' OR 1=1 --.myshopify.com", "$(id).myshopify.com", "`id`.myshopify.com",
)  # fmt: skip

WRONG = wrong_domains()
TAKEN_BY_A_SHELL = {GOOD}
"""What the command line may take after cutting the space around it."""


def test_s04_the_corpus_is_large_and_the_good_name_is_taken() -> None:
    assert len(WRONG) >= 150
    for good in (GOOD, "POTS.MyShopify.Com", "a.myshopify.com", "xn--pts-sna.myshopify.com"):
        given = delivery(headers(shop_domain=good))
        assert isinstance(verify(given, lambda _: [SECRET]), Envelope), good


def test_s04_no_wrong_domain_is_believed_even_when_every_name_has_the_secret() -> None:
    asked: list[str] = []

    def knows_everybody(shop: str) -> list[bytes]:
        asked.append(shop)
        return [SECRET]

    for wrong in WRONG:
        given = headers(shop_domain=wrong, hmac_sha256=sign(SECRET, BODY))
        verdict = verify(delivery(given), knows_everybody)
        assert isinstance(verdict, Rejection), wrong
        assert verdict.status == 400, wrong
    assert asked == [], "a name that is no shop is not even looked up"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: ascii(wrong)[:40])
def test_s04_the_command_line_takes_no_wrong_domain(wrong: str) -> None:
    try:
        taken = STORE.convert(wrong, None, None)
    except click.BadParameter:
        return
    # A word alone stands for its domain, and space around a name is cut.
    assert taken in {GOOD, f"{wrong.strip()}{SUFFIX}"}, wrong
    assert wrong.strip() in {GOOD, taken.removesuffix(SUFFIX)}, wrong


def test_s04_no_route_answers_of_a_store_under_another_spelling() -> None:
    backroom = Backroom()
    # The sign for kelvin becomes a k in lower case: this store must not be found by it.
    backroom.stores.put(structs.replace(STORE_OF_POTS, store_id=StoreId("pots-k.myshopify.com")))
    wrong_paths = [*WRONG, "pots-\u212a.myshopify.com"]

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            assert (await client.get(f"/v1/stores/{SHOP}/features/1")).status == 200
            for wrong in wrong_paths:
                for path in ("/v1/stores/{}/features/1", "/console/api/stores/{}"):
                    asked = path.format(quote(wrong, safe=""))
                    assert (await client.get(asked)).status in (400, 404), ascii(wrong)

    asyncio.run(scenario())
