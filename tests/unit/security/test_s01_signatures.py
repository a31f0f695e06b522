"""No delivery is believed that its shop's own secret did not sign, however it is spoiled."""

import asyncio

from made_web import Backroom, running, scope_of
from signed_requests import BODY, OLDER_SECRET, SECRET, SHOP, delivery, headers, secrets_of, spoiled

from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.events.webhook import Envelope, Rejection, sign, verify

SPOILED = tuple(spoiled())


def test_s01_two_hundred_spoiled_requests_are_all_refused() -> None:
    assert len(SPOILED) >= 200
    for name, given, body in SPOILED:
        verdict = verify(delivery(given, body), secrets_of)
        assert isinstance(verdict, Rejection), name
        # 401 whatever is wrong with the signature; 400 for what a genuine sender never sends.
        expected = 400 if name in WRONG_SHOP or name in WRONG_BESIDE_THE_SIGNATURE else 401
        assert verdict.status == expected, (name, verdict)
        assert SECRET.decode() not in verdict.reason
        assert "Gr" not in verdict.reason


WRONG_SHOP = {"two shops", "the same shop twice", "no shop", "empty shop"}
WRONG_BESIDE_THE_SIGNATURE = {
    "no topic",
    "two topics",
    "our own topic",
    "our other topic",
    "no webhook id",
    "two webhook ids",
    "no version",
    "a version that is none",
}


def test_s01_both_secrets_of_a_rotation_are_taken_and_a_third_is_not() -> None:
    for secret in (SECRET, OLDER_SECRET):
        given = headers(hmac_sha256=sign(secret, BODY))
        assert isinstance(verify(delivery(given), secrets_of), Envelope)
    for known in ([SECRET], [OLDER_SECRET], [], [SECRET, OLDER_SECRET]):
        gone = [secret for secret in (SECRET, OLDER_SECRET) if secret not in known]
        for secret in (*gone, b"third"):
            given = headers(hmac_sha256=sign(secret, BODY))
            assert isinstance(verify(delivery(given), lambda _shop, k=known: k), Rejection)


def test_s01_the_gateway_stores_no_spoiled_request() -> None:
    backroom = Backroom()
    store = Store(store_id=StoreId(SHOP), currency="GBP", timezone="Europe/London", added_us=1)
    for secret in (OLDER_SECRET, SECRET):
        backroom.secrets.add(store.store_id, secret)

    async def scenario() -> None:
        app = backroom.app()
        async with running(app) as client:
            for name, given, body in SPOILED:
                status = await _post(app, given, body)
                assert status in (400, 401), (name, status)
            assert backroom.stored() == 0
            assert (await client.get("/healthz")).status == 200
            assert await _post(app, headers(), BODY) == 200

    asyncio.run(scenario())
    assert backroom.stored() == 1


async def _post(app, given, body: bytes) -> int:
    """Send headers as they stand, repeated ones too."""
    scope = scope_of("POST", "/webhooks", {"host": "127.0.0.1"})
    scope["headers"] += [
        # What no HTTP/1.1 header can carry arrives as bytes that are not latin-1 letters.
        (name.lower().encode(), value.encode("utf-8", "surrogatepass"))
        for name, value in given
    ]
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return int(sent[0]["status"])
