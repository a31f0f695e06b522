"""A variant's versions say what its product's versions said of it, and nothing twice."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.types.identity import StoreId
from shopwright.core.types.order import UNTIL_FOREVER_US
from shopwright.core.types.product import ProductFact, ProductVersion, Variant, VariantVersion
from shopwright.events import product_chain, variant_chain

STORE = StoreId("a.myshopify.com")

variants = st.builds(
    Variant,
    variant_id=st.sampled_from(["1", "2", "10"]),
    sku=st.sampled_from([None, "A"]),
    title=st.sampled_from(["Blue", "Red"]),
    price_minor=st.integers(1, 2),
    stock=st.integers(0, 2),
    inventory_item_id=st.sampled_from([None, "9"]),
)
facts = st.builds(
    ProductFact,
    product_id=st.just("7"),
    updated_us=st.integers(1, 20),
    triggered_us=st.just(0),
    title=st.sampled_from(["Mug", "Cup"]),
    category=st.just(""),
    status=st.just("active"),
    vendor=st.just(""),
    deleted=st.integers(0, 9).map(lambda one: one == 0),
    variants=st.lists(variants, max_size=3, unique_by=lambda one: one.variant_id).map(tuple),
)


def versions_of(*told: ProductFact, product_id: str = "7") -> tuple[ProductVersion, ...]:
    return product_chain.chain(STORE, product_id, told)


def blue(**changes: object) -> Variant:
    fields: dict[str, object] = {
        "variant_id": "1",
        "sku": "A",
        "title": "Blue",
        "price_minor": 5,
        "stock": 3,
        "inventory_item_id": "9",
    }
    return Variant(**{**fields, **changes})  # type: ignore[arg-type]


def told(updated_us: int, *has: Variant, deleted: bool = False) -> ProductFact:
    return ProductFact(
        product_id="7",
        updated_us=updated_us,
        triggered_us=0,
        title=f"Mug {updated_us}",
        category="",
        status="active",
        vendor="",
        deleted=deleted,
        variants=has,
    )


def spans(versions: tuple[VariantVersion, ...]) -> list[tuple[int, int, int, bool]]:
    return [(v.known_us, v.known_until_us, v.price_minor, v.deleted) for v in versions]


@given(st.lists(facts, max_size=8), st.integers(0, 22))
def test_as_of_any_instant_they_say_what_the_product_said(
    tellings: list[ProductFact], as_of_us: int
) -> None:
    products = versions_of(*tellings)
    said = [
        (one.variant_id, one.sku, one.price_minor, one.inventory_item_id, product.deleted)
        for product in products
        if product.known_us < as_of_us <= product.known_until_us
        for one in product.variants
    ]
    alive = [
        (one.variant_id, one.sku, one.price_minor, one.inventory_item_id, one.deleted)
        for one in variant_chain.chain(products)
        if one.known_us < as_of_us <= one.known_until_us
    ]
    assert sorted(alive, key=str) == sorted(said, key=str)
    assert len({one[0] for one in alive}) == len(alive)


@given(st.lists(facts, max_size=8))
def test_every_version_changes_something(tellings: list[ProductFact]) -> None:
    chained = variant_chain.chain(versions_of(*tellings))
    for one, two in pairwise(chained):
        if one.variant_id == two.variant_id and one.known_until_us == two.known_us:
            assert one.version < two.version
            assert (one.sku, one.price_minor, one.inventory_item_id, one.deleted) != (
                two.sku,
                two.price_minor,
                two.inventory_item_id,
                two.deleted,
            )


def test_a_change_of_something_else_begins_no_version() -> None:
    (only,) = variant_chain.chain(versions_of(told(1, blue()), told(2, blue(stock=0))))
    assert (only.version, only.known_us, only.known_until_us) == (0, 1, UNTIL_FOREVER_US)


def test_a_variant_that_leaves_ends_and_may_return() -> None:
    products = versions_of(told(1, blue()), told(2), told(3, blue(price_minor=6)))
    assert spans(variant_chain.chain(products)) == [
        (1, 2, 5, False),
        (3, UNTIL_FOREVER_US, 6, False),
    ]
    assert [one.version for one in variant_chain.chain(products)] == [0, 2]


def test_one_of_a_deleted_product_ends_and_is_told_as_deleted() -> None:
    products = versions_of(told(1, blue()), told(4, deleted=True))
    assert spans(variant_chain.chain(products)) == [
        (1, 4, 5, False),
        (4, UNTIL_FOREVER_US, 5, True),
    ]


def test_the_same_number_in_two_products_is_two_variants() -> None:
    both = (*versions_of(told(1, blue())), *versions_of(told(2, blue()), product_id="8"))
    chained = variant_chain.chain(both)
    assert [(one.product_id, one.known_us) for one in chained] == [("7", 1), ("8", 2)]
