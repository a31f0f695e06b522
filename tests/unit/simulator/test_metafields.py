"""Metafields of the simulated shop: what is taken, what is refused and in which words."""

import json
from typing import Any

import pytest
from asked_shop import DELETE, DOCUMENTS, READ, SET, AskedShop, wanted
from graphql import parse, validate
from published_schema import published_schema

from shopwright.simulator.admin import metafields as store
from shopwright.simulator.admin.access import APP_NUMBER
from shopwright.simulator.admin.metafield_values import BYTES_MAX, JSON_BYTES_MAX
from shopwright.simulator.admin.scopes import EVERY_SCOPE


@pytest.fixture
def shop() -> AskedShop:
    return AskedShop()


def problem(payload: Any) -> tuple[list[str] | None, str | None]:
    """Return field and code of the only problem; nothing may have been written."""
    (found,) = payload["userErrors"]
    assert payload["metafields"] == []
    assert found["message"]
    return found["field"], found["code"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_asked_here_fits_the_published_schema(name: str) -> None:
    problems = validate(published_schema(), parse(DOCUMENTS[name]))
    assert [one.message for one in problems] == []


def test_what_is_written_is_read_on_product_variant_customer_and_shop(shop: AskedShop) -> None:
    variant = next(iter(shop.holdings.products()))["variants"][0]["id"]
    owners = {
        "product": shop.products[0],
        "productVariant": variant,
        "customer": shop.customers[0],
        "shop": "gid://shopify/Shop/1",
    }
    assert shop.set(*(wanted(one, "[1]") for one in owners.values()))["userErrors"] == []
    for field, owner in owners.items():
        ask = f'(id: "{owner}")' if field != "shop" else ""
        inner = 'id metafield(key: "score") { value namespace ownerType owner { __typename } }'
        found = shop.ask(f"{{ {field}{ask} {{ {inner} }} }}")
        assert found["id"] == owner
        assert found["metafield"]["value"] == "[1]"
        assert found["metafield"]["namespace"] == f"app--{APP_NUMBER}"
        assert found["metafield"]["owner"]["__typename"].lower() == field.lower()


def test_the_app_can_ask_for_its_number(shop: AskedShop) -> None:
    app = shop.ask("{ currentAppInstallation { app { id } } }")["app"]
    assert app["id"] == f"gid://shopify/App/{APP_NUMBER}"


@pytest.mark.parametrize("namespace", [None, "$app", f"app--{APP_NUMBER}"])
def test_the_apps_own_namespace_has_three_names(shop: AskedShop, namespace: str | None) -> None:
    product = shop.products[0]
    shop.set(wanted(product, "1", namespace=namespace))
    assert {shop.read(product, "score", name)["value"] for name in (None, "$app")} == {"1"}


def test_a_namespace_below_the_apps_own(shop: AskedShop) -> None:
    product = shop.products[0]
    shop.set(wanted(product, "1", namespace="$app:recs"), wanted(product, "2"))
    assert shop.read(product, "score", f"app--{APP_NUMBER}--recs")["value"] == "1"
    assert shop.read(product, "score")["value"] == "2"


@pytest.mark.parametrize(
    "namespace", ["app--1", f"app--{APP_NUMBER}0", f"app--{APP_NUMBER}0--recs", "protected"]
)
def test_what_belongs_to_others_cannot_be_touched(shop: AskedShop, namespace: str) -> None:
    product = shop.products[0]
    refused = shop.set(wanted(product, "1"), wanted(product, "1", namespace=namespace))
    assert problem(refused) == (["metafields", "1"], "APP_NOT_AUTHORIZED")
    assert shop.read(product, "score") is None
    name = {"ownerId": product, "namespace": namespace, "key": "score"}
    assert shop.ask(DELETE, metafields=[name])["userErrors"][0]["field"] == ["metafields"]


@pytest.mark.parametrize(
    ("owner", "scopes", "denied"),
    [
        ("products", {"read_products"}, True),
        ("products", {"write_products"}, False),
        ("customers", {"read_customers", "write_products"}, True),
        ("customers", {"write_customers"}, False),
    ],
)
def test_the_scope_of_the_owner_is_needed(owner: str, scopes: set[str], denied: bool) -> None:
    shop = AskedShop(frozenset(scopes))
    owner_id = getattr(shop, owner)[0]
    name = {"ownerId": owner_id, "namespace": "$app", "key": "score"}
    for document, given in ((SET, [wanted(owner_id, "1")]), (DELETE, [name])):
        answer = shop.answer(document, metafields=given)
        codes = [one["extensions"]["code"] for one in answer.get("errors", [])]
        assert codes == (["ACCESS_DENIED"] if denied else [])


def test_who_may_write_may_read_and_nobody_else() -> None:
    for scopes, denied in (({"write_products"}, False), ({"read_customers"}, True)):
        shop = AskedShop(frozenset(scopes))
        answer = shop.answer(READ, id=shop.products[0], key="score", namespace=None)
        assert ("errors" in answer) is denied


@pytest.mark.parametrize("count", [25, 26])
def test_twenty_five_at_once(shop: AskedShop, count: int) -> None:
    payload = shop.set(*(wanted(one, "1") for one in shop.products[:count]))
    if count == 25:
        assert len(payload["metafields"]) == 25
        assert payload["userErrors"] == []
    else:
        assert problem(payload) == (["metafields"], "LESS_THAN_OR_EQUAL_TO")


@pytest.mark.parametrize(("size", "code"), [(419_430, "TOO_LONG"), (419_431, None)])
def test_ten_megabytes_at_once(shop: AskedShop, size: int, code: str | None) -> None:
    text = '"' + "x" * (size - 2) + '"'
    payload = shop.set(*(wanted(one, text) for one in shop.products[:25]))
    codes = {one["code"] for one in payload["userErrors"]}
    # Each is too long by itself as well; only the whole is named when the whole is too much.
    assert codes == {code or "LESS_THAN_OR_EQUAL_TO"}


@pytest.mark.parametrize(
    ("kind", "limit"), [("json", JSON_BYTES_MAX), ("single_line_text_field", BYTES_MAX)]
)
@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_value_has_a_largest_size_in_bytes(
    shop: AskedShop, kind: str, limit: int, letter: str
) -> None:
    product = shop.products[0]
    text = letter * ((limit - 2) // len(letter.encode()))
    fits = json.dumps(text, ensure_ascii=False) if kind == "json" else text + "ab"
    assert len(fits.encode()) == limit
    assert shop.set(wanted(product, fits, type=kind))["userErrors"] == []
    longer = fits[:-1] + "x" + fits[-1]
    refused = shop.set(wanted(product, longer, key="other", type=kind))
    assert problem(refused) == (["metafields", "0", "value"], "TOO_LONG")


@pytest.mark.parametrize("count", [128, 129])
def test_a_list_has_128_items(shop: AskedShop, count: int) -> None:
    product = shop.products[0]
    items = json.dumps([product] * count)
    payload = shop.set(wanted(product, items, type="list.product_reference"))
    if count == 128:
        assert payload["userErrors"] == []
    else:
        assert problem(payload) == (["metafields", "0", "value"], "INVALID_VALUE")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("json", ['{"a": [1, null]}', "3", '"é"'], ["", "{", "{'a': 1}", "[" * 5_000]),
        ("single_line_text_field", ["a b", "é"], ["", " ", "a\nb", "a\r"]),
        ("number_integer", ["0", "-7", "9007199254740991"], ["1.5", "", "x", "9007199254740992"]),
        ("number_decimal", ["0.05", "-12", "9999999999999.999999999"], ["1e5", "", ".5", "0" * 14]),
        ("boolean", ["true", "false"], ["True", "1", ""]),
        ("date_time", ["2026-11-24T09:30:00", "2026-11-24T09:30:00Z"], ["2026-11-24", "x", ""]),
        (
            "date_time",
            ["2026-11-24T09:30:00+09:00"],
            ["2026-13-24T09:30:00", "2026-11-24 09:30:00"],
        ),
        ("list.product_reference", ["[]"], ["", "{}", "[1]", '["gid://shopify/Product/1"]']),
    ],
)
def test_values_are_those_of_their_type(
    shop: AskedShop, kind: str, good: list[str], bad: list[str]
) -> None:
    for text in good:
        assert shop.set(wanted(shop.products[0], text, type=kind))["userErrors"] == []
        assert shop.read(shop.products[0], "score")["value"] == text
    for text in bad:
        refused = shop.set(wanted(shop.products[1], text, type=kind))
        assert problem(refused) == (["metafields", "0", "value"], "INVALID_VALUE")


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"type": "rating"}, "type", "INVALID_TYPE"),
        ({"type": None}, "type", "BLANK"),
        ({"key": "k"}, "key", "TOO_SHORT"),
        ({"key": "k" * 65}, "key", "TOO_LONG"),
        ({"key": "a key"}, "key", "INVALID"),
        ({"namespace": "ns"}, "namespace", "TOO_SHORT"),
        ({"ownerId": "gid://shopify/Product/1"}, "ownerId", "INVALID"),
        ({"ownerId": "gid://shopify/Order/1"}, "ownerId", "INVALID"),
        ({"ownerId": "nonsense"}, "ownerId", "INVALID"),
    ],
)
def test_the_rest_of_an_input(
    shop: AskedShop, changed: dict[str, Any], field: str, code: str
) -> None:
    refused = shop.set(wanted(shop.products[0], "1") | changed)
    assert problem(refused) == (["metafields", "0", field], code)


