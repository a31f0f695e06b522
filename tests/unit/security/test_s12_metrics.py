"""S12: hostile names make no new line, label or series in what Prometheus reads."""

import asyncio

from made_web import Backroom, delivery_headers, order_body, running
from prometheus_client.parser import text_string_to_metric_families

HOSTILE = (
    'orders/create"} 1\nshopwright_fake{x="',
    "orders/create\r\nX-Injected: 1",
    "a" * 5_000,
    "\u202eorders/create",
    "orders/create\\",
    "customers/\N{SNOWMAN}",
    *(f"made_up/topic_{number}" for number in range(300)),
)
SERIES_MAX = 2_000


def test_s12_whatever_a_header_says_the_metrics_stay_readable_and_few() -> None:
    async def main() -> str:
        async with running(Backroom().app()) as client:
            body = order_body(1, 2, 1_790_000_000_000_000)
            for number, topic in enumerate(HOSTILE):
                headers = delivery_headers(body, f"id-{number}")
                hostile = topic.encode("utf-8").decode("latin-1")
                headers |= {"X-Shopify-Topic": hostile, "X-Shopify-API-Version": hostile[:40]}
                answer = await client.post("/webhooks", body, headers)
                assert answer.status in (200, 400, 401)
                await client.get(f"/{hostile[:50].encode().hex()}")
            return (await client.get("/metrics")).body.decode()

    text = asyncio.run(main())
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert "shopwright_webhooks" in families
    assert not [name for name in families if "fake" in name]
    topics = {sample.labels["topic"] for sample in families["shopwright_webhooks"].samples}
    assert topics <= {"orders/create", "other"}
    assert sum(len(family.samples) for family in families.values()) < SERIES_MAX
    assert max(len(line) for line in text.splitlines()) < 1_000
