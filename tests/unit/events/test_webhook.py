"""Only what a secret of the named store signed gets in; everything else is told why not."""

import base64
import hmac
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.types.event import Delivery
from shopwright.core.types.identity import StoreId
from shopwright.events import webhook
from shopwright.events.webhook import Envelope, Rejection, content_key, delivery_key, sign, verify

SHOP = "mug-shop.myshopify.com"
SECRET = b"hush"
BODY = b'{"id":820982911946154508,"total_price":"404.95"}'
KNOWN_SIGNATURE = "ElM0Fvrc5UfswH2ZuNj7QJdcpxK1oULxjFFcHDuRYGw="

HEADERS = {
    "x-shopify-hmac-sha256": KNOWN_SIGNATURE,
    "x-shopify-shop-domain": SHOP,
    "x-shopify-topic": "orders/create",
    "x-shopify-api-version": "2026-07",
    "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    "x-shopify-triggered-at": "2026-03-02T12:00:01.123456789Z",
    "x-shopify-name": "shopwright-1",
    "content-type": "application/json",
}


def secrets_of(shop: str) -> Sequence[bytes]:
    return (b"older secret", SECRET) if shop == SHOP else ()


def delivery(
    body: bytes = BODY, *, more: Sequence[tuple[str, str]] = (), **over: str | None
) -> Delivery:
    changed = HEADERS | {f"x-shopify-{name.replace('_', '-')}": v for name, v in over.items()}
    headers = tuple((name, value) for name, value in changed.items() if value is not None)
    return Delivery(headers=(*headers, *more), body=body, received_us=0)


def refused(verdict: Envelope | Rejection) -> Rejection:
    assert isinstance(verdict, Rejection)
    return verdict


def test_the_known_vector_of_the_signature() -> None:
    assert sign(SECRET, BODY) == KNOWN_SIGNATURE


def test_a_genuine_delivery_is_believed() -> None:
    assert verify(delivery(), secrets_of) == Envelope(
        store_id=StoreId(SHOP),
        topic="orders/create",
        delivery_id="b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        event_id="98880550-7158-44d4-b7cd-2c97c8a091b5",
        triggered_us=1_772_452_801_123_456,
        api_version="2026-07",
    )


def test_header_names_and_the_shop_are_read_in_any_case() -> None:
    headers = tuple((name.title(), value) for name, value in HEADERS.items())
    shouted = Delivery(headers=headers, body=BODY, received_us=0)
    assert verify(shouted, secrets_of) == verify(delivery(), secrets_of)
    assert verify(delivery(shop_domain=SHOP.upper()), secrets_of) == verify(delivery(), secrets_of)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_every_secret_of_a_rotation_is_taken(position: int) -> None:
    secrets = [b"one", b"two", b"three"]
    signed = delivery(hmac_sha256=sign(secrets[position], BODY))
    assert isinstance(verify(signed, lambda _: secrets), Envelope)
    del secrets[position]
    assert refused(verify(signed, lambda _: secrets)).status == 401


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        " ",
        "A" * 43 + "=",
        "not base64!",
        KNOWN_SIGNATURE[:-1],
        KNOWN_SIGNATURE + "\n",
        " " + KNOWN_SIGNATURE,
        KNOWN_SIGNATURE.lower(),
        hmac.digest(SECRET, BODY, "sha256").hex(),
        KNOWN_SIGNATURE.replace("E", "Е", 1),
        "\udcff",
    ],
)
def test_a_missing_or_wrong_signature_is_401(signature: str | None) -> None:
    assert refused(verify(delivery(hmac_sha256=signature), secrets_of)).status == 401


def test_two_signatures_are_401_even_if_both_are_right() -> None:
    doubled = delivery(more=[("X-Shopify-Hmac-Sha256", KNOWN_SIGNATURE)])
    assert refused(verify(doubled, secrets_of)).status == 401


def test_the_signature_comes_first() -> None:
    nothing = Delivery(headers=(), body=BODY, received_us=0)
    assert refused(verify(nothing, secrets_of)).status == 401


def test_an_unknown_store_is_told_nothing_that_a_wrong_signature_is_not() -> None:
    unknown = verify(delivery(shop_domain="other.myshopify.com"), secrets_of)
    wrong = verify(delivery(hmac_sha256="A" * 43 + "="), secrets_of)
    assert unknown == wrong
    assert refused(unknown).status == 401


def test_an_unknown_store_cannot_be_entered_with_the_secret_of_no_store() -> None:
    for dummy in webhook._NO_SECRETS:
        for shop in ("other.myshopify.com", SHOP):
            signed = delivery(shop_domain=shop, hmac_sha256=sign(dummy, BODY))
            assert refused(verify(signed, secrets_of)).status == 401


def test_a_body_belongs_to_the_store_whose_secret_signed_it() -> None:
    secrets = {SHOP: [SECRET], "other.myshopify.com": [b"another"]}
    elsewhere = delivery(shop_domain="other.myshopify.com")
    assert refused(verify(elsewhere, secrets.__getitem__)).status == 401


@pytest.mark.parametrize(
    "shop",
    [
        None,
        "",
        "myshopify.com",
        ".myshopify.com",
        "-a.myshopify.com",
        "a.myshopify.com.evil.com",
        "evil.com/a.myshopify.com",
        "a b.myshopify.com",
        "a.myshopify.com\n",
        "a.b.myshopify.com",
        "mug‐shop.myshopify.com",
        "\u212aettle.myshopify.com",
        "a" * 300 + ".myshopify.com",
        "http://a.myshopify.com",
    ],
)
def test_a_missing_or_malformed_shop_is_400(shop: str | None) -> None:
    asked: list[str] = []

    def never(found: str) -> Sequence[bytes]:
        asked.append(found)
        return (SECRET,)

    rejection = refused(verify(delivery(shop_domain=shop), never))
    assert rejection.status == 400
    assert "x-shopify-shop-domain" in rejection.reason
    assert not asked


