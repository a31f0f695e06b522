"""A served prediction is kept with the features it saw, readable while its person has a key."""

import os

from shopwright.adapters.memory_control import MemoryKeys
from shopwright.adapters.memory_log import MemoryLog
from shopwright.core.types.identity import ModelVersion, Pseudonym, StoreId
from shopwright.core.types.log import Position
from shopwright.core.types.prediction import Prediction
from shopwright.pipelines.record_predictions import TOPIC, PredictionRecorder, decode
from shopwright.privacy.sealing import aad, unseal

STORE = StoreId("pots.myshopify.com")
ADA, BEN = Pseudonym(b"a" * 16), Pseudonym(b"b" * 16)


def prediction(entity: Pseudonym, number: int) -> Prediction:
    return Prediction(
        prediction_id=f"{number:032x}",
        store_id=STORE,
        task="propensity",
        entity=entity,
        model_version=ModelVersion("f" * 64),
        arm="champion",
        predicted_us=1_790_000_000_000_000 + number,
        margin=-1.25,
        score=0.2227,
        view="customer@1",
        features={"orders_total": 3, "recency_days": 1.5, "refund_ratio_total": None},
        feature_received_us=1_789_999_999_000_000,
    )


def installed() -> tuple[MemoryKeys, MemoryLog, PredictionRecorder]:
    keys, log = MemoryKeys(), MemoryLog("served-0")
    keys.store_key(STORE)
    keys.seal_keys(STORE, {ADA: ("customer", "1"), BEN: ("customer", "2")})
    return keys, log, PredictionRecorder(log, keys, os.urandom)


def test_what_was_said_can_be_read_back_with_what_was_seen() -> None:
    keys, log, recorder = installed()
    said = [prediction(ADA, 1), prediction(BEN, 2)]
    recorder.record(said)
    events = [record.event for record in log.read(Position({}), 10)]
    assert [event.topic for event in events] == [TOPIC, TOPIC]
    opened = []
    for event in events:
        assert event.subject is not None
        key = keys.open_keys(STORE, [event.subject])[event.subject]
        opened.append(decode(unseal(key, event.sealed, aad(STORE, TOPIC, event.delivery_key))))
    assert opened == said
    assert not any(b"orders_total" in event.sealed for event in events)


def test_recording_twice_keeps_one() -> None:
    _, log, recorder = installed()
    recorder.record([prediction(ADA, 1)])
    recorder.record([prediction(ADA, 1)])
    assert len(log.read(Position({}), 10)) == 1


def test_nothing_is_kept_of_an_erased_person() -> None:
    keys, log, recorder = installed()
    keys.forget(STORE, ADA)
    recorder.record([prediction(ADA, 1), prediction(BEN, 2)])
    assert [record.event.subject for record in log.read(Position({}), 10)] == [BEN]
