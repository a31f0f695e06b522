"""Files of order lines for imports: a year of one small shop, enough to train on."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

CUSTOMERS = 400


def order_rows(end: datetime, seed: int = 5) -> list[dict[str, object]]:
    """Return a year of orders until ``end``: customers differ in how often they order, some stop.

    The first one, customer 1000, orders about every fifth day and never stops.
    """
    chance = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    rates = chance.gamma(0.8, 0.03, CUSTOMERS) + 0.002
    rates[0] = 0.2
    for customer, rate in enumerate(rates):
        day = float(chance.uniform(0, 300))
        last = day + chance.exponential(250) if customer else 365.0
        while day < min(365.0, last):
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
            day += float(chance.exponential(1 / rate))
    return rows


def write_csv(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """Write the rows as an import reads them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
