"""What the demo says at its end: a short table, and five things to try."""

from collections.abc import Sequence

from shopwright.app.demo.judge import ORACLE
from shopwright.app.demo.story import Result
from shopwright.app.demo.training import StoreResult
from shopwright.training.baselines import LOGISTIC_REGRESSION, ORDER_COUNT, RECENCY

HEADINGS = ("store", "currency, zone", "webhooks", "customers", "model", "PR-AUC")
SCORES = (
    ("ours", "model"),
    ("logistic", LOGISTIC_REGRESSION),
    ("count", ORDER_COUNT),
    ("recency", RECENCY),
    ("truth", ORACLE),
)


def rows(result: Result) -> list[tuple[str, ...]]:
    """Return a row for each store, in the order of ``HEADINGS``."""
    return [_row(store) for store in result.stores]


def _row(one: StoreResult) -> tuple[str, ...]:
    decision = one.decision
    model = f"{decision.model_version[:8]} {decision.verdict}" if decision else "none"
    return (
        one.store.store_id.removesuffix(".myshopify.com"),
        f"{one.store.currency}, {one.store.timezone}",
        f"{one.webhooks:,}",
        f"{one.customers:,}",
        model,
        _figures(one),
    )


def _figures(one: StoreResult) -> str:
    if one.judged is None:
        return one.refused or ""
    figures = one.judged.figures
    return " · ".join(
        f"{name} {figures[key]['pr_auc']:.3f}" for name, key in SCORES if key in figures
    )


def next_steps(result: Result, config_hint: str) -> Sequence[tuple[str, str]]:
    """Return (what for, what to type) for five things to try."""
    settings = result.settings
    address = f"http://{settings.host}:{settings.port}"
    store_id, customer = result.example
    body = '{"id":1}'
    predict = (
        f"curl -s {address}/v1/stores/{store_id}/predict "
        f'''-d '{{"task":"propensity","entities":["{customer}"],"features":true}}\''''
    )
    webhook = (
        f"B='{body}'; curl -s -i {address}/webhooks -d \"$B\" "
        f"-H 'X-Shopify-Topic: products/delete' -H 'X-Shopify-Shop-Domain: {store_id}' "
        "-H 'X-Shopify-API-Version: 2026-07' -H \"X-Shopify-Webhook-Id: try-$RANDOM\" "
        '-H "X-Shopify-Hmac-Sha256: $(printf %s "$B" | '
        f'openssl dgst -sha256 -hmac {result.secret.decode()} -binary | base64)"'
    )
    return (
        ("look, and place an order", f"{address}/console/"),
        ("predict", predict),
        ("send a signed webhook", webhook),
        ("the files", f"{settings.home.absolute()}   (try: shopwright {config_hint} models list)"),
        ("stop", "Ctrl-C"),
    )
