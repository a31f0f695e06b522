"""POST /v1/stores/{shop}/predict: real features, a real model, and clear words for the rest."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from made_web import SHOP, STORE, Backroom, Client, order_body, running

from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.prediction import Prediction

DAY_US = 86_400_000_000
CUSTOMER = 8_412_345_678
PATH = f"/v1/stores/{SHOP}/predict"


async def _with_orders(client: Client, backroom: Backroom, customers: int = 1) -> None:
    now_us = backroom.clock.now_us()
    for number in range(customers):
        body = order_body(100 + number, CUSTOMER + number, now_us - 5 * DAY_US)
        assert (await client.webhook(body, f"w{number}")).status == 200
    backroom.materialize()


async def _asked(client: Client, entities: Sequence[str], **more: Any) -> Any:
    question = {"task": "propensity", "entities": list(entities)} | more
    return await client.post(PATH, json.dumps(question).encode())


def _pseudonym(backroom: Backroom) -> Pseudonym:
    return backroom.scoring.pseudonym_of(STORE.store_id, str(CUSTOMER))


def test_the_same_customer_by_id_gid_and_pseudonym_has_one_score() -> None:
    backroom = Backroom()
    version = backroom.crown()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _with_orders(client, backroom)
            asked = [str(CUSTOMER), f"gid://shopify/Customer/{CUSTOMER}"]
            asked.append(_pseudonym(backroom).hex())
            answered = await _asked(client, asked)
            assert answered.status == 200
            said = answered.json()
            assert (said["store_id"], said["task"], said["horizon_days"]) == (
                SHOP,
                "propensity",
                30,
            )
            assert said["model_version"] == version
            assert [one["entity"] for one in said["predictions"]] == asked
            scores = {(one["score"], one["margin"]) for one in said["predictions"]}
            assert len(scores) == 1
            assert 0 < scores.pop()[0] < 1
            assert all(0 <= one["feature_age_seconds"] < 60 for one in said["predictions"])
            assert "features" not in said["predictions"][0]

    asyncio.run(scenario())


def test_the_margin_is_that_of_the_scorer_bit_for_bit() -> None:
    backroom = Backroom()
    backroom.crown()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _with_orders(client, backroom)
            said = (await _asked(client, [str(CUSTOMER)], features=True)).json()
            told = said["predictions"][0]
            assert told["features"]["orders_total"] == 1
            served = backroom.scoring.served(STORE.store_id, "propensity")
            assert served is not None
            row = [[told["features"][name] for name in served.manifest.features]]
            import numpy as np

            (margin,) = served.scorer.margins(np.array(row, dtype=np.float64))
            assert float(margin) == told["margin"]

    asyncio.run(scenario())


def test_who_is_unknown_or_misread_gets_a_reason_and_the_others_their_scores() -> None:
    backroom = Backroom()
    backroom.crown()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _with_orders(client, backroom)
            said = (await _asked(client, ["nobody@example.com", "1", str(CUSTOMER)])).json()
            misread, stranger, known = said["predictions"]
            assert misread["score"] is None
            assert "not an id" in misread["reason"]
            assert stranger["score"] is None
            assert "no valid order" in stranger["reason"]
            assert known["score"] > 0

    asyncio.run(scenario())
    text = backroom.metrics.expose().decode()
    assert 'shopwright_predictions_total{arm="champion"} 1.0' in text
    assert 'shopwright_predictions_unanswered_total{reason="misread"} 1.0' in text
    assert 'shopwright_predictions_unanswered_total{reason="unknown"} 1.0' in text


def test_a_thousand_entities_are_one_answer_in_order() -> None:
    backroom = Backroom()
    backroom.crown()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _with_orders(client, backroom, customers=150)
            asked = [str(CUSTOMER + n) for n in range(1_000)]
            said = (await _asked(client, asked)).json()
            assert [one["entity"] for one in said["predictions"]] == asked
            scored = [one["score"] is not None for one in said["predictions"]]
            assert scored == [True] * 150 + [False] * 850

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"[]", "Expected"),
        (b'{"task":"propensity"}', "entities"),
        (b'{"task":"propensity","entities":[]}', "length >= 1"),
        (b'{"task":"propensity","entities":[1]}', "str"),
        (b'{"task":"propensity","entities":["1"],"feature":true}', "feature"),
        (json.dumps({"task": "propensity", "entities": ["1"] * 1_001}).encode(), "1000"),
        (b'\xff\xfe{"task"', "malformed"),
    ],
)
def test_a_question_that_cannot_be_read_is_400_and_says_why(body: bytes, says: str) -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            answered = await client.post(PATH, body)
            assert answered.status == 400
            assert says in answered.json()["error"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("path", "task", "says"),
    [
        ("/v1/stores/nobody.myshopify.com/predict", "propensity", "shopwright stores add"),
        (PATH, "astrology", "propensity"),
    ],
)
def test_an_unknown_store_or_task_is_404(path: str, task: str, says: str) -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            body = json.dumps({"task": task, "entities": ["1"]}).encode()
            answered = await client.post(path, body)
            assert answered.status == 404
            assert says in answered.json()["error"]

    asyncio.run(scenario())


def test_without_a_model_it_is_503_and_the_next_step() -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            answered = await _asked(client, ["1"])
            assert answered.status == 503
            assert f"shopwright train --store {SHOP}" in answered.json()["error"]

    asyncio.run(scenario())


def test_a_model_that_is_crowned_meanwhile_serves_within_two_seconds() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _with_orders(client, backroom)
            assert (await _asked(client, [str(CUSTOMER)])).status == 503
            scoring, refresh = backroom.scoring, backroom.scoring.refresh
            scoring.refresh = lambda: None  # type: ignore[method-assign]
            backroom.crown()
            scoring.refresh = refresh  # type: ignore[method-assign]
            for _ in range(40):
                answered = await _asked(client, [str(CUSTOMER)])
                if answered.status == 200:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("the model never served")

    asyncio.run(scenario())


def test_predictions_are_handed_on_with_their_features() -> None:
    backroom = Backroom()
    backroom.crown()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _with_orders(client, backroom)
            await _asked(client, [str(CUSTOMER), "1"])

    asyncio.run(scenario())
    (recorded,) = backroom.recorded
    assert recorded.entity == _pseudonym(backroom)
    assert recorded.features["orders_total"] == 1
    assert recorded.arm == "champion"


def test_a_prediction_log_that_cannot_write_costs_predictions_and_no_answer() -> None:
    backroom = Backroom()
    backroom.crown()

    class Broken(list[Prediction]):
        def extend(self, _predictions: object) -> None:
            raise OSError(28, "No space left on device")

    backroom.recorded = Broken()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _with_orders(client, backroom)
            for _ in range(3):
                assert (await _asked(client, [str(CUSTOMER)])).status == 200

    asyncio.run(scenario())
    assert b"shopwright_predictions_unlogged_total 3.0" in backroom.metrics.expose()


def test_features_of_one_customer_as_of_now() -> None:
    backroom = Backroom()

    async def scenario() -> None:
        async with running(backroom.app()) as client:
            await _with_orders(client, backroom)
            path = f"/v1/stores/{SHOP}/features/"
            gid = f"gid%3A%2F%2Fshopify%2FCustomer%2F{CUSTOMER}"
            said = (await client.get(path + gid)).json()
            assert said["entity"] == _pseudonym(backroom).hex()
            assert said["features"]["orders_total"] == 1
            assert said["features"]["net_spend_total"] == 2_000
            assert 4.9 < said["features"]["recency_days"] < 5.1
            stranger = (await client.get(path + "1")).json()
            assert (stranger["features"]["orders_total"], stranger["feature_age_seconds"]) == (
                0,
                None,
            )
            assert (await client.get(path + "somebody")).status == 400

    asyncio.run(scenario())


def test_another_sites_page_may_not_ask() -> None:
    async def scenario() -> None:
        async with running(Backroom().app()) as client:
            body = json.dumps({"task": "propensity", "entities": ["1"]}).encode()
            for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                assert (await client.post(PATH, body, header)).status == 403
            same = {"Origin": "http://127.0.0.1:8400", "Sec-Fetch-Site": "same-origin"}
            assert (await client.post(PATH, body, same)).status == 503

    asyncio.run(scenario())
