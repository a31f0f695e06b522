"""Predictions → log: sealed under the customer's key, so that erasing the person erases them."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec

from shopwright.core.ports import EventLog, KeyStore
from shopwright.core.types.event import SealedEvent
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.prediction import Prediction
from shopwright.events.webhook import delivery_key
from shopwright.privacy.sealing import NONCE_BYTES, aad, seal

TOPIC = "predictions/served"


class PredictionRecorder:
    """Writes what was said of whom, with the features it was made from."""

    def __init__(self, log: EventLog, keys: KeyStore, nonces: Callable[[int], bytes]) -> None:
        self._log = log
        self._keys = keys
        self._nonces = nonces

    def record(self, predictions: Sequence[Prediction]) -> None:
        """Append predictions durably; those about an erased person are left out."""
        people: dict[StoreId, list[Pseudonym]] = defaultdict(list)
        for prediction in predictions:
            people[prediction.store_id].append(prediction.entity)
        keys = {store_id: self._keys.open_keys(store_id, of) for store_id, of in people.items()}
        self._log.append(
            [
                self._sealed(prediction, key)
                for prediction in predictions
                if (key := keys[prediction.store_id].get(prediction.entity)) is not None
            ]
        )

    def _sealed(self, prediction: Prediction, key: bytes) -> SealedEvent:
        identity = delivery_key(prediction.store_id, prediction.prediction_id)
        sealed = seal(
            key,
            encode(prediction),
            aad(prediction.store_id, TOPIC, identity),
            self._nonces(NONCE_BYTES),
        )
        return SealedEvent(
            store_id=prediction.store_id,
            topic=TOPIC,
            delivery_id=prediction.prediction_id,
            triggered_us=None,
            received_us=prediction.predicted_us,
            api_version=None,
            subject_kind="customer",
            subject=prediction.entity,
            delivery_key=identity,
            content_key=None,
            sealed=sealed,
        )


def encode(prediction: Prediction) -> bytes:
    """Write a prediction as JSON; the pseudonym in base64."""
    return msgspec.json.encode(prediction)


def decode(body: bytes) -> Prediction:
    """Read a prediction back from a log body."""
    return msgspec.json.decode(body, type=Prediction)
