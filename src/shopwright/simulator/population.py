"""Who comes to a shop, when, and with which hidden habits."""

from bisect import bisect_left

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from shopwright.simulator.people import Address, Identity
from shopwright.simulator.rhythm import Habit
from shopwright.simulator.temperament import Temperament


class Cycle(Struct, frozen=True):
    """What a purchase (or, first of all, the arrival) left behind: the hidden state from then."""

    start_us: int
    habit: Habit
    gone: bool
    """The purchase was the last one."""


class Account(Struct, kw_only=True):
    """What the shop knows a person by; a few people have two."""

    customer_id: int
    identity: Identity
    created_us: int
    addresses: list[tuple[int, Address]]
    """(from when, where), oldest first."""
    ordered_us: list[int]
    merged_into: int | None = None
    merged_us: int | None = None

    def address_at(self, us: int) -> Address:
        """Return where the account's owner lived at an instant."""
        known = [address for since, address in self.addresses if since <= us]
        return known[-1] if known else self.addresses[0][1]

    def updated_at(self, us: int) -> int:
        """Return when the shop's record of the customer last changed, as of an instant."""
        moves = (since for since, _ in self.addresses)
        changes = (at for at in (*moves, *self.ordered_us) if at <= us)
        return max((self.created_us, *changes))


class Person(Struct, kw_only=True):
    """One customer: habits that no feature shows, and what they have led to so far."""

    temperament: Temperament
    tastes: npt.NDArray[np.float64]
    """Weight of each category, adding up to 1."""
    price_response: float
    discount_affinity: float
    refund_habit: float
    """Chance that an order disappoints: goods go back, and what follows comes later or never."""
    cycles: list[Cycle]
    accounts: list[Account]
    """The first is the main one."""

    def cycle_at(self, as_of_us: int) -> Cycle | None:
        """Return the state as of an instant, a purchase at it not included; None before arrival."""
        index = bisect_left(self.cycles, as_of_us, key=lambda cycle: cycle.start_us)
        return self.cycles[index - 1] if index else None


def draw_person(
    temperament: Temperament, categories: int, arrived_us: int, rng: np.random.Generator
) -> Person:
    """Draw somebody of a temperament, without an account as yet."""
    even, sure = temperament.evenness, temperament.dropout_certainty
    habit = Habit(
        rate=max(1e-4, float(rng.gamma(even, 1.0 / (even * temperament.gap_days)))),
        rhythm=temperament.rhythm,
        dropout=float(rng.beta(temperament.dropout * sure, (1.0 - temperament.dropout) * sure)),
    )
    affinity = min(0.97, max(0.0, temperament.discount_affinity + float(rng.normal(0.0, 0.1))))
    return Person(
        temperament=temperament,
        tastes=rng.dirichlet(np.full(categories, 0.5)),
        price_response=temperament.price_response * float(rng.gamma(8.0, 1.0 / 8.0)),
        discount_affinity=affinity if temperament.discount_affinity else 0.0,
        refund_habit=min(0.6, float(rng.gamma(0.5, 2.0 * temperament.refund_habit))),
        cycles=[Cycle(arrived_us, habit, gone=False)],
        accounts=[],
    )


SOURED_RATE = 0.5
"""A customer whose order disappointed buys at half the pace afterwards …"""
SOURED_LOSS = 0.35
"""… if at all: this share of those who would have stayed leave as well."""


def after_purchase(
    habit: Habit, at_us: int, *, disappointed: bool, rng: np.random.Generator
) -> Cycle:
    """Return the hidden state that a purchase leaves behind."""
    loss = habit.dropout + (SOURED_LOSS * (1.0 - habit.dropout) if disappointed else 0.0)
    if disappointed:
        habit = Habit(habit.rate * SOURED_RATE, habit.rhythm, habit.dropout)
    return Cycle(at_us, habit, gone=bool(rng.random() < loss))
