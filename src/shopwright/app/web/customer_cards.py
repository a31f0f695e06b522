"""Puts together what the console shows of stores and customers."""

from collections.abc import Callable, Sequence

from shopwright.app.web.callers import Caller
from shopwright.app.web.census import Census
from shopwright.app.web.console_types import (
    CustomerCard,
    CustomerPage,
    CustomerRow,
    FeatureCell,
    ModelCard,
    StoreCard,
)
from shopwright.app.web.live import Watch
from shopwright.app.web.predict import age_seconds
from shopwright.app.web.traffic import Traffic
from shopwright.core.clock import Clock, iso
from shopwright.core.money import minor_per_major
from shopwright.core.ports import OnlineStore, Stores
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.prediction import Prediction
from shopwright.core.types.store import Store
from shopwright.features.definitions import CUSTOMER
from shopwright.pipelines.predict import Scoring, ServedModel
from shopwright.privacy.pseudonyms import show

TASK = "propensity"
PRECISION = "pr_auc"
MODEL = "model"


class Cards:
    """Reads stores, records and scores for people."""

    def __init__(
        self,
        *,
        stores: Stores,
        store_of: Callable[[str], Store],
        online: OnlineStore,
        scoring: Scoring,
        watch: Watch,
        traffic: Traffic,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._store_of = store_of
        self._online = online
        self._scoring = scoring
        self._watch = watch
        self._traffic = traffic
        self._clock = clock
        self._census = Census(online, CUSTOMER.name, clock)

    def stores(self, caller: Caller, limit: int) -> Sequence[Store]:
        """Return the first stores by domain, of those that the caller may see."""
        return [store for store in self._stores.all() if caller.may_see(store.store_id)][:limit]

    def who(self, shop: str, entity: str) -> tuple[StoreId, Pseudonym]:
        """Read a store and a customer from a path. Raises UnknownStore, BadInput."""
        store_id = self._store_of(shop).store_id
        return store_id, self._scoring.pseudonym_of(store_id, entity)

    async def store(self, store: Store) -> StoreCard:
        """Return one store at a glance."""
        store_id = store.store_id
        now_us = self._clock.now_us()
        counted = await self._census.of(store_id)
        model = self._scoring.served(store_id, TASK)
        newest_us = max(self._traffic.newest_us(store_id), counted.newest_us if counted else 0)
        return StoreCard(
            store_id=store_id,
            currency=store.currency,
            timezone=store.timezone,
            added_at=iso(store.added_us),
            customers=counted.customers if counted else None,
            last_event_age_seconds=age_seconds(newest_us, now_us),
            webhooks_last_minute=self._traffic.last_minute(store_id, now_us),
            model=_model_card(model) if model else None,
            no_model=None if model else _no_model(store_id),
        )

    async def page(self, shop: str, after: Pseudonym | None, limit: int) -> CustomerPage:
        """Return a store and one page of its customers, scored as of now."""
        store = self._store_of(shop)
        # One more than is shown tells whether there is a next page.
        records = self._online.page(store.store_id, CUSTOMER.name, after, limit + 1)
        shown = [record.entity for record in records[:limit]]
        answered = self._scoring.score(store.store_id, TASK, shown, self._clock.now_us())
        share = _usual_share(answered.model)
        rows = [
            self._row(store.store_id, entity, prediction, share)
            for entity, prediction in zip(shown, answered.predictions, strict=True)
        ]
        return CustomerPage(
            store=await self.store(store),
            customers=tuple(rows),
            next_after=show(shown[-1]) if len(records) > limit else None,
            usual_share=share,
        )

    def customer(self, store_id: StoreId, entity: Pseudonym, *, demo: bool) -> CustomerCard:
        """Return one customer as of now."""
        store = self._store_of(store_id)
        now_us = self._clock.now_us()
        vector, record = self._scoring.vector(store_id, entity, now_us)
        answered = self._scoring.score(store_id, TASK, [entity], now_us)
        (prediction,) = answered.predictions
        model = answered.model
        share = _usual_share(model)
        return CustomerCard(
            store_id=store_id,
            currency=store.currency,
            minor_per_major=minor_per_major(store.currency),
            entity=show(entity),
            as_of=iso(now_us),
            known=record is not None,
            revision=record.revision if record else 0,
            feature_age_seconds=age_seconds(record.received_us if record else 0, now_us),
            features=tuple(
                FeatureCell(
                    name=feature.name,
                    value=vector.values[feature.name],
                    unit=feature.unit,
                    kind=feature.kind,
                    says=feature.says,
                )
                for feature in CUSTOMER.features
            ),
            score=prediction.score if prediction else None,
            band=_band(prediction, share),
            usual_share=share,
            model_version=model.version if model else None,
            horizon_days=model.manifest.horizon_days if model else None,
            no_model=None if model else _no_model(store_id),
            change=self._watch.latest((store_id, entity)),
            demo=demo,
        )

    def _row(
        self,
        store_id: StoreId,
        entity: Pseudonym,
        prediction: Prediction | None,
        share: float | None,
    ) -> CustomerRow:
        if prediction is None:
            vector, _ = self._scoring.vector(store_id, entity, self._clock.now_us())
            values = vector.values
        else:
            values = prediction.features
        return CustomerRow(
            entity=show(entity),
            score=prediction.score if prediction else None,
            band=_band(prediction, share),
            orders_total=values.get("orders_total"),
            recency_days=values.get("recency_days"),
            net_spend_total=values.get("net_spend_total"),
        )


def _model_card(model: ServedModel) -> ModelCard:
    manifest = model.manifest
    figures = {name: scores.get(PRECISION) for name, scores in manifest.figures.items()}
    return ModelCard(
        version=model.version,
        horizon_days=manifest.horizon_days,
        trained_as_of=iso(manifest.as_of_us),
        rows=manifest.rows,
        positives=manifest.positives,
        average_precision=figures.pop(MODEL, None),
        baselines={name: score for name, score in figures.items() if score is not None},
    )


def _usual_share(model: ServedModel | None) -> float | None:
    if model is None or not model.manifest.rows:
        return None
    return model.manifest.positives / model.manifest.rows


def _band(prediction: Prediction | None, usual_share: float | None) -> str | None:
    """Name a score by how it compares with the share of customers who bought in training."""
    if prediction is None or not usual_share:
        return None
    times = prediction.score / usual_share
    if times >= 2:
        return "high"
    if times >= 1.25:
        return "raised"
    return "usual" if times >= 0.5 else "low"


def _no_model(store_id: StoreId) -> str:
    return f"No model serves yet. Train one: shopwright train --store {store_id} --task {TASK}"
