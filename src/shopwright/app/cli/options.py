"""Options that several commands share, each checked as it is read."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from shopwright.core.clock import Clock, from_datetime
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId, store_id_of
from shopwright.training.tasks import TASKS

DOMAIN = ".myshopify.com"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Command = TypeVar("Command", bound=Callable[..., Any])


class StoreParam(click.ParamType[StoreId]):
    """A store's permanent domain; its first part alone is enough."""

    name = "store"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> StoreId:
        """Return the domain in full and in lower case; fail for anything else."""
        domain = value.strip()
        found = store_id_of(domain if "." in domain else domain + DOMAIN)
        if found is None:
            self.fail(f"{value!r} is not a store; expected my-store{DOMAIN}.", param, ctx)
        return found


STORE = StoreParam()


def store_option(command: Command) -> Command:
    """Add ``--store``, which must be given."""
    return click.option("--store", type=STORE, required=True, help="The store's domain.")(command)


def as_of_option(meaning: str) -> Callable[[Command], Command]:
    """Add ``--as-of``."""
    return click.option(
        "--as-of", metavar="INSTANT", help=f"{meaning} A bare date is midnight in the store's zone."
    )


def task_option(command: Command) -> Command:
    """Add ``--task``."""
    return click.option(
        "--task",
        type=click.Choice(sorted(TASKS)),
        default="propensity",
        show_default=True,
        help="What the model predicts.",
    )(command)


def instant_or_now(text: str | None, timezone: str, clock: Clock) -> int:
    """Return an instant that was asked for, or now. Raises BadInput for one in the future."""
    now_us = clock.now_us()
    asked_us = now_us if text is None else read_instant(text, timezone)
    if asked_us > now_us:
        raise BadInput(f"{text}: this instant lies in the future; nothing is known of it yet")
    return asked_us


def read_instant(text: str, timezone: str) -> int:
    """Return an ISO instant as epoch microseconds; a bare date is midnight in the zone.

    A day whose midnight a clock change skips or repeats begins at its first instant. Raises
    BadInput; a time of day without a zone is refused, because two readers could differ on it.
    """
    try:
        if _DATE.fullmatch(text):
            midnight = datetime.combine(date.fromisoformat(text), time(), ZoneInfo(timezone))
            return from_datetime(midnight)
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{text!r} is not an instant; expected 2026-11-23 or 2026-11-23T18:30:00Z"
        ) from error
    if instant.tzinfo is None:
        raise BadInput(f"{text!r} has no time zone; add Z for UTC or an offset such as +01:00")
    return from_datetime(instant)