def test_deleting_says_what_was_there(shop: AskedShop) -> None:
    one, other = shop.products[:2]
    shop.set(wanted(one, "1"))
    names = [{"ownerId": owner, "namespace": "$app", "key": "score"} for owner in (one, other)]
    gone = shop.ask(DELETE, metafields=names)
    whole = {"ownerId": one, "namespace": f"app--{APP_NUMBER}", "key": "score"}
    assert gone == {"deletedMetafields": [whole, None], "userErrors": []}
    assert shop.read(one, "score") is None


def test_a_digest_for_what_is_not_there_and_one_that_is_old(shop: AskedShop) -> None:
    product = shop.products[0]
    invalid = shop.set(wanted(product, "1", compareDigest="0" * 64))
    assert problem(invalid) == (["metafields", "0"], "INVALID_COMPARE_DIGEST")
    shop.set(wanted(product, "1", compareDigest=None))
    again = shop.set(wanted(product, "2", compareDigest=None))
    assert problem(again) == (["metafields", "0"], "STALE_OBJECT")


def test_a_value_that_stays_keeps_its_instant_and_one_that_changes_keeps_its_id(
    shop: AskedShop,
) -> None:
    product = shop.products[0]
    (first,) = shop.set(wanted(product, "1"))["metafields"]
    shop.later(60)
    (same,) = shop.set(wanted(product, "1"))["metafields"]
    (other,) = shop.set(wanted(product, "2"))["metafields"]
    assert same == first
    assert (other["id"], other["createdAt"]) == (first["id"], first["createdAt"])
    assert other["updatedAt"] > first["updatedAt"]
    assert other["compareDigest"] != first["compareDigest"]


