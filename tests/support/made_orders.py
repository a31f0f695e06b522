"""Files of order lines for imports: a year of one small shop, enough to train on."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

CUSTOMERS = 400


PERIODS_DAYS = (24.0, 42.0, 66.0, 95.0)
"""People who order by the clock: whether they are due depends on recency over their own rhythm. No
straight line through the features can say that, so trees beat every baseline whatever the folds."""


def order_rows(end: datetime, seed: int = 5) -> list[dict[str, object]]:
    """Return a year of orders until ``end``: most keep a rhythm, a quarter comes once.

    The first one, customer 1000, orders about every fifth day and never stops.
    """
    chance = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for customer in range(CUSTOMERS):
        for day in _days(customer, chance):
            at = end - timedelta(days=365 - day)
            rows.append(
                {
                    "invoice": str(100_000 + len(rows)),
                    "sku": "10001",
                    "description": "White mug",
                    "quantity": int(chance.integers(1, 5)),
                    "invoice_date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "unit_price": "12.50",
                    "customer_id": str(1_000 + customer),
                }
            )
    return rows


def _days(customer: int, chance: np.random.Generator) -> list[float]:
    """Return the days of the year on which a customer orders."""
    once = customer % 4 == 3
    period = 5.0 if customer == 0 else PERIODS_DAYS[int(chance.integers(len(PERIODS_DAYS)))]
    day = float(chance.uniform(0.0, 250.0 if once else period))
    days = []
    while day < 365.0:
        days.append(day)
        if once:
            break
        day += period * float(chance.normal(1.0, 0.04))
    return days


def write_csv(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """Write the rows as an import reads them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
