"""Turns everything that was told of a product into the versions of it that were known in time."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import UNTIL_FOREVER_US
from shopwright.core.types.product import ProductFact, ProductVersion, Variant

_canonical = msgspec.msgpack.Encoder().encode


class _State(NamedTuple):
    title: str
    category: str
    status: str
    deleted: bool
    variants: tuple[Variant, ...]


def chain(
    store_id: StoreId, product_id: str, tellings: Sequence[Telling]
) -> tuple[ProductVersion, ...]:
    """Return the product's versions, oldest first; a function of the set of tellings.

    A version is known from its telling's ``updated_us``; of two tellings of one instant the newer
    wins. A deletion ends the line: it keeps what was last known, and nothing follows it.
    """
    states: list[tuple[int, _State]] = []
    for known_us, state in _states(tellings):
        if states and states[-1][0] == known_us:
            states.pop()
        if not states or states[-1][1] != state:
            states.append((known_us, state))
    ends_us = [known_us for known_us, _ in states[1:]] + [UNTIL_FOREVER_US]
    return tuple(
        ProductVersion(
            store_id=store_id,
            product_id=product_id,
            version=number,
            known_us=known_us,
            known_until_us=until_us,
            title=state.title,
            category=state.category,
            status=state.status,
            deleted=state.deleted,
            variants=state.variants,
        )
        for number, ((known_us, state), until_us) in enumerate(
            zip(states, ends_us[: len(states)], strict=True)
        )
    )


def _states(tellings: Sequence[Telling]) -> list[tuple[int, _State]]:
    facts = sorted((t for t in tellings if isinstance(t, ProductFact)), key=_age)
    told = _told([fact for fact in facts if not fact.deleted])
    deleted_us = min((fact.updated_us for fact in facts if fact.deleted), default=None)
    if deleted_us is None:
        return told
    before = [(known_us, state) for known_us, state in told if known_us <= deleted_us]
    last = before[-1][1] if before else _State("", "", "", False, ())
    return [*before, (deleted_us, last._replace(deleted=True))]


def _told(facts: Sequence[ProductFact]) -> list[tuple[int, _State]]:
    """Return each telling's state; what one leaves untold of a variant stays as it was."""
    told: list[tuple[int, _State]] = []
    known: dict[str, Variant] = {}
    for fact in facts:
        kept = [known[one] for one in fact.untold if one in known]
        known = {variant.variant_id: variant for variant in (*fact.variants, *kept)}
        variants = tuple(known[one] for one in sorted(known, key=lambda one: (len(one), one)))
        state = _State(fact.title, fact.category, fact.status, False, variants)
        told.append((fact.updated_us, state))
    return told


def _age(fact: ProductFact) -> tuple[int, bool, int, bytes]:
    # Of two tellings of one instant the one that leaves nothing untold is the newer.
    return fact.updated_us, not fact.untold, fact.triggered_us, _canonical(fact)
