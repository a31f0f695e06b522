"""POST /webhooks: what is stored, what is refused, and what happens when the disk says no."""

import asyncio
import errno
import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from made_web import SECRET, SHOP, Backroom, Client, delivery_headers, order_body, running

from shopwright.app.settings import Settings
from shopwright.core.errors import Busy
from shopwright.core.types.event import Event
from shopwright.core.types.log import Appended

NOW_US = 1_790_000_000_000_000
BODY = order_body(1, 2, NOW_US)


def _run(scenario: Any) -> Any:
    return asyncio.run(scenario)


def test_a_genuine_delivery_is_stored_before_it_is_answered() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            answered = await client.webhook(BODY, "w1")
            assert (answered.status, backroom.stored()) == (200, 1)

    _run(scenario())


def test_a_duplicate_is_answered_200_and_stored_once() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            answers = [await client.webhook(BODY, "w1") for _ in range(3)]
            assert [answer.status for answer in answers] == [200, 200, 200]

    _run(scenario())
    assert backroom.stored() == 1
    assert b"shopwright_webhook_duplicates_total 2.0" in backroom.metrics.expose()


def test_a_wrong_signature_is_401_and_repeats_neither_secret_nor_body() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            answered = await client.webhook(BODY, "w1", secret=b"guessed")
            assert answered.status == 401
            assert SECRET not in answered.body
            assert b"line_items" not in answered.body
            assert "signature" in answered.json()["error"]

    _run(scenario())
    assert backroom.stored() == 0


@pytest.mark.parametrize("missing", ["X-Shopify-Topic", "X-Shopify-Webhook-Id"])
def test_a_missing_header_is_400_and_named(missing: str) -> None:
    headers = delivery_headers(BODY, "w1")
    del headers[missing]

    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            answered = await client.post("/webhooks", BODY, headers)
            assert answered.status == 400
            assert missing.lower() in answered.json()["error"]

    _run(scenario())


def test_an_unknown_shop_is_401() -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            answered = await client.webhook(BODY, "w1", shop="other.myshopify.com")
            assert answered.status == 401

    _run(scenario())


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_405_and_told_what_is_allowed(method: str) -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            answered = await client.send(method, "/webhooks", b"", {})
            assert (answered.status, answered.headers["allow"]) == (405, "POST")

    _run(scenario())


def test_a_compressed_body_is_415() -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            headers = delivery_headers(BODY, "w1") | {"Content-Encoding": "gzip"}
            answered = await client.post("/webhooks", BODY, headers)
            assert answered.status == 415
            assert "Content-Encoding" in answered.json()["error"]

    _run(scenario())


def test_a_body_that_says_it_is_too_long_is_413_unread() -> None:
    async def scenario() -> None:
        async with running(Backroom(Settings(body_bytes_max=1_024)).app()) as client:

            async def receive() -> dict[str, Any]:
                raise AssertionError("the body must not be read")

            headers = {"host": "127.0.0.1", "content-length": "1025"}
            answered = await client.exchange("POST", "/webhooks", headers, receive)
            assert (answered.status, answered.headers["connection"]) == (413, "close")

    _run(scenario())


def test_a_body_that_grows_too_long_is_413() -> None:
    async def scenario() -> None:
        async with running(Backroom(Settings(body_bytes_max=1_024)).app()) as client:
            parts = 0

            async def receive() -> dict[str, Any]:
                nonlocal parts
                parts += 1
                return {"type": "http.request", "body": b"x" * 500, "more_body": True}

            headers = {"host": "127.0.0.1", "transfer-encoding": "chunked"}
            answered = await client.exchange("POST", "/webhooks", headers, receive)
            assert (answered.status, parts) == (413, 3)

    _run(scenario())


def test_a_slow_body_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopwright.app.web.request.Request.body.__defaults__", (0.02,))

    async def scenario() -> None:
        async with running(Backroom().app()) as client:

            async def receive() -> dict[str, Any]:
                await asyncio.sleep(60)
                raise AssertionError

            headers = {"host": "127.0.0.1", "content-length": "10"}
            answered = await client.exchange("POST", "/webhooks", headers, receive)
            assert answered.status == 408

    _run(scenario())


