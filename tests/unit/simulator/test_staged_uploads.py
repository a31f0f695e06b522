"""Files are put where a target was staged, once and in time, also over real HTTP."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
import urllib3
from asked_shop import END_US, JSONL, OPERATION, RUN, SET, STAGE, AskedShop, wanted
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import encode_multipart_formdata

from shopwright.app.double import server as double
from shopwright.app.double.multipart import read_form
from shopwright.app.double.server import DoubleServer, serving
from shopwright.app.double.shops import DoubleShop
from shopwright.core.clock import US_PER_SECOND, SimulatedClock
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId
from shopwright.simulator.admin.uploads import LIFE_US, Uploads
from shopwright.simulator.profile import Scale
from shopwright.simulator.stores import HARBOUR_GIFTS, open_store

Fields = list[tuple[str, str]]


@pytest.fixture
def uploads() -> Uploads:
    words = iter(range(1_000_000))
    return Uploads(
        "https://f.example.com", lambda: str(next(words)), file_bytes_max=10, held_bytes_max=25
    )


def staged(uploads: Uploads, now_us: int = 0) -> Fields:
    (target,) = uploads.create([JSONL], now_us)["stagedTargets"]
    return [(one["name"], one["value"]) for one in target["parameters"]]


def test_a_target_takes_one_file_and_gives_it_once(uploads: Uploads) -> None:
    form = staged(uploads)
    assert uploads.receive(form, b"{}", 0) == 201
    assert uploads.receive(form, b"{}", 0) == 403
    assert uploads.take(dict(form)["key"], 0) == b"{}"
    with pytest.raises(BadInput, match="could not be found"):
        uploads.take(dict(form)["key"], 0)


def test_nothing_is_there_before_the_file_came(uploads: Uploads) -> None:
    with pytest.raises(BadInput, match="could not be found"):
        uploads.take(dict(staged(uploads))["key"], 0)


def test_every_field_of_the_form_is_needed_as_it_was_given(uploads: Uploads) -> None:
    form = staged(uploads)
    for number, (name, value) in enumerate(form):
        without = form[:number] + form[number + 1 :]
        assert uploads.receive(without, b"{}", 0) == 403
        assert uploads.receive([*without, (name, value + "x")], b"{}", 0) == 403
    assert uploads.receive([*form, ("extra", "is passed over")], b"{}", 0) == 201


def test_targets_end_with_their_time(uploads: Uploads) -> None:
    first, second = staged(uploads), staged(uploads)
    assert uploads.receive(first, b"{}", LIFE_US - 1) == 201
    assert uploads.receive(second, b"{}", LIFE_US) == 403
    with pytest.raises(BadInput, match="could not be found"):
        uploads.take(dict(first)["key"], LIFE_US)


@pytest.mark.parametrize("size", [10, 11])
def test_a_file_has_a_largest_size(uploads: Uploads, size: int) -> None:
    form = staged(uploads)
    assert uploads.receive(form, b"x" * size, 0) == 201
    if size == 10:
        assert len(uploads.take(dict(form)["key"], 0)) == 10
    else:
        with pytest.raises(BadInput, match="exceeds the maximum"):
            uploads.take(dict(form)["key"], 0)


def test_all_files_together_are_bounded(uploads: Uploads) -> None:
    answers = [uploads.receive(staged(uploads), b"x" * 10, 0) for _ in range(3)]
    assert answers == [201, 201, 503]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"filename": ""}, "filename"),
        ({"filename": "a/b"}, "filename"),
        ({"mimeType": "text/csv"}, "mimeType"),
        ({"httpMethod": "PUT"}, "httpMethod"),
    ],
)
def test_what_cannot_be_staged(changed: dict[str, str], field: str) -> None:
    payload = AskedShop().ask(STAGE, input=[JSONL, JSONL | changed])
    assert payload["stagedTargets"] is None
    assert payload["userErrors"][0]["field"] == ["input", "1", field]


def test_no_more_than_250_targets_are_asked_for_at_once() -> None:
    shop = AskedShop()
    assert len(shop.ask(STAGE, input=[JSONL] * 250)["stagedTargets"]) == 250
    (error,) = shop.answer(STAGE, input=[JSONL] * 251)["errors"]
    assert error["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"


name = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=8)
value = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@given(
    fields=st.lists(st.tuples(name.filter(lambda one: one != "file"), value), max_size=5),
    file=st.binary(max_size=300) | st.sampled_from([b"", b"\r\n", b"a\nb\r\n\r\n", b"--x\r\n"]),
)
def test_a_form_is_read_as_it_was_written(fields: Fields, file: bytes) -> None:
    parts: list[Any] = [*fields, ("file", ("lines.jsonl", file, "text/jsonl"))]
    body, content_type = encode_multipart_formdata([*parts, ("behind", "the file")])
    form = read_form(content_type, body)
    assert (form.fields, form.file) == (fields, file)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x\r\n\r\n\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\nz\r\n--y--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nz\r\n--x--\r\n',
        ),
    ],
)
def test_what_is_no_form(content_type: str, body: bytes) -> None:
    with pytest.raises(BadInput):
        read_form(content_type, body)


class Served:
    """A shop behind a real web server, and a client that speaks HTTP."""

    def __init__(self, shop: DoubleShop, address: str, clock: SimulatedClock) -> None:
        self.shop = shop
        self.address = address
        self.clock = clock
        self.http = urllib3.PoolManager(retries=False)
        self._token = shop.app.static_token()

    def ask(self, document: str, **variables: Any) -> Any:
        answer = self.http.request(
            "POST",
            f"{self.address}/admin/api/2026-10/graphql.json",
            json={"query": document, "variables": variables},
            headers={"X-Shopify-Access-Token": self._token},
        )
        (found,) = answer.json()["data"].values()
        return found


@pytest.fixture
def served() -> Iterator[Served]:
    clock = SimulatedClock(END_US + 3_600 * US_PER_SECOND)
    shops: dict[StoreId, DoubleShop] = {}
    scale = Scale(customers=5, days=10, fulfilment_told_share=0)
    store = StoreId(HARBOUR_GIFTS.domain)
    with serving(DoubleServer(shops, clock), 0) as port:
        address = f"http://127.0.0.1:{port}/{store}"
        shop = open_store(HARBOUR_GIFTS, END_US, 5, scale)
        rng = np.random.default_rng(1)
        shops[store] = DoubleShop(shop, address, "hush", rng, clock.now_us(), 0)
        yield Served(shops[store], address, clock)


def test_from_the_target_to_the_result_over_http(served: Served) -> None:
    (target,) = served.ask(STAGE, input=[JSONL])["stagedTargets"]
    products = [one["id"] for one in served.shop.api.state.holdings.products()][:3]
    file = b"\n".join(msgspec.json.encode({"metafields": [wanted(one, "[1]")]}) for one in products)
    form: list[Any] = [(one["name"], one["value"]) for one in target["parameters"]]
    whole = [*form, ("file", ("lines.jsonl", file, "text/jsonl"))]
    early = served.http.request("POST", target["url"], fields=[whole[-1], *form])
    assert (early.status, b"AccessDenied" in early.data) == (403, True)
    sent = served.http.request("POST", target["url"], fields=whole)
    assert sent.status == 201
    key = dict(form)["key"]
    assert key.encode() in sent.data
    operation = served.ask(RUN, mutation=SET, path=key, client=None)["bulkOperation"]["id"]
    served.clock.sleep(10)
    node = served.ask(OPERATION, id=operation)
    assert (node["status"], node["objectCount"]) == ("COMPLETED", "3")
    result = served.http.request("GET", node["url"]).data.splitlines()
    assert [msgspec.json.decode(line)["__lineNumber"] for line in result] == [0, 1, 2]


def test_what_is_too_large_or_no_form_is_refused_over_http(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{served.address}/uploads"
    assert served.http.request("POST", url, body=b"{}").status == 400
    monkeypatch.setattr(double, "UPLOAD_BYTES_MAX", 10)
    monkeypatch.setattr(double, "REQUEST_BYTES_MAX", 10)
    assert served.http.request("POST", url, body=b"x" * 11).status == 413


def test_the_shop_delivers_what_the_apps_writes_cause(served: Served) -> None:
    create = """mutation Create($uri: String!) {
      webhookSubscriptionCreate(topic: PRODUCTS_UPDATE, webhookSubscription: { uri: $uri }) {
        webhookSubscription { id }
      }
    }"""
    served.ask(create, uri="https://here.example.com/webhooks")
    (product, *_) = [one["id"] for one in served.shop.api.state.holdings.products()]
    served.ask(SET, metafields=[wanted(product, "1"), wanted(product, "2", key="other")])
    assert served.shop.happen(served.clock.now_us()) == 1
    (due,) = served.shop.due(served.clock.now_us())
    assert due.headers["x-shopify-topic"] == "products/update"
    assert msgspec.json.decode(due.body)["admin_graphql_api_id"] == product
    assert served.shop.happen(served.clock.now_us()) == 0
