"""The packed record: what it holds, what it refuses, and that no byte string can surprise it."""

from contextlib import suppress
from zlib import crc32

import numpy as np
import pytest
from feature_parity import Ledger, bits, by_oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from order_histories import CUSTOMERS, DAY, MIDNIGHT, STORES, Question, history, many, seeded

from shopwright.core.errors import Damaged, NotReady, ShopwrightError, TooNew, Unreadable
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.order import UNTIL_FOREVER_US, OrderVersion
from shopwright.features import record
from shopwright.features.definitions import CUSTOMER
from shopwright.features.record import Contents, contents_of, evaluate, floor_of, pack

FLOOR = MIDNIGHT
WIDEST = 90 * DAY


def _order(number: int, occurred_us: int, **changes: object) -> OrderVersion:
    fields: dict[str, object] = {
        "store_id": STORES[0],
        "order": Pseudonym(number.to_bytes(16, "big")),
        "version": 0,
        "customer": CUSTOMERS[0],
        "known_us": occurred_us,
        "known_until_us": UNTIL_FOREVER_US,
        "occurred_us": occurred_us,
        "valid": True,
        "gross_minor": 1_000 + number,
        "refund_minor": number % 7,
        "lines": (),
        "reconstructed": False,
        "sold": True,
        "discount_minor": number % 5,
    }
    return OrderVersion(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("versions", "settled", "listed"),
    [
        ([], 0, 0),
        ([_order(1, FLOOR - WIDEST - 1)], 1, 0),
        ([_order(1, FLOOR - WIDEST)], 0, 1),
        ([_order(1, FLOOR - WIDEST - 1, valid=False)], 0, 0),
        ([_order(1, FLOOR - 1, valid=False)], 0, 1),
        ([_order(1, FLOOR - WIDEST - 1, known_us=FLOOR - 1)], 1, 0),
        ([_order(1, FLOOR - WIDEST - 1, known_us=FLOOR)], 0, 1),
        ([_order(1, FLOOR - WIDEST - 1, known_until_us=FLOOR)], 0, 1),
        ([_order(1, FLOOR - WIDEST - 1, known_until_us=FLOOR - 1)], 0, 0),
        ([_order(1, FLOOR, known_until_us=FLOOR)], 0, 0),
        (
            [
                _order(1, FLOOR - WIDEST - 1, known_until_us=FLOOR + DAY),
                _order(1, FLOOR - WIDEST - 1, version=1, known_us=FLOOR + DAY),
            ],
            0,
            2,
        ),
    ],
)
def test_what_is_settled_what_is_listed_and_what_nobody_can_ask_about(
    versions: list[OrderVersion], settled: int, listed: int
) -> None:
    state = pack(versions, FLOOR)
    assert contents_of(state) == Contents(FLOOR, settled, listed)
    assert floor_of(state) == FLOOR
    assert state[0] == record.FORMAT


def test_a_thousand_settled_orders_take_no_more_room_than_one() -> None:
    many_orders = [_order(i, FLOOR - WIDEST - 1 - i * DAY) for i in range(1_000)]
    assert len(pack(many_orders, FLOOR)) == len(pack(many_orders[:1], FLOOR))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_order_of_versions_changes_no_byte(data: st.DataObject) -> None:
    versions, _ = history(lambda low, high: data.draw(st.integers(low, high)))
    shuffled = data.draw(st.permutations(versions))
    assert pack(versions, FLOOR + 100 * DAY) == pack(shuffled, FLOOR + 100 * DAY)


def test_one_record_answers_every_instant_from_its_floor_on() -> None:
    versions, _ = many(80)
    for (store_id, customer), mine in Ledger(versions).items():
        state = pack(mine, MIDNIGHT + 60 * DAY)
        edges = {us for one in mine for us in (one.occurred_us, one.known_us)}
        for as_of_us in sorted(us + days * DAY for us in edges for days in (0, 30, 90)):
            question = Question(store_id, customer, as_of_us, 100, floor_of(state))
            if as_of_us < floor_of(state):
                with pytest.raises(NotReady):
                    evaluate(CUSTOMER, state, as_of_us, 100)
            else:
                answer = evaluate(CUSTOMER, state, as_of_us, 100)
                assert bits(answer) == bits(by_oracle(mine, question))


def test_an_instant_before_the_floor_is_refused_with_the_remedy() -> None:
    state = pack([_order(1, FLOOR - 1)], FLOOR)
    assert evaluate(CUSTOMER, state, FLOOR, 100)["orders_total"] == 1
    with pytest.raises(NotReady, match=r"from 2025-10-10T00:00:00\.0+Z on") as caught:
        evaluate(CUSTOMER, state, FLOOR - 1, 100)
    assert "shopwright features history" in str(caught.value)


