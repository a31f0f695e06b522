"""Bulk mutations: one run for each line, as a request would run it, and nothing is paid."""

from typing import Any

import msgspec
import pytest
from asked_shop import OPERATION, RUN, SET, AskedShop, wanted

from shopwright.simulator.admin.bulk_mutation import IDENTIFIER_LENGTHS

TWICE = SET.replace("metafieldsSet", "a: metafieldsSet(metafields: []) { x } b: metafieldsSet")


@pytest.fixture
def shop() -> AskedShop:
    return AskedShop()


def jsonl(*lines: Any) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def scores(shop: AskedShop, count: int) -> bytes:
    """Return a file that gives the first products their own number."""
    return jsonl(
        *({"metafields": [wanted(one, str(n))]} for n, one in enumerate(shop.products[:count]))
    )


def started(payload: Any) -> str:
    assert payload["userErrors"] == []
    return str(payload["bulkOperation"]["id"])


def problem(payload: Any) -> tuple[list[str] | None, str | None]:
    assert payload["bulkOperation"] is None
    (found,) = payload["userErrors"]
    return found["field"], found["code"]


def test_each_line_is_run_as_a_request_would_be(shop: AskedShop) -> None:
    shop.set(wanted(shop.products[0], "0"))
    file = jsonl(
        {"metafields": [wanted(shop.products[0], "1")]},
        {"metafields": [wanted(shop.products[1], "1", compareDigest="0" * 64)]},
        {"metafields": "nonsense"},
        {"metafields": [wanted(one, "1") for one in shop.products[:26]]},
        {"metafields": [wanted(shop.products[2], "[3]")]},
    )
    alone = AskedShop()
    alone.set(wanted(shop.products[0], "0"))
    operation = started(shop.run(SET, shop.upload(file)))
    shop.later(60)
    alone.later(60)
    node = shop.ask(OPERATION, id=operation)
    lines = shop.result(operation)
    assert [line.pop("__lineNumber") for line in lines] == list(range(5))
    expected = []
    for line in file.splitlines():
        answer = alone.answer(SET, **msgspec.json.decode(line))
        answer.pop("extensions")
        expected.append(answer)
    assert lines == expected
    assert "errors" in lines[2]
    assert (node["type"], node["status"], node["objectCount"]) == ("MUTATION", "COMPLETED", "5")
    assert node["query"] == SET
    for one in shop.products[:4]:
        mine, theirs = shop.read(one, "score"), alone.read(one, "score")
        assert (mine and mine["value"]) == (theirs and theirs["value"])


def test_it_goes_on_while_time_passes_and_can_be_stopped(shop: AskedShop) -> None:
    operation = started(shop.run(SET, shop.upload(scores(shop, 50))))
    shop.later(0.25)
    node = shop.ask(OPERATION, id=operation)
    assert (node["status"], node["objectCount"], node["url"]) == ("RUNNING", "25", None)
    assert shop.read(shop.products[24], "score")["value"] == "24"
    assert shop.read(shop.products[25], "score") is None
    cancel = """mutation Cancel($id: ID!) {
      bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } }
    }"""
    assert shop.ask(cancel, id=operation)["bulkOperation"]["status"] == "CANCELED"
    shop.later(60)
    assert shop.read(shop.products[25], "score") is None


def test_nothing_is_paid_for_a_line(shop: AskedShop) -> None:
    started(shop.run(SET, shop.upload(scores(shop, 50))))
    shop.later(60)
    bucket = shop.api.state.bucket
    assert bucket.take(bucket.holds(shop.now_us), shop.now_us)
    shop.api.state.files.go_on(shop.now_us)
    assert bucket.holds(shop.now_us) == 0
    assert shop.read(shop.products[49], "score")["value"] == "49"


def test_one_that_fails_half_way_leaves_what_it_did(shop: AskedShop) -> None:
    shop.api.state.faults.bulk_fails = 1
    operation = started(shop.run(SET, shop.upload(scores(shop, 10))))
    shop.later(60)
    node = shop.ask(OPERATION, id=operation)
    assert (node["status"], node["errorCode"]) == ("FAILED", "INTERNAL_SERVER_ERROR")
    assert node["url"] is None
    assert [line["__lineNumber"] for line in shop.result(operation)] == list(range(5))
    assert shop.read(shop.products[4], "score")
    assert shop.read(shop.products[5], "score") is None


def test_five_at_once_beside_the_queries(shop: AskedShop) -> None:
    query = """mutation Q($q: String!) {
      bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { code } }
    }"""
    ids = "{ products { edges { node { id } } } }"
    for _ in range(5):
        started(shop.run(SET, shop.upload(scores(shop, 50))))
        assert shop.ask(query, q=ids)["userErrors"] == []
    path = shop.upload(scores(shop, 50))
    assert problem(shop.run(SET, path)) == (None, "OPERATION_IN_PROGRESS")
    shop.later(60)
    # The file was not used up by the refusal.
    started(shop.run(SET, path))


def test_a_file_is_used_once(shop: AskedShop) -> None:
    path = shop.upload(scores(shop, 1))
    started(shop.run(SET, path))
    assert problem(shop.run(SET, path)) == (None, "NO_SUCH_FILE")
    assert problem(shop.run(SET, "tmp/1/bulk/x/lines.jsonl")) == (None, "NO_SUCH_FILE")


@pytest.mark.parametrize(
    "file", [b"", b"{}\n{\n", b"[]\n", b"{}\n\n{}\n", b"\xff\n", b'{"a": 1} {"b": 2}\n']
)
def test_a_file_that_cannot_be_read(shop: AskedShop, file: bytes) -> None:
    assert problem(shop.run(SET, shop.upload(file))) == (None, "INVALID_STAGED_UPLOAD_FILE")


@pytest.mark.parametrize(
    ("mutation", "field", "code"),
    [
        ("mutation {", None, "INVALID_MUTATION"),
        ("{ shop { id } }", None, "INVALID_MUTATION"),
        ("mutation { nothing }", ["mutation"], "INVALID_MUTATION"),
        (f"{SET} {SET.replace('Set(', 'Again(')}", None, "INVALID_MUTATION"),
        (TWICE, ["mutation"], None),
        (RUN, ["mutation"], None),
        (
            """mutation M($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
              metafields { owner { metafields(first: 1) { nodes { owner {
                metafields(first: 1) { nodes { id } } } } } } } } }""",
            ["mutation"],
            None,
        ),
    ],
)
def test_what_is_no_bulk_mutation(
    shop: AskedShop, mutation: str, field: list[str] | None, code: str | None
) -> None:
    path = shop.upload(scores(shop, 1))
    assert problem(shop.run(mutation, path)) == (field, code)
    started(shop.run(SET, path))


@pytest.mark.parametrize("length", [9, 10, 255, 256])
def test_a_client_identifier_has_10_to_255_characters(shop: AskedShop, length: int) -> None:
    payload = shop.run(SET, shop.upload(scores(shop, 1)), "c" * length)
    low, high = IDENTIFIER_LENGTHS
    if low <= length <= high:
        started(payload)
    else:
        assert problem(payload) == (["clientIdentifier"], "INVALID_MUTATION")


def test_lines_are_denied_what_the_app_may_not_do() -> None:
    shop = AskedShop(frozenset({"read_products"}))
    operation = started(shop.run(SET, shop.upload(scores(shop, 1))))
    shop.later(60)
    (line,) = shop.result(operation)
    assert line["data"] == {"metafieldsSet": None}
    assert line["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
