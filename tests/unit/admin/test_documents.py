"""Everything we ask Shopify is asked rightly: by its own schema, its limits and its scopes."""

import pytest
from graphql import (
    FieldNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_composite_type,
    parse,
    validate,
    visit,
)
from graphql.language import ast
from published_schema import published_schema, scope_table

from shopwright.admin import documents, subscriptions
from shopwright.admin.scopes import CAPABILITIES, REQUESTED, missing
from shopwright.simulator.admin.bulk import BulkQuery
from shopwright.simulator.admin.cost import QUERY_COST_MAX, requested_cost
from shopwright.simulator.admin.schema import SDL, schema
from shopwright.simulator.admin.topics import TOPIC_NAMES

BULK = {
    f"{make.__name__} {kind}": make(kind, "updated_at:>='2026-08-25T00:00:00Z'")
    for kind in documents.KINDS
    for make in (documents.bulk_query, documents.bulk_ids)
}
EVERY = documents.ALL | BULK


@pytest.mark.parametrize("name", EVERY)
def test_every_document_fits_the_published_schema(name: str) -> None:
    problems = validate(published_schema(), parse(EVERY[name]))
    assert [problem.message for problem in problems] == []


def test_a_document_that_does_not_fit_is_seen() -> None:
    wrong = documents.SHOP.replace("ianaTimezone", "timeZoneName")
    assert validate(published_schema(), parse(wrong))


@pytest.mark.parametrize("name", documents.ALL)
def test_no_document_costs_more_than_shopify_allows(name: str) -> None:
    assert 0 < requested_cost(schema(), parse(documents.ALL[name])) <= QUERY_COST_MAX


@pytest.mark.parametrize("name", BULK)
def test_every_bulk_query_keeps_to_the_limits_of_bulk_operations(name: str) -> None:
    BulkQuery(schema(), BULK[name])


@pytest.mark.parametrize("name", EVERY)
def test_the_scopes_a_document_needs_are_among_those_we_ask_for(name: str) -> None:
    for kind, scopes in _needed(EVERY[name]).items():
        assert set(scopes) & set(REQUESTED), f"{name}: {kind} needs one of {scopes}"


def test_each_scope_that_we_ask_for_is_needed_by_something() -> None:
    needed = {
        scope for text in EVERY.values() for found in _needed(text).values() for scope in found
    }
    needed |= set(subscriptions.TOPICS.values())
    # Shopify's text on `Order`: without it only 60 days of orders are visible.
    needed.add("read_all_orders")
    assert set(REQUESTED) <= needed


def test_a_scope_that_is_missing_is_explained() -> None:
    assert missing(REQUESTED) == ()
    (only,) = missing(set(REQUESTED) - {"read_all_orders"})
    assert "60 days" in only.without
    assert not only.needed
    assert {one.scope for one in CAPABILITIES if one.needed} == {"read_orders", "read_customers"}


def test_every_topic_that_we_subscribe_to_exists() -> None:
    topics = published_schema().type_map["WebhookSubscriptionTopic"].values  # type: ignore[attr-defined]
    assert set(subscriptions.TOPICS) <= set(topics)
    assert set(TOPIC_NAMES) <= set(topics)


def test_the_simulated_schema_says_nothing_that_the_published_one_does_not() -> None:
    ours, theirs = schema(), published_schema()
    wrong = []
    for definition in parse(SDL).definitions:
        name = getattr(getattr(definition, "name", None), "value", None)
        if name is None:
            continue
        mine, published = ours.type_map[name], theirs.type_map.get(name)
        if published is None or type(mine) is not type(published):
            wrong.append(name)
        elif isinstance(definition, ast.EnumTypeDefinitionNode):
            wrong += [f"{name}.{v}" for v in set(mine.values) - set(published.values)]  # type: ignore[attr-defined]
        elif hasattr(mine, "fields"):
            wrong += _different(name, mine.fields, published.fields)  # type: ignore[attr-defined]
    assert wrong == []


def _different(name: str, mine: dict[str, object], theirs: dict[str, object]) -> list[str]:
    found = []
    for field, one in mine.items():
        other = theirs.get(field)
        if other is None or str(one.type) != str(other.type):  # type: ignore[attr-defined]
            found.append(f"{name}.{field}")
        for argument, mine_of in getattr(one, "args", {}).items():
            theirs_of = other.args.get(argument) if other is not None else None  # type: ignore[attr-defined]
            if theirs_of is None or str(mine_of.type) != str(theirs_of.type):
                found.append(f"{name}.{field}({argument})")
    return found


def _needed(document: str) -> dict[str, list[str]]:
    """Return the types that a document reads, each with the scopes of which one opens it."""
    info = TypeInfo(published_schema())
    read: dict[str, list[str]] = {}

    class Reads(Visitor):
        def enter_field(self, _node: FieldNode, *_: object) -> None:
            kind = info.get_type()
            if kind is not None and is_composite_type(get_named_type(kind)):
                name = get_named_type(kind).name
                if name in scope_table():
                    read[name] = scope_table()[name]

    visit(parse(document), TypeInfoVisitor(info, Reads()))
    return read
