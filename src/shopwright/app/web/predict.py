"""POST /v1/stores/{shop}/predict: who asked about whom, the score now, and how old it is."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import UNSET

from shopwright.app.metrics import Metrics
from shopwright.app.web.api_types import (
    EntityPrediction,
    FeaturesAnswer,
    PredictAnswer,
    PredictRequest,
)
from shopwright.app.web.request import HttpError, Request
from shopwright.app.web.response import Response, answer
from shopwright.core.clock import Clock, iso
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import ModelVersion, Pseudonym, StoreId
from shopwright.core.types.prediction import Prediction
from shopwright.core.types.store import Store
from shopwright.pipelines.predict import Scoring, ServedModel
from shopwright.training.tasks import TASKS

AT_ONCE = 64
"""Entities scored before other requests get their turn: a webhook must not wait for a thousand."""
ATTEMPTS_MAX = 3
"""One answer never mixes two models, so a change of model in between begins it anew."""
REQUEST_BYTES_MAX = 512 << 10

NOTHING_KNOWN = "no valid order of this customer is known here"

_decoder = msgspec.json.Decoder(PredictRequest)


class Predict:
    """The handlers of predictions and features."""

    def __init__(
        self,
        scoring: Scoring,
        store_of: Callable[[str], Store],
        *,
        clock: Clock,
        metrics: Metrics,
        record: Callable[[Sequence[Prediction]], None],
    ) -> None:
        self._scoring = scoring
        self._store_of = store_of
        self._clock = clock
        self._record = record
        self._seconds = metrics.histogram("shopwright_prediction_seconds")
        self._by_arm = {
            arm: metrics.counter("shopwright_predictions_total", arm)
            for arm in ("champion", "challenger")
        }
        self._unknown = metrics.counter("shopwright_predictions_unanswered_total", "unknown")
        self._misread = metrics.counter("shopwright_predictions_unanswered_total", "misread")

    async def predict(self, request: Request) -> Response:
        """Answer scores for at most a thousand entities."""
        began_us = self._clock.now_us()
        asked = _read(await request.body(REQUEST_BYTES_MAX))
        store_id = self._store_of(request.parameters["shop"]).store_id
        if asked.task not in TASKS:
            raise HttpError(404, f"there is no such task; the tasks are {', '.join(sorted(TASKS))}")
        misread: dict[int, str] = {}
        entities: list[Pseudonym] = []
        for index, text in enumerate(asked.entities):
            try:
                entities.append(self._scoring.pseudonym_of(store_id, text))
            except BadInput as error:
                misread[index] = str(error)
        now_us = self._clock.now_us()
        model, predictions = await self._score(store_id, asked.task, entities, now_us)
        found = iter(predictions)
        answers = tuple(
            EntityPrediction(entity=text, score=None, reason=misread[index])
            if index in misread
            else _one(text, next(found), now_us, features=asked.features)
            for index, text in enumerate(asked.entities)
        )
        self._count(predictions, len(misread), began_us)
        return answer(
            PredictAnswer(
                store_id=store_id,
                task=asked.task,
                model_version=model.version,
                horizon_days=model.manifest.horizon_days,
                as_of=iso(now_us),
                predictions=answers,
            )
        )

    async def features(self, request: Request) -> Response:
        """Answer one feature vector as of now."""
        store_id = self._store_of(request.parameters["shop"]).store_id
        entity = self._scoring.pseudonym_of(store_id, request.parameters["entity"])
        now_us = self._clock.now_us()
        vector, record = self._scoring.vector(store_id, entity, now_us)
        return answer(
            FeaturesAnswer(
                store_id=store_id,
                entity=entity.hex(),
                view=vector.view,
                as_of=iso(vector.as_of_us),
                features=vector.values,
                feature_age_seconds=age_seconds(record.received_us if record else 0, now_us),
            )
        )

    async def _score(
        self, store_id: StoreId, task: str, entities: Sequence[Pseudonym], now_us: int
    ) -> tuple[ServedModel, list[Prediction | None]]:
        for _ in range(ATTEMPTS_MAX):
            models: dict[ModelVersion, ServedModel] = {}
            predictions: list[Prediction | None] = []
            for start in range(0, len(entities) or 1, AT_ONCE):
                if start:
                    await asyncio.sleep(0)
                part = entities[start : start + AT_ONCE]
                answered = self._scoring.score(store_id, task, part, now_us)
                if answered.model is None:
                    raise HttpError(503, _no_model(store_id, task))
                models[answered.model.version] = answered.model
                predictions += answered.predictions
            if len(models) == 1:
                return models.popitem()[1], predictions
        raise HttpError(503, "the model is changing too fast; ask again")

    def _count(self, predictions: Sequence[Prediction | None], misread: int, began_us: int) -> None:
        made = [prediction for prediction in predictions if prediction is not None]
        for arm, counter in self._by_arm.items():
            times = sum(prediction.arm == arm for prediction in made)
            if times:
                counter.inc(times)
        if len(made) < len(predictions):
            self._unknown.inc(len(predictions) - len(made))
        if misread:
            self._misread.inc(misread)
        if made:
            self._record(made)
        self._seconds.observe(max(0, self._clock.now_us() - began_us) / 1e6)


def age_seconds(received_us: int, now_us: int) -> float | None:
    """Return how long ago the newest event behind some features was received."""
    return max(0, now_us - received_us) / 1e6 if received_us else None


def _read(body: bytes) -> PredictRequest:
    try:
        return _decoder.decode(body)
    except NOT_DECODABLE as error:
        raise HttpError(400, f"the body is not a question that can be read: {error}") from error


def _one(
    text: str, prediction: Prediction | None, now_us: int, *, features: bool
) -> EntityPrediction:
    if prediction is None:
        return EntityPrediction(entity=text, score=None, reason=NOTHING_KNOWN)
    values: Mapping[str, float | int | None] = prediction.features
    return EntityPrediction(
        entity=text,
        score=prediction.score,
        margin=prediction.margin,
        feature_age_seconds=age_seconds(prediction.feature_received_us, now_us),
        features=values if features else UNSET,
    )


def _no_model(store_id: StoreId, task: str) -> str:
    return (
        f"{store_id}: no {task} model serves yet; "
        f"train one with `shopwright train --store {store_id} --task {task}`, "
        "and `shopwright models` says why one was refused"
    )