@pytest.mark.parametrize("orders", [59, 60, 61, 500])
def test_long_lists_through_numpy_give_the_same_bits(
    orders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(orders)
    versions = [
        _order(
            i,
            FLOOR - int(rng.integers(0, 89 * DAY)),
            valid=bool(rng.integers(0, 5)),
            gross_minor=int(rng.integers(0, 10**15)),
            refund_minor=int(rng.integers(0, 1_000)),
            known_until_us=FLOOR + DAY * int(rng.integers(1, 9)),
        )
        for i in range(orders)
    ]
    state = pack([*versions, _order(9_999, FLOOR - 300 * DAY)], FLOOR)
    for as_of_us in (FLOOR, FLOOR + DAY, FLOOR + 3 * DAY + 1, FLOOR + 200 * DAY):
        answers = []
        for listed_max in (0, 10_000):
            monkeypatch.setattr(record, "_LISTED_IN_PYTHON_MAX", listed_max)
            answers.append(bits(evaluate(CUSTOMER, state, as_of_us, 100)))
        assert answers[0] == answers[1]


def test_short_histories_through_numpy_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    versions, questions = many(60)
    ledger = Ledger(versions)
    monkeypatch.setattr(record, "_LISTED_IN_PYTHON_MAX", 0)
    for question in questions:
        state = pack(ledger.of(question), question.floor_us)
        answer = evaluate(CUSTOMER, state, question.as_of_us, question.minor_per_major)
        assert bits(answer) == bits(by_oracle(ledger.of(question), question))


def test_a_state_of_a_newer_format_is_not_read() -> None:
    state = bytes([record.FORMAT + 1]) + pack([], FLOOR)[1:]
    with pytest.raises(TooNew, match="format 4 and this Shopwright reads up to 3; start the newer"):
        evaluate(CUSTOMER, state, FLOOR, 100)
    with pytest.raises(TooNew):
        floor_of(state)


def test_a_state_of_another_version_of_the_view_is_not_read() -> None:
    older, newer = pack([], FLOOR), pack([], FLOOR, replace(CUSTOMER, version=2))
    with pytest.raises(TooNew, match="customer@2 and this Shopwright knows customer@1"):
        evaluate(CUSTOMER, newer, FLOOR, 100)
    with pytest.raises(NotReady, match="older than customer@2; rebuild the records with"):
        evaluate(replace(CUSTOMER, version=2), older, FLOOR, 100)


@pytest.mark.parametrize("state", [b"", b"\0", b"\x02", b"\0" * 40, b"\x01" + b"\0" * 10])
def test_what_is_no_state_is_damaged(state: bytes) -> None:
    with pytest.raises(Damaged, match="does not begin as one should; rebuild"):
        contents_of(state)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 30), st.data())
def test_a_cut_or_changed_state_is_never_answered_from(seed: int, data: st.DataObject) -> None:
    versions, _ = history(seeded(seed))
    state = pack(versions, FLOOR + 100 * DAY)
    cut = data.draw(st.integers(0, len(state) - 1))
    with pytest.raises(Damaged):
        evaluate(CUSTOMER, state[:cut], FLOOR + 900 * DAY, 100)
    place = data.draw(st.integers(0, len(state) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda other: other != state[place]))
    changed = state[:place] + bytes([byte]) + state[place + 1 :]
    with pytest.raises((Damaged, TooNew)):
        evaluate(CUSTOMER, changed, FLOOR + 900 * DAY, 100)


def test_every_bit_that_turns_is_found() -> None:
    state = pack([_order(1, FLOOR - 1), _order(2, FLOOR - 300 * DAY)], FLOOR)
    for bit in range(8 * len(state)):
        turned = bytearray(state)
        turned[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Damaged, TooNew)):
            evaluate(CUSTOMER, bytes(turned), FLOOR, 100)


def _of_old(state: bytes, format_: int) -> bytes:
    """Return a state as an earlier format packed it: rows without discounts, and no checksum."""
    rows = state[len(state) - 4 - contents_of(state).listed_versions * 49 : -4]
    old = b"".join(rows[at : at + 40] + rows[at + 48 : at + 49] for at in range(0, len(rows), 49))
    whole = bytes([format_]) + state[1 : len(state) - 4 - len(rows)] + old
    return whole if format_ == 1 else whole + crc32(whole).to_bytes(4, "little")


def test_a_state_of_an_earlier_format_is_still_read() -> None:
    versions, questions = many(30)
    ledger = Ledger(versions)
    for question in questions:
        state = pack(ledger.of(question), question.floor_us)
        first, second = _of_old(state, 1), _of_old(state, 2)
        assert contents_of(first) == contents_of(second) == contents_of(state)
        answers = [evaluate(CUSTOMER, s, question.as_of_us, 100) for s in (first, second, state)]
        assert bits(answers[0]) == bits(answers[1]) == bits(answers[2])
        with pytest.raises(Damaged, match="not as many as its header says"):
            evaluate(CUSTOMER, first + state[-4:], question.as_of_us, 100)


def test_a_cut_or_changed_state_of_the_first_format_says_what_is_wrong() -> None:
    state = _of_old(pack([_order(1, FLOOR - 1), _order(2, FLOOR - 300 * DAY)], FLOOR), 1)
    for place in range(19):
        for byte in (0, 1, 2, 127, 128, 255):
            changed = state[:place] + bytes([byte]) + state[place + 1 :]
            with suppress(ShopwrightError):
                assert len(evaluate(CUSTOMER, changed, FLOOR + 900 * DAY, 100)) == 12


@pytest.mark.parametrize("occurred_us", [FLOOR, FLOOR - WIDEST - 1])
def test_an_amount_beyond_64_bits_is_told_and_not_wrapped(occurred_us: int) -> None:
    huge = [_order(i, occurred_us, gross_minor=(1 << 62) + (1 << 63) * (i == 2)) for i in range(3)]
    with pytest.raises(Unreadable, match="impossible amount"):
        pack(huge, FLOOR)
