"""Laws of writing metafields, against the obvious: a dictionary that is changed as a whole."""

from functools import lru_cache
from typing import Any

from asked_shop import DELETE, AskedShop, wanted
from hypothesis import given, settings
from hypothesis import strategies as st

KEYS = ("one", "two", "six")
VALUES = ("1", "2", "[3]")
BROKEN = "{"


@lru_cache
def _shared() -> AskedShop:
    return AskedShop()


def fresh() -> AskedShop:
    """Return a shop without metafields; the rest of it is made once."""
    shop = _shared()
    names = [
        {"ownerId": owner, "namespace": "$app", "key": key}
        for owner in shop.products[:3]
        for key in KEYS
    ]
    shop.ask(DELETE, metafields=names)
    return shop


place = st.tuples(st.integers(0, 2), st.sampled_from(KEYS))
digest = st.sampled_from(["absent", "null", "current", "other"])
batch = st.lists(
    st.tuples(place, st.sampled_from((*VALUES, BROKEN)), digest),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
)


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(batch, max_size=6))
def test_batches_change_everything_or_nothing(batches: list[Any]) -> None:
    shop = fresh()
    model: dict[tuple[str, str], str] = {}
    digests: dict[str, str] = {}
    for asked in batches:
        inputs, expected, is_good = [], dict(model), True
        for (number, key), value, kind in asked:
            owner = shop.products[number]
            there = model.get((owner, key))
            one = wanted(owner, value, key=key)
            if kind != "absent":
                known = digests[there] if there is not None else None
                one["compareDigest"] = {"null": None, "other": "0" * 64}.get(kind, known)
                is_good &= one["compareDigest"] == known
            is_good &= value != BROKEN
            expected[owner, key] = value
            inputs.append(one)
        payload = shop.set(*inputs)
        assert (payload["userErrors"] == []) == is_good
        if is_good:
            model = expected
            digests |= {one["value"]: one["compareDigest"] for one in payload["metafields"]}
        for owner in shop.products[:3]:
            for key in KEYS:
                found = shop.read(owner, key)
                assert (found and found["value"]) == model.get((owner, key))


@settings(max_examples=60, deadline=None)
@given(
    before=st.none() | st.integers(0, 9),
    mine=st.integers(10, 19),
    theirs=st.integers(20, 29),
    first=st.booleans(),
)
def test_of_two_writers_who_read_the_same_exactly_one_wins(
    before: int | None, mine: int, theirs: int, first: bool
) -> None:
    shop = fresh()
    product = shop.products[0]
    if before is not None:
        shop.set(wanted(product, str(before), key="one"))
    read = shop.read(product, "one")
    seen = read["compareDigest"] if read else None
    order = [mine, theirs] if first else [theirs, mine]
    won = [
        value
        for value in order
        if not shop.set(wanted(product, str(value), key="one", compareDigest=seen))["userErrors"]
    ]
    assert won == order[:1]
    assert shop.read(product, "one")["value"] == str(order[0])


text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1).filter(
    str.strip
)


@settings(max_examples=80, deadline=None)
@given(values=st.lists(text, min_size=2, max_size=4))
def test_a_text_comes_back_as_it_was_and_its_digest_is_its_own(values: list[str]) -> None:
    shop = fresh()
    product = shop.products[0]
    digests = {}
    for value in values * 2:
        one = wanted(product, value, key="one", type="single_line_text_field")
        (written,) = shop.set(one)["metafields"]
        found = shop.read(product, "one")
        assert found["value"] == written["value"] == value
        assert digests.setdefault(value, found["compareDigest"]) == found["compareDigest"]
    assert len(set(digests.values())) == len(set(values))