def test_pages_of_metafields_and_chosen_keys(shop: AskedShop) -> None:
    product = shop.products[0]
    shop.set(*(wanted(product, "1", key=f"key{n}") for n in range(5)))
    shop.set(wanted(product, "1", key="key9", namespace="custom"))
    text = f'{{ product(id: "{product}") {{ metafields(%s) {{ nodes {{ key }} }} }} }}'

    def keys(arguments: str) -> list[str]:
        return [one["key"] for one in shop.ask(text % arguments)["metafields"]["nodes"]]

    assert keys('first: 3, namespace: "$app"') == ["key0", "key1", "key2"]
    assert keys('first: 9, namespace: "custom"') == ["key9"]
    assert keys('first: 9, keys: ["$app.key4", "custom.key9"]') == ["key4", "key9"]


def test_a_bulk_query_reads_metafields(shop: AskedShop) -> None:
    one, other = shop.products[:2]
    shop.set(wanted(one, "1"), wanted(other, "2"), wanted(other, "3", key="more"))
    inner = 'id metafield(key: "score") { value } metafields { edges { node { id key } } }'
    query = f"{{ products {{ edges {{ node {{ {inner} }} }} }} }}"
    run = "mutation Run($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } } }"
    operation = shop.ask(run, q=query)["bulkOperation"]["id"]
    shop.later(60)
    lines = shop.result(operation)
    values = {line["id"]: line["metafield"] for line in lines if "metafield" in line}
    assert {values[one]["value"], values[other]["value"]} == {"1", "2"}
    assert sum(found is None for found in values.values()) == len(shop.products) - 2
    below = [(line["__parentId"], line["key"]) for line in lines if "__parentId" in line]
    assert sorted(below) == sorted([(one, "score"), (other, "score"), (other, "more")])


def test_the_simulated_shop_has_an_end(shop: AskedShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "HELD_MAX", 1)
    shop.set(wanted(shop.products[0], "1"))
    answer = shop.answer(SET, metafields=[wanted(shop.products[1], "1")])
    assert "no more than 1" in answer["errors"][0]["message"]


def test_every_scope_that_writes_is_there() -> None:
    assert {one for one in EVERY_SCOPE if one.startswith("write_")} == {
        "write_customers",
        "write_products",
    }
