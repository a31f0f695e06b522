"""Entity → packed record → features as of this instant → proven scorer → prediction."""

import logging
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from shopwright.core.clock import Clock
from shopwright.core.errors import NotReady, ShopwrightError
from shopwright.core.money import minor_per_major
from shopwright.core.ports import Decisions, KeyStore, ModelRegistry, OnlineStore, Stores
from shopwright.core.types.feature import FeatureValue, FeatureVector, PackedRecord
from shopwright.core.types.identity import ModelVersion, Pseudonym, StoreId
from shopwright.core.types.model import ModelManifest
from shopwright.core.types.prediction import Prediction
from shopwright.features.definitions import CUSTOMER, VIEWS
from shopwright.features.item_view import ItemView
from shopwright.features.joined import JoinedViews, joined_of
from shopwright.features.record import evaluate, evaluate_versions
from shopwright.features.tiles import Tiles, answers_from, evaluate_tiles, unpack_tiles
from shopwright.features.view import FeatureView
from shopwright.pipelines.standing import Slot, standings
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.pseudonyms import parse, plain_id
from shopwright.training.calibration import probabilities
from shopwright.training.feature_rows import rows_of
from shopwright.training.serving_scorer import Scorer, check_model, open_scorer

log = logging.getLogger("predict")

ID_BYTES = 16


class ServedModel(Struct, frozen=True, kw_only=True):
    """A model in memory whose scorer has reproduced XGBoost's bits."""

    version: ModelVersion
    manifest: ModelManifest
    joined: JoinedViews
    """What it is asked with."""
    scorer: Scorer
    files: Mapping[str, bytes]


class Answer(Struct, frozen=True, kw_only=True):
    """What is said to one question."""

    model: ServedModel | None
    """None when no model serves this store and task."""
    predictions: Sequence[Prediction | None]
    """One for each entity; None for somebody without a valid order."""


