"""Health, metrics, the description of the routes, the start, and what a process must not load."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from made_web import SHOP, Backroom, order_body, running

from shopwright.app.log_lines import OneLine
from shopwright.app.metrics import METRICS, Metrics, bounded, reference
from shopwright.app.settings import Settings
from shopwright.app.web.server import run
from shopwright.core.errors import BadInput

HEAVY = ("mlflow", "duckdb", "pandas", "pyarrow", "xgboost", "scipy", "rich")
"""click is not among them: uvicorn's own package loads it."""
SUPPORT = Path(__file__).parents[2] / "support"


def test_the_description_and_the_routing_table_say_the_same() -> None:
    app = Backroom().app()

    async def scenario() -> Any:
        async with running(app) as client:
            return (await client.get("/openapi.json")).json()

    told = asyncio.run(scenario())
    described = {
        (method.upper(), path) for path, methods in told["paths"].items() for method in methods
    }
    assert described == {(route.method, route.path) for route in app.routes}
    operations = [one for methods in told["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names)
    for path, methods in told["paths"].items():
        for one in methods.values():
            named = {p["name"] for p in one["parameters"] if p["in"] == "path"}
            assert {f"{{{name}}}" in path for name in named} <= {True}
            assert path.count("{") == len(named)


def test_every_reference_in_the_description_leads_somewhere() -> None:
    async def scenario() -> Any:
        async with running(Backroom().app()) as client:
            return (await client.get("/openapi.json")).body.decode()

    text = asyncio.run(scenario())
    schemas = json.loads(text)["components"]["schemas"]
    for piece in text.split('"$ref":"')[1:]:
        assert piece.split('"')[0].removeprefix("#/components/schemas/") in schemas


def test_real_answers_fit_the_description() -> None:
    backroom = Backroom()
    backroom.crown()
    ask = json.dumps({"task": "propensity", "entities": ["2", "x"], "features": True}).encode()
    customer = f"/console/api/stores/{SHOP}/customers/2"
    requests = [
        ("POST", "/v1/stores/{shop}/predict", f"/v1/stores/{SHOP}/predict", ask),
        ("POST", "/v1/stores/{shop}/predict", f"/v1/stores/{SHOP}/predict", b"?"),
        ("GET", "/v1/stores/{shop}/features/{entity}", f"/v1/stores/{SHOP}/features/2", b""),
        ("GET", "/healthz", "/healthz", b""),
        ("GET", "/readyz", "/readyz", b""),
        ("GET", "/console/api/overview", "/console/api/overview", b""),
        ("GET", "/console/api/stores/{shop}", f"/console/api/stores/{SHOP}", b""),
        ("GET", "/console/api/stores/{shop}/customers/{entity}", customer, b""),
        ("POST", "/console/api/stores/{shop}/customers/{entity}/orders", f"{customer}/orders", b""),
    ]

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await client.webhook(order_body(1, 2, backroom.clock.now_us() - 1), "w1")
            backroom.materialize()
            told = (await client.get("/openapi.json")).json()
            for method, template, path, body in requests:
                answered = await client.send(method, path, body, {})
                answers = told["paths"][template][method.lower()]["responses"]
                assert str(answered.status) in answers, (template, answered.status)
                (content,) = answers[str(answered.status)]["content"].values()
                schema = content["schema"] | {"components": told["components"]}
                jsonschema.Draft202012Validator(schema).validate(answered.json())

    asyncio.run(scenario())


def test_a_path_that_is_not_there_is_404_in_json() -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            for path in ("/nothing", "/console/nothing/there", "/v1/stores//predict"):
                answered = await client.get(path)
                assert answered.status == 404
                assert answered.headers["content-type"] == "application/json"
                assert "nothing at this path" in answered.json()["error"]

    asyncio.run(scenario())


def test_an_error_of_ours_is_500_without_its_inside(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backroom = Backroom()

    def fails(*_arguments: object) -> None:
        raise RuntimeError("customer 8412345678 broke it")

    monkeypatch.setattr(backroom.scoring, "pseudonym_of", fails)

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            answered = await client.get(f"/v1/stores/{SHOP}/features/1")
            assert answered.status == 500
            assert b"8412345678" not in answered.body

    asyncio.run(scenario())
    assert any(record.exc_info for record in caplog.records)


def test_every_metric_of_the_list_is_exposed_and_described() -> None:
    metrics = Metrics()
    text = metrics.expose().decode()
    for metric in METRICS:
        name = metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name
        assert f"# HELP {metric.name} {metric.says}" in text or f"# HELP {name}" in text
        assert f"`{metric.name}`" in reference()


def test_a_label_is_one_of_the_known_or_other() -> None:
    assert bounded("orders/create", {"orders/create"}) == "orders/create"
    assert bounded("made/up", {"orders/create"}) == "other"


def test_processes_that_share_a_folder_show_one_set_of_numbers(tmp_path: Path) -> None:
    count = (
        "from shopwright.app.metrics import Metrics\n"
        "m = Metrics()\n"
        "m.counter('shopwright_webhooks_total', 'orders/create', 'stored').inc(3)\n"
        "m.gauge('shopwright_webhooks_waiting').set(2)\n"
    )
    show = "from shopwright.app.metrics import Metrics\nprint(Metrics().expose().decode())\n"
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    pids = []
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", count], env=environment)
        assert child.wait(30) == 0
        pids.append(child.pid)
    shown = subprocess.run(
        [sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert 'shopwright_webhooks_total{result="stored",topic="orders/create"} 6.0' in shown
    assert "shopwright_webhooks_waiting 4.0" in shown
    from shopwright.app.metrics import process_ended

    for pid in pids:
        process_ended(pid, tmp_path)
    shown = subprocess.run(
        [sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert "shopwright_webhooks_waiting 4.0" not in shown
    assert "} 6.0" in shown


def test_another_address_than_loopback_is_refused_and_explained() -> None:
    backroom = Backroom(Settings(host="0.0.0.0"))
    with pytest.raises(BadInput, match="tls_certificate_file"):
        run(backroom.app(), backroom.settings, 0)


def test_serving_a_webhook_loads_no_engine_of_training_or_of_history() -> None:
    program = f"""
import asyncio, sys
from shopwright.app.web import server
from made_web_light import serve_one_webhook
serve_one_webhook()
loaded = [name for name in {HEAVY!r} if name in sys.modules]
print(",".join(loaded))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(SUPPORT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


def test_a_log_line_is_one_json_object() -> None:
    formatter = OneLine("web 0")
    structured = logging.LogRecord("x", logging.INFO, "", 0, {"webhook": {"ms": 1}}, None, None)
    plain = logging.LogRecord("x", logging.ERROR, "", 0, "lines\n%s", ("two",), None)
    first, second = json.loads(formatter.format(structured)), json.loads(formatter.format(plain))
    assert (first["webhook"], first["level"]) == ({"ms": 1}, "info")
    assert (second["message"], second["process"]) == ("lines\ntwo", "web 0")
    assert "\n" not in formatter.format(plain)
