"""A product's versions: what its tellings say, each from its own date, a deletion last."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from shop_payloads import STORE

from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import UNTIL_FOREVER_US
from shopwright.core.types.product import ProductFact, ProductVersion, Variant
from shopwright.events.order_chain import gather
from shopwright.events.product_chain import chain

MUG = ProductFact(
    product_id="501",
    updated_us=100,
    triggered_us=0,
    title="Mug",
    category="Mugs",
    status="active",
    vendor="Potter",
    deleted=False,
    variants=(
        Variant(
            variant_id="601",
            sku="MUG",
            title="Blue",
            price_minor=1000,
            stock=3,
            inventory_item_id="701",
        ),
    ),
)
GONE = replace(MUG, updated_us=300, deleted=True, title="", category="", status="", variants=())


def draw(*tellings: Telling) -> tuple[ProductVersion, ...]:
    return chain(STORE.store_id, "501", tellings)


def test_nothing_told_is_no_version() -> None:
    assert draw() == ()


def test_one_telling_is_one_version() -> None:
    assert draw(MUG) == (
        ProductVersion(
            store_id=STORE.store_id,
            product_id="501",
            version=0,
            known_us=100,
            known_until_us=UNTIL_FOREVER_US,
            title="Mug",
            category="Mugs",
            status="active",
            deleted=False,
            variants=MUG.variants,
        ),
    )


def test_a_deletion_keeps_what_was_known_and_ends_the_line() -> None:
    late_echo = replace(MUG, updated_us=400, title="Cup")
    versions = draw(late_echo, GONE, MUG)
    assert [(v.known_us, v.known_until_us, v.title, v.deleted) for v in versions] == [
        (100, 300, "Mug", False),
        (300, UNTIL_FOREVER_US, "Mug", True),
    ]
    (only,) = draw(GONE)
    assert (only.title, only.deleted, only.variants) == ("", True, ())


def test_of_one_instant_the_newest_telling_wins() -> None:
    first = replace(MUG, updated_us=200, triggered_us=1, title="Cup")
    second = replace(MUG, updated_us=200, triggered_us=2, title="Bowl")
    assert [v.title for v in draw(second, MUG, first)] == ["Mug", "Bowl"]
    back_again = replace(MUG, updated_us=200, triggered_us=3)
    assert [v.title for v in draw(second, MUG, first, back_again)] == ["Mug"]


def test_a_vendor_is_no_part_of_a_version() -> None:
    assert len(draw(MUG, replace(MUG, updated_us=200, vendor="Other"))) == 1


facts = st.builds(
    replace,
    st.just(MUG),
    updated_us=st.integers(100, 110),
    triggered_us=st.integers(0, 2),
    title=st.sampled_from("ab"),
    deleted=st.sampled_from([False, False, False, True]),
)


@given(st.lists(facts, max_size=8), st.data())
def test_versions_partition_time_whatever_the_order_of_arrival(
    told: list[Telling], data: st.DataObject
) -> None:
    versions = draw(*told)
    assert draw(*data.draw(st.permutations(told + told))) == versions
    assert draw(*gather(told, ())) == versions
    assert bool(versions) == bool(told)
    for number, version in enumerate(versions):
        assert version.version == number
        assert version.known_us < version.known_until_us
        last = number == len(versions) - 1
        assert last == (version.known_until_us == UNTIL_FOREVER_US)
        if not last:
            after = versions[number + 1]
            assert version.known_until_us == after.known_us
            assert not version.deleted
            changed = {"version": 0, "known_us": 0, "known_until_us": 0}
            assert replace(version, **changed) != replace(after, **changed)


@given(st.lists(facts, min_size=1, max_size=8), st.integers(101, 112))
def test_the_newest_telling_known_before_an_instant_is_what_is_read(
    told: list[ProductFact], as_of: int
) -> None:
    alive = [v for v in draw(*told) if v.known_us < as_of <= v.known_until_us]
    known = [fact for fact in told if fact.updated_us < as_of]
    assert len(alive) == (1 if known else 0)
    if alive:
        assert alive[0].deleted == any(fact.deleted for fact in known)
    if known and not any(fact.deleted for fact in known):
        newest = max(known, key=lambda f: (f.updated_us, f.triggered_us, msgspec.msgpack.encode(f)))
        assert alive[0].title == newest.title