class Scoring:
    """Scores from the online store; holds the champions of every store in memory."""

    def __init__(  # noqa: PLR0913 - one for each port that it works on
        self,
        *,
        online: OnlineStore,
        stores: Stores,
        keys: KeyStore,
        registry: ModelRegistry,
        decisions: Decisions,
        clock: Clock,
        nonces: Callable[[int], bytes],
        views: Sequence[FeatureView] = VIEWS,
    ) -> None:
        self._online = online
        self._stores = stores
        self._store_keys = StoreKeys(keys)
        self._registry = registry
        self._decisions = decisions
        self._clock = clock
        self._nonces = nonces
        self._views = views
        self._served: dict[Slot, ServedModel] = {}
        self._refused: dict[Slot, ModelVersion] = {}

    def refresh(self) -> None:
        """Load what the decision log names; a model that fails its proof leaves the last good one.

        Runs beside ``score``: a slot changes from one whole model to another, never half.
        """
        for slot, standing in standings(self._decisions.of(None, None)).items():
            wanted = standing.champion
            served = self._served.get(slot)
            if wanted is None:
                self._served.pop(slot, None)
            elif (served is None or served.version != wanted) and self._refused.get(slot) != wanted:
                self._load(slot, wanted)

    def _load(self, slot: Slot, version: ModelVersion) -> None:
        store_id, task = slot
        try:
            stored = self._registry.fetch(version)
            joined = joined_of(stored.manifest.view, self._views)
            check_model(stored, store_id, task, joined.names)
            self._served[slot] = ServedModel(
                version=version,
                manifest=stored.manifest,
                joined=joined,
                scorer=open_scorer(stored),
                files=stored.files,
            )
        except ShopwrightError as error:
            # Remembered, so that a damaged file is not read again every second.
            self._refused[slot] = version
            log.error("%s: model %s is not served: %s", store_id, version[:12], error)

    def served(self, store_id: StoreId, task: str) -> ServedModel | None:
        """Return the model that answers now."""
        return self._served.get((store_id, task))

    def score(
        self, store_id: StoreId, task: str, entities: Sequence[Pseudonym], now_us: int
    ) -> Answer:
        """Score entities as of now. Raises UnknownStore, NotReady."""
        model = self._served.get((store_id, task))
        if model is None:
            return Answer(model=None, predictions=[None] * len(entities))
        mpm = minor_per_major(self._stores.get(store_id).currency)
        records = self._online.read(store_id, CUSTOMER.name, entities)
        vectors = {
            entity: evaluate(CUSTOMER, record.state, now_us, mpm)
            for entity, record in records.items()
        }
        for view in model.joined.views[1:]:
            self._add(view, store_id, vectors, now_us, mpm)
        known = [entity for entity, values in vectors.items() if values["orders_total"]]
        margins = model.scorer.margins(rows_of([vectors[e] for e in known], model.joined.names))
        scores = probabilities(margins, model.manifest.calibration)
        made = {
            entity: Prediction(
                prediction_id=self._nonces(ID_BYTES).hex(),
                store_id=store_id,
                task=task,
                entity=entity,
                model_version=model.version,
                arm="champion",
                predicted_us=now_us,
                margin=float(margin),
                score=float(score),
                view=model.joined.label,
                features=vectors[entity],
                feature_received_us=records[entity].received_us,
            )
            for entity, margin, score in zip(known, margins, scores, strict=True)
        }
        return Answer(model=model, predictions=[made.get(entity) for entity in entities])

    def _add(
        self,
        view: FeatureView,
        store_id: StoreId,
        vectors: Mapping[Pseudonym, dict[str, FeatureValue]],
        now_us: int,
        mpm: int,
    ) -> None:
        """Add a further view's features to what is known of each entity."""
        records = self._online.read(store_id, view.name, list(vectors))
        for entity, values in vectors.items():
            if entity not in records:
                raise NotReady(
                    f"{store_id}: the records of {view.label} are still being made; "
                    "ask again in a minute, or see whether the worker runs"
                )
            values.update(evaluate(view, records[entity].state, now_us, mpm))

    def vector(
        self, store_id: StoreId, entity: Pseudonym, now_us: int, view: FeatureView = CUSTOMER
    ) -> tuple[FeatureVector, PackedRecord | None]:
        """Return a view's features of an entity as of now, and the record behind them.

        Somebody nothing is known of has the vector of an empty history.
        """
        mpm = minor_per_major(self._stores.get(store_id).currency)
        record = self._online.read(store_id, view.name, [entity]).get(entity)
        values = (
            evaluate(view, record.state, now_us, mpm)
            if record is not None
            else evaluate_versions(view, (), now_us, mpm)
        )
        vector = FeatureVector(
            store_id=store_id, entity=entity, view=view.label, as_of_us=now_us, values=values
        )
        return vector, record

    def item_vector(
        self, store_id: StoreId, entity: Pseudonym, now_us: int, view: ItemView
    ) -> tuple[FeatureVector, PackedRecord | None]:
        """Return what is known of a thing that is sold, and the record behind it.

        The vector says as of which instant: moments later than now where Shopify's clock is ahead.
        """
        store = self._stores.get(store_id)
        record = self._online.read(store_id, view.name, [entity]).get(entity)
        tiles = (
            unpack_tiles(view, record.state)
            if record is not None
            else Tiles(zone=store.timezone, known_us=0, days={}, buyers={})
        )
        as_of_us = answers_from(tiles, now_us)
        values = evaluate_tiles(view, tiles, as_of_us, minor_per_major(store.currency))
        vector = FeatureVector(
            store_id=store_id, entity=entity, view=view.label, as_of_us=as_of_us, values=values
        )
        return vector, record

    def pseudonym_of(self, store_id: StoreId, entity_text: str) -> Pseudonym:
        """Read a customer's id, gid or pseudonym. Raises BadInput, UnknownStore."""
        found = parse(entity_text)
        if found is not None:
            return found
        store = self._stores.get(store_id)
        return self._store_keys.pseudonymiser(store.store_id)("customer", plain_id(entity_text))
