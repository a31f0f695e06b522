"""A load of signed webhooks as a process of its own: python -m benchmarks.webhook_load PORT …

Everything is signed before the clock starts, so that the load costs as little as it can beside the
server on the same cores: asyncio streams, one request under way on each connection, answers read by
their length.
"""

import asyncio
import json
import sys
import time

import numpy as np

from shopwright.core.types.identity import StoreId
from shopwright.events.webhook import sign
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store

SCALE = Scale(customers=400, days=30, fulfilment_told_share=0.0)


def requests(store_id: StoreId, secret: bytes, count: int, name: str, port: int) -> list[bytes]:
    """Return whole HTTP requests: orders, each a delivery and a body of its own."""
    now_us = time.time_ns() // 1000
    shop: Shop = open_store(PROFILES[0], now_us, 1, SCALE)
    customers = shop.customers()
    rng = np.random.default_rng(1)
    made = []
    for number in range(count):
        webhook = shop.place_order(customers[number % len(customers)], now_us, rng)[0]
        told = json.loads(webhook.body) | {"n": number}
        body = json.dumps(told, separators=(",", ":")).encode()
        head = (
            "POST /webhooks HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n"
            "X-Shopify-Topic: orders/create\r\n"
            f"X-Shopify-Hmac-Sha256: {sign(secret, body)}\r\n"
            f"X-Shopify-Shop-Domain: {store_id}\r\n"
            "X-Shopify-API-Version: 2026-07\r\n"
            f"X-Shopify-Webhook-Id: {name}-{number}\r\n"
            f"X-Shopify-Event-Id: {name}-event-{number}\r\n"
            f"X-Shopify-Triggered-At: 2026-11-24T00:00:00.000000Z\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


async def _connection(port: int, waiting: list[bytes], took: list[float], bad: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while waiting:
        request = waiting.pop()
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        took.append(time.perf_counter() - began)
        if not head.startswith(b"HTTP/1.1 200"):
            bad.append(head[:40])
    writer.close()


async def _load(port: int, made: list[bytes], connections: int) -> dict[str, object]:
    took: list[float] = []
    bad: list[bytes] = []
    waiting = made[::-1]
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, waiting, took, bad) for _ in range(connections)))
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "took": took, "bad": [one.decode("latin-1") for one in bad]}


def main(port: str, store_id: str, secret: str, count: str, connections: str, name: str) -> None:
    """Prepare, wait for a line on standard input, load, print the outcome as JSON."""
    made = requests(StoreId(store_id), bytes.fromhex(secret), int(count), name, int(port))
    print(json.dumps({"bytes": sum(map(len, made)) / len(made)}), flush=True)
    sys.stdin.readline()
    import uvloop

    print(json.dumps(uvloop.run(_load(int(port), made, int(connections)))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
