"""Definitions: they give values a type, are bounded in number, and standard ones are enabled."""

from typing import Any

import pytest
from asked_shop import DEFINE, ENABLE, AskedShop, wanted

from shopwright.simulator.admin.access import APP_NUMBER
from shopwright.simulator.admin.definitions import OF_A_TYPE_MAX, RECOMMENDATIONS

LIST = """query List($owner: MetafieldOwnerType!, $key: String) {
  metafieldDefinitions(ownerType: $owner, first: 250, key: $key) { nodes { id namespace key } }
}"""


@pytest.fixture
def shop() -> AskedShop:
    return AskedShop()


def asked(**more: Any) -> dict[str, Any]:
    return {"ownerType": "PRODUCT", "key": "score", "name": "Score", "type": "json", **more}


def code(payload: Any) -> str:
    assert payload["createdDefinition"] is None
    (found,) = payload["userErrors"]
    return str(found["code"])


def test_a_definition_gives_its_type(shop: AskedShop) -> None:
    access = {"admin": "MERCHANT_READ", "storefront": "NONE"}
    made = shop.ask(DEFINE, definition=asked(access=access))["createdDefinition"]
    assert made["namespace"] == f"app--{APP_NUMBER}"
    assert made["access"] == access
    product = shop.products[0]
    (one,) = shop.set({"ownerId": product, "key": "score", "value": "[1]"})["metafields"]
    assert one["type"] == "json"
    (wrong,) = shop.set(wanted(product, "true", type="boolean"))["userErrors"]
    assert (wrong["field"], wrong["code"]) == (["metafields", "0", "type"], "INVALID_TYPE")
    # The same name on a customer is another one.
    assert shop.set(wanted(shop.customers[0], "true", type="boolean"))["userErrors"] == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"key": "k"}, "TOO_SHORT"),
        ({"key": "k" * 65}, "TOO_LONG"),
        ({"key": "a key"}, "INVALID_CHARACTER"),
        ({"name": " "}, "BLANK"),
        ({"name": "n" * 256}, "TOO_LONG"),
        ({"type": "rating"}, "INCLUSION"),
        ({"namespace": "app--1"}, "RESERVED_NAMESPACE_KEY"),
        ({"namespace": RECOMMENDATIONS}, "RESERVED_NAMESPACE_KEY"),
        (
            {"namespace": "custom", "access": {"admin": "MERCHANT_READ"}},
            "ADMIN_ACCESS_INPUT_NOT_ALLOWED",
        ),
    ],
)
def test_what_cannot_be_defined(shop: AskedShop, more: dict[str, Any], expected: str) -> None:
    assert code(shop.ask(DEFINE, definition=asked(**more))) == expected


def test_a_name_is_taken_once_and_not_over_other_values(shop: AskedShop) -> None:
    shop.ask(DEFINE, definition=asked())
    assert code(shop.ask(DEFINE, definition=asked())) == "TAKEN"
    shop.set(wanted(shop.products[0], "1", key="rank"))
    unlike = asked(key="rank", type="boolean")
    assert code(shop.ask(DEFINE, definition=unlike)) == "UNSTRUCTURED_ALREADY_EXISTS"
    assert shop.ask(DEFINE, definition=asked(key="rank"))["userErrors"] == []


def test_256_for_each_owner_type_and_app(shop: AskedShop) -> None:
    for number in range(OF_A_TYPE_MAX):
        made = shop.ask(DEFINE, definition=asked(key=f"key{number}"))
        assert made["userErrors"] == []
    over = shop.ask(DEFINE, definition=asked(key="another"))
    assert code(over) == "RESOURCE_TYPE_LIMIT_EXCEEDED_BY_APP"
    for other in ({"ownerType": "CUSTOMER"}, {"namespace": "custom"}):
        assert shop.ask(DEFINE, definition=asked(key="another", **other))["userErrors"] == []
    assert len(shop.ask(LIST, owner="PRODUCT")["nodes"]) == 250
    (only,) = shop.ask(LIST, owner="PRODUCT", key="key7")["nodes"]
    assert only["key"] == "key7"


@pytest.mark.parametrize("key", ["related_products", "complementary_products"])
def test_recommendations_are_enabled_before_they_are_written(shop: AskedShop, key: str) -> None:
    one, other = shop.products[:2]
    products = {
        "ownerId": one,
        "namespace": RECOMMENDATIONS,
        "key": key,
        "value": f'["{other}"]',
    }
    (early,) = shop.set(products | {"type": "list.product_reference"})["userErrors"]
    assert early["code"] == "APP_NOT_AUTHORIZED"
    made = shop.ask(ENABLE, key=key, access={"storefront": "PUBLIC_READ"})
    assert made["createdDefinition"]["type"]["name"] == "list.product_reference"
    assert shop.set(products)["userErrors"] == []
    assert shop.read(one, key, RECOMMENDATIONS)["value"] == f'["{other}"]'
    assert code(shop.ask(ENABLE, key=key)) == "TAKEN"


def test_what_cannot_be_enabled(shop: AskedShop) -> None:
    assert code(shop.ask(ENABLE, key="no_such")) == "TEMPLATE_NOT_FOUND"
    wanting = shop.ask(ENABLE, key="related_products", access={"admin": "MERCHANT_READ"})
    assert code(wanting) == "ADMIN_ACCESS_INPUT_NOT_ALLOWED"


def test_defining_needs_the_scope_of_the_owner() -> None:
    shop = AskedShop(frozenset({"read_products"}))
    for document, given in (
        (DEFINE, {"definition": asked()}),
        (ENABLE, {"key": "related_products"}),
    ):
        (error,) = shop.answer(document, **given)["errors"]
        assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert shop.ask(LIST, owner="PRODUCT")["nodes"] == []
