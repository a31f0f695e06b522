"""Spines: which customers at which instants, from a file or at a regular distance."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from shopwright.app.cli.asked import Asked, Pair, SpineRow
from shopwright.app.cli.frame_file import read_columns
from shopwright.app.cli.options import STORE, read_instant
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, from_datetime
from shopwright.core.errors import BadInput
from shopwright.features.item_view import ItemView
from shopwright.features.view import FeatureView

SINCE_DAYS = 90
ROWS_MAX = 10_000_000
_STEP = re.compile(r"([1-9]\d{0,5})([dhm])", re.ASCII)
_UNITS_US = {"d": US_PER_DAY, "h": 3_600 * US_PER_SECOND, "m": 60 * US_PER_SECOND}


View = FeatureView | ItemView


class Regular(NamedTuple):
    """What the options of ``features history --every`` say."""

    every: str
    entities: tuple[str, ...]
    since: str | None
    until: str | None


def spine_pairs(path: Path, asked: Asked, view: View) -> list[Pair]:
    """Read a spine from a file. Raises BadInput naming the row that cannot be read."""
    columns = read_columns(path, ["entity", "as_of"])
    known: dict[str, Any] = {}
    pairs: list[Pair] = []
    both = zip(columns["entity"], columns["as_of"], strict=True)
    for row, (entity, as_of) in enumerate(both, start=1):
        try:
            if entity not in known:
                known[entity] = asked.entity_of(view, str(entity))
            pairs.append((known[entity], _instant(as_of, asked.store.timezone)))
        except BadInput as error:
            raise BadInput(f"{path}: row {row}: {error}") from error
    return pairs


def spine_rows(path: Path, settings: Settings, view: View) -> list[SpineRow]:
    """Read a spine of many stores from a file. Raises BadInput naming the row, UnknownStore."""
    columns = read_columns(path, ["store", "entity", "as_of"])
    asked: dict[str, Asked] = {}
    rows: list[SpineRow] = []
    every = zip(columns["store"], columns["entity"], columns["as_of"], strict=True)
    for row, (store, entity, as_of) in enumerate(every, start=1):
        try:
            if store not in asked:
                asked[store] = Asked(settings, STORE.convert(str(store), None, None))
            of_store = asked[store]
            who = of_store.entity_of(view, str(entity))
            rows.append((of_store.store, who, _instant(as_of, of_store.store.timezone)))
        except (BadInput, click.BadParameter) as error:
            raise BadInput(f"{path}: row {row}: {error}") from error
    return rows


def _instant(value: object, timezone: str) -> int:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadInput(f"{value} has no time zone; store as_of as timestamps in UTC")
        return from_datetime(value)
    if isinstance(value, date):
        return read_instant(value.isoformat(), timezone)
    if isinstance(value, str):
        return read_instant(value, timezone)
    raise BadInput(f"{value!r} is not an instant; store as_of as timestamps or ISO text")


def regular_pairs(regular: Regular, asked: Asked, view: View, now_us: int) -> list[Pair]:
    """Return every customer at every instant from ``since`` to ``until``, both included."""
    if not regular.entities:
        raise BadInput("--every needs at least one --entity")
    step_us = _step(regular.every)
    zone = asked.store.timezone
    until_us = now_us if regular.until is None else read_instant(regular.until, zone)
    since_us = (
        until_us - SINCE_DAYS * US_PER_DAY
        if regular.since is None
        else read_instant(regular.since, zone)
    )
    if since_us > until_us:
        raise BadInput(f"--since {regular.since} lies after the end; turn them round")
    instants = range(since_us, until_us + 1, step_us)
    if len(instants) * len(regular.entities) > ROWS_MAX:
        raise BadInput(f"that is more than {ROWS_MAX:,} rows; take larger steps or a shorter time")
    entities = [asked.entity_of(view, entity) for entity in regular.entities]
    return [(entity, as_of_us) for entity in entities for as_of_us in instants]


def _step(text: str) -> int:
    found = _STEP.fullmatch(text)
    if found is None:
        raise BadInput(f"--every {text!r} is not a length of time; expected 7d, 12h or 30m")
    return int(found[1]) * _UNITS_US[found[2]]
