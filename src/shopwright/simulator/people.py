"""Invented people: names, e-mail addresses at example.com, streets and telephone numbers.

Nobody here exists. Each has an address of their own, so a test that finds one where only
pseudonyms belong knows whose data leaked.
"""

import numpy as np
from msgspec import Struct

from shopwright.simulator.profile import Country, Place, TaxLine


class Address(Struct, frozen=True, kw_only=True):
    """Where somebody lives."""

    address_id: int
    street: str
    place: Place
    zip_code: str

    @property
    def taxes(self) -> tuple[TaxLine, ...]:
        """Return the taxes of the place; empty where the store's own apply."""
        return self.place.taxes


class Identity(Struct, frozen=True, kw_only=True):
    """Who somebody is, as far as a shop is told."""

    first_name: str
    last_name: str
    email: str
    phone: str
    company: str | None


def draw_identity(
    country: Country, number: int, *, trader: bool, rng: np.random.Generator
) -> Identity:
    """Return a new person; ``number`` makes the e-mail address and the telephone unique."""
    first = str(rng.choice(country.first_names))
    last = str(rng.choice(country.last_names))
    plain = f"{first}.{last}".lower().replace(" ", "").replace("'", "")
    return Identity(
        first_name=first,
        last_name=last,
        email=f"{plain}.{number}@example.com",
        phone=_fill_end(country.phone_pattern, number),
        company=f"{last} & Daughters No {number}" if trader else None,
    )


def draw_address(
    country: Country, address_id: int, number: int, rng: np.random.Generator
) -> Address:
    """Return an address; house numbers make streets unique within a store."""
    place = country.places[int(rng.integers(len(country.places)))]
    digits = "".join(str(rng.integers(10)) if mark == "#" else mark for mark in place.zip_pattern)
    return Address(
        address_id=address_id,
        street=f"{number} {rng.choice(country.streets)}",
        place=place,
        zip_code=digits,
    )


def _fill_end(pattern: str, number: int) -> str:
    """Put a number's digits into the ``#`` of a pattern, right-aligned."""
    digits = str(number).zfill(pattern.count("#"))[-pattern.count("#") :]
    supply = iter(digits)
    return "".join(next(supply) if mark == "#" else mark for mark in pattern)
