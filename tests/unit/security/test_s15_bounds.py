"""S15: no request makes the web process work, wait or remember without end."""

import asyncio
import gzip
import json
import time
from typing import Any

import pytest
from made_web import SHOP, Backroom, delivery_headers, order_body, running

from shopwright.app.settings import Settings

SECONDS_MAX = 2.0
NESTED = b"[" * 100_000
PREDICT = f"/v1/stores/{SHOP}/predict"


def answered(path: str, body: bytes, headers: dict[str, str] | None = None) -> Any:
    async def main() -> Any:
        async with running(Backroom().app()) as client:
            return await client.post(path, body, headers)

    began = time.perf_counter()
    answer = asyncio.run(main())
    assert time.perf_counter() - began < SECONDS_MAX + 5.0  # the process's own start and stop
    return answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b'{"task":"propensity","entities":["\xff\xfe"]}',
        NESTED,
        b'{"task":"propensity","entities":' + NESTED,
        json.dumps({"task": "propensity", "entities": ["1"] * 100_000}).encode(),
        json.dumps({"task": "x" * 100_000, "entities": ["1"]}).encode(),
        b'{"task":"propensity","entities":[1e999]}',
        b'{"task":"propensity","entities":["' + b"9" * 10_000 + b'"]}',
    ],
)
def test_s15_a_question_that_makes_no_sense_is_answered_400(body: bytes) -> None:
    answer = answered(PREDICT, body, {"content-type": "application/json"})
    assert answer.status in (400, 404, 413, 422), answer.body[:200]
    assert len(answer.body) < 2_000


def test_s15_a_body_beyond_the_limit_is_not_read() -> None:
    asked = 0

    async def main() -> int:
        nonlocal asked

        async def receive() -> dict[str, Any]:
            nonlocal asked
            asked += 1
            return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

        backroom = Backroom(settings=Settings(body_bytes_max=1 << 20))
        async with running(backroom.app()) as client:
            headers = {"host": "127.0.0.1:8400", "transfer-encoding": "chunked"}
            answer = await client.exchange("POST", "/webhooks", headers, receive)
            assert backroom.stored() == 0
            return answer.status

    assert asyncio.run(main()) == 413
    assert asked <= 18


def test_s15_a_packed_body_is_never_unpacked() -> None:
    bomb = gzip.compress(b"0" * (64 << 20))
    headers = delivery_headers(bomb, "bomb") | {"Content-Encoding": "gzip"}
    assert answered("/webhooks", bomb, headers).status == 415


def test_s15_a_body_that_nests_without_end_is_stored_and_put_aside() -> None:
    async def main() -> None:
        backroom = Backroom()
        async with running(backroom.app()) as client:
            for number, body in enumerate((NESTED, b'{"a":' * 50_000, b"1" * 1_000_000)):
                assert (await client.webhook(body, f"deep-{number}")).status == 200
            assert (
                await client.webhook(order_body(1, 2, 1_790_000_000_000_000), "x")
            ).status == 200
        began = time.perf_counter()
        backroom.materialize()
        assert time.perf_counter() - began < SECONDS_MAX
        assert len(backroom.ledger.dead_letters(10)) == 3

    asyncio.run(main())


def test_s15_a_body_that_never_comes_is_given_up() -> None:
    async def main() -> int:
        async def receive() -> dict[str, Any]:
            await asyncio.sleep(3_600)
            raise AssertionError

        backroom = Backroom()
        async with running(backroom.app()) as client:
            headers = {"host": "127.0.0.1:8400", "content-length": "10"}
            return (await client.exchange("POST", "/webhooks", headers, receive)).status

    assert asyncio.run(main()) == 408  # after five seconds, when Shopify has given up too