def test_two_shops_are_400() -> None:
    doubled = delivery(more=[("x-shopify-shop-domain", SHOP)])
    assert refused(verify(doubled, secrets_of)).status == 400


@pytest.mark.parametrize("value", [None, "", "x" * 256, "with space", "tab\t", "é", "\x00"])
@pytest.mark.parametrize("name", ["topic", "api-version", "webhook-id"])
def test_each_required_header_is_named_when_it_is_wrong(name: str, value: str | None) -> None:
    header = f"x-shopify-{name}"
    others = tuple(pair for pair in delivery().headers if pair[0] != header)
    given = () if value is None else ((header, value),)
    changed = Delivery(headers=others + given, body=BODY, received_us=0)
    rejection = refused(verify(changed, secrets_of))
    assert rejection.status == 400
    assert rejection.reason.startswith(f"{header} ")


@pytest.mark.parametrize("name", ["topic", "api-version", "webhook-id"])
def test_a_required_header_given_twice_is_400(name: str) -> None:
    header = f"x-shopify-{name}"
    doubled = delivery(more=[(header, HEADERS[header])])
    assert refused(verify(doubled, secrets_of)).status == 400


@pytest.mark.parametrize(
    "topic", ["orders", "Orders/create", "orders/create/", "/create", "orders/", "a.b/c", "o/c\n"]
)
def test_what_is_not_a_topic_is_400(topic: str) -> None:
    assert refused(verify(delivery(topic=topic), secrets_of)).status == 400


@pytest.mark.parametrize("topic", ["imports/order", "imports/product", "predictions/served"])
def test_a_delivery_cannot_take_a_topic_of_our_own(topic: str) -> None:
    assert refused(verify(delivery(topic=topic), secrets_of)).status == 400


@pytest.mark.parametrize(
    "topic", ["customer.tags_added", "customers_email_marketing_consent/update", "refunds/create"]
)
def test_the_odd_topics_are_taken(topic: str) -> None:
    verdict = verify(delivery(topic=topic), secrets_of)
    assert isinstance(verdict, Envelope)
    assert verdict.topic == topic


@pytest.mark.parametrize("value", [None, "", "x" * 256, "yesterday", "2026-03-02"])
def test_an_optional_header_never_refuses_a_delivery(value: str | None) -> None:
    bare = delivery(event_id=value, triggered_at=value, name=value)
    verdict = verify(bare, secrets_of)
    assert isinstance(verdict, Envelope)
    assert verdict.triggered_us is None
    assert verdict.event_id in (None, "yesterday", "2026-03-02")


@given(st.integers(0, 43), st.characters(min_codepoint=1, max_codepoint=0x2FF))
def test_no_change_of_one_character_passes(at: int, other: str) -> None:
    changed = KNOWN_SIGNATURE[:at] + other + KNOWN_SIGNATURE[at + 1 :]
    verdict = verify(delivery(hmac_sha256=changed), secrets_of)
    assert isinstance(verdict, Envelope) == (changed == KNOWN_SIGNATURE)


def test_another_spelling_of_the_same_bytes_does_not_pass() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(KNOWN_SIGNATURE[42])
    respelt = KNOWN_SIGNATURE[:42] + alphabet[last | 1] + "="
    assert base64.b64decode(respelt) == base64.b64decode(KNOWN_SIGNATURE)
    assert respelt != KNOWN_SIGNATURE
    assert refused(verify(delivery(hmac_sha256=respelt), secrets_of)).status == 401


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_a_signature_fits_its_own_body_only(body: bytes, other: bytes) -> None:
    verdict = verify(delivery(body, hmac_sha256=sign(SECRET, other)), secrets_of)
    assert isinstance(verdict, Envelope) == (body == other)


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=8), st.binary())
def test_no_headers_raise(headers: list[tuple[str, str]], body: bytes) -> None:
    verdict = verify(Delivery(headers=tuple(headers), body=body, received_us=0), secrets_of)
    assert refused(verdict).status in (400, 401)


def test_all_secrets_are_compared_even_after_one_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    compare = hmac.compare_digest

    def spy(given: bytes, expected: bytes) -> bool:
        compared.append(expected)
        return compare(given, expected)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    assert isinstance(verify(delivery(), lambda _: [SECRET, b"two", b"three"]), Envelope)
    assert len(compared) == 3
    compared.clear()
    for few in ([], [b"one"]):
        compared.clear()
        assert isinstance(verify(delivery(), lambda _, few=few: few), Rejection)
        assert len(compared) == 2, "how many secrets a shop has must not show in the time"


def test_keys_tell_their_parts_apart() -> None:
    assert len(delivery_key("a", "bc")) == 16
    assert delivery_key("a", "bc") != delivery_key("ab", "c")
    assert delivery_key("a", "b") == delivery_key("a", "b")
    keys = {
        content_key("s", "t", "e", b"body"),
        content_key("s", "t", "eb", b"ody"),
        content_key("s", "u", "e", b"body"),
        content_key("s", "t", "f", b"body"),
        content_key("r", "t", "e", b"body"),
    }
    assert len(keys) == 5
    assert content_key("s", "t", None, b"body") is None