def test_a_cut_body_is_not_answered_and_not_stored() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            parts: list[dict[str, Any]] = [
                {"type": "http.request", "body": BODY[:100], "more_body": True},
                {"type": "http.disconnect"},
            ]

            async def receive() -> dict[str, Any]:
                return parts.pop(0)

            headers = {k.lower(): v for k, v in delivery_headers(BODY, "w1").items()}
            headers["host"] = "127.0.0.1"
            answered = await client.exchange("POST", "/webhooks", headers, receive)
            assert answered.status == 0

    _run(scenario())
    assert backroom.stored() == 0


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), Busy("log: somebody writes")]
)
def test_a_full_disk_is_503_until_it_is_freed(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    backroom = Backroom()
    append = backroom.log.append

    def fails(_events: Sequence[Any]) -> Appended:
        raise error

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            monkeypatch.setattr(backroom.log, "append", fails)
            refused = await client.webhook(BODY, "w1")
            assert (refused.status, refused.headers["retry-after"]) == (503, "5")
            ready = await client.get("/readyz")
            assert ready.status == 503
            assert "cannot be written" in ready.json()["reasons"][0]
            assert (await client.get("/healthz")).status == 200
            monkeypatch.setattr(backroom.log, "append", append)
            assert (await client.webhook(BODY, "w1")).status == 200
            assert (await client.get("/readyz")).status == 200

    _run(scenario())
    assert backroom.stored() == 1


def test_a_store_that_is_added_counts_within_a_second() -> None:
    backroom = Backroom()
    backroom.secrets.remove(backroom.stores.all()[0].store_id, _fingerprint())

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            assert (await client.webhook(BODY, "w1")).status == 401
            backroom.secrets.add(backroom.stores.all()[0].store_id, SECRET)
            await asyncio.sleep(1.05)
            assert (await client.webhook(BODY, "w1")).status == 200

    _run(scenario())


def _fingerprint() -> str:
    import hashlib

    return hashlib.sha256(SECRET).hexdigest()[:12]


def test_many_at_once_are_all_stored_and_share_commits() -> None:
    backroom = Backroom()
    batches: list[int] = []
    accept = backroom.intake.accept

    def counted(events: Sequence[Event]) -> Appended:
        batches.append(len(events))
        return accept(events)

    backroom.intake.accept = counted  # type: ignore[method-assign]

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            bodies = [order_body(n, 2, NOW_US) for n in range(1, 201)]
            answers = await asyncio.gather(
                *(client.webhook(body, f"w{n}") for n, body in enumerate(bodies))
            )
            assert {answer.status for answer in answers} == {200}

    _run(scenario())
    assert (backroom.stored(), sum(batches)) == (200, 200)
    assert len(batches) < 200


def test_topics_that_outsiders_invent_are_counted_as_other() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            for number in range(20):
                await client.webhook(BODY, f"w{number}", topic=f"made/up_{'x' * number}")

    _run(scenario())
    text = backroom.metrics.expose().decode()
    topics = {
        line.split('topic="')[1].split('"')[0] for line in text.splitlines() if "topic=" in line
    }
    assert topics == {"other"}


def test_log_lines_name_topic_store_and_result_and_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "shopwright.web")

    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            await client.webhook(order_body(1, 8_412_345_678, NOW_US), "w1")
            await client.webhook(BODY, "w2", secret=b"guessed")

    _run(scenario())
    stored, refused = (record.msg["webhook"] for record in caplog.records)
    assert {k: stored[k] for k in ("topic", "store", "result")} == {
        "topic": "orders/create",
        "store": SHOP,
        "result": "stored",
    }
    assert (refused["store"], refused["result"]) == ("", "unsigned")
    assert "8412345678" not in json.dumps([stored, refused])


def test_a_public_address_opens_webhooks_to_any_host_and_nothing_else() -> None:
    backroom = Backroom(Settings(public_url="https://hooks.example.com"))

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            headers = delivery_headers(BODY, "w1") | {
                "Host": "hooks.example.com",
                "X-Forwarded-For": "203.0.113.9",
            }
            assert (await client.post("/webhooks", BODY, headers)).status == 200
            for path in ("/console/", "/metrics", f"/v1/stores/{SHOP}/features/1"):
                # Meant for our name, but nothing shows that it came over https.
                assert (await client.get(path, host="hooks.example.com")).status == 403
                assert (await client.get(path, host="other.example.com")).status == 421
                assert (await client.get(path, x_forwarded_for="203.0.113.9")).status == 403

    _run(scenario())


def test_without_a_public_address_webhooks_are_for_this_machine() -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            headers = delivery_headers(BODY, "w1") | {"Host": "hooks.example.com"}
            assert (await client.post("/webhooks", BODY, headers)).status == 421

    _run(scenario())


def test_after_the_stop_nothing_is_taken() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        app = backroom.app()
        async with running(app) as client:
            assert (await client.webhook(BODY, "w1")).status == 200
        assert (await Client(app).webhook(order_body(2, 2, NOW_US), "w2")).status == 503

    _run(scenario())
    assert backroom.stored() == 1
