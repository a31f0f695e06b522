"""Every way in which the Admin API says no has a meaning of its own."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.admin.answer import AGAIN, Data, Failure, Trouble, read_answer
from shopwright.admin.cost import SHARE_LEFT, Bucket
from shopwright.admin.retry import RetryPolicy, pause
from shopwright.core.clock import US_PER_SECOND

NOW_US = 1_795_491_850 * US_PER_SECOND
COST = {
    "requestedQueryCost": 252,
    "actualQueryCost": 12,
    "throttleStatus": {
        "maximumAvailable": 2000.0,
        "currentlyAvailable": 1988,
        "restoreRate": 100.0,
    },
}


def read(body: Any, status: int = 200, **headers: str) -> Data | Failure:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_answer(status, named, raw, NOW_US)


def error(code: str, message: str = "no") -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def failure(body: Any, status: int = 200, **headers: str) -> Failure:
    answer = read(body, status, **headers)
    assert isinstance(answer, Failure)
    return answer


def test_data_comes_with_its_cost_and_the_version_that_answered() -> None:
    body = {"data": {"shop": {"id": "1"}}, "extensions": {"cost": COST}}
    answer = read(body, x_shopify_api_version="2026-10")
    assert answer == Data(
        data={"shop": {"id": "1"}},
        served_version="2026-10",
        bucket=Bucket(maximum=2000, available=1988, restore_rate=100, at_us=NOW_US),
        requested_cost=252,
        actual_cost=12,
    )


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (error("THROTTLED"), "throttled"),
        (error("ACCESS_DENIED"), "scope"),
        (error("MAX_COST_EXCEEDED"), "dear"),
        (error("INTERNAL_SERVER_ERROR"), "unavailable"),
        (error("SHOP_INACTIVE"), "closed"),
        (error("undefinedField"), "invalid"),
        ({"errors": [{"message": "syntax"}]}, "invalid"),
        ({"errors": "[API] Invalid API key or access token"}, "token"),
        ({"data": None}, "unavailable"),
        (b"<html>we are back soon</html>", "unavailable"),
        (b'{"data": {"cut of', "unavailable"),
        ({"data": {"a": None}, **error("ACCESS_DENIED")}, "scope"),
        (
            {"errors": [*error("undefinedField")["errors"], *error("THROTTLED")["errors"]]},
            "throttled",
        ),
    ],
)
def test_a_no_inside_a_200(body: Any, trouble: Trouble) -> None:
    assert failure(body).trouble == trouble


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (401, "token"),
        (402, "frozen"),
        (403, "scope"),
        (404, "missing"),
        (423, "locked"),
        (429, "throttled"),
        (430, "rejected"),
        (500, "unavailable"),
        (503, "unavailable"),
        (520, "unavailable"),
        (400, "invalid"),
        (302, "invalid"),
    ],
)
def test_each_status_has_a_meaning(status: int, trouble: Trouble) -> None:
    assert failure({"errors": "Not today"}, status).trouble == trouble
    assert failure({"errors": "Not today"}, status).says == "Not today"
    assert failure(b"<html>", status).says == ""


def test_when_to_come_back_is_read_in_both_spellings() -> None:
    assert failure({}, 429, retry_after="2.5").retry_after_seconds == 2.5
    date = "Tue, 24 Nov 2026 00:00:00 GMT"
    at = read_answer(429, {"retry-after": date}, b"{}", 1_795_478_390 * US_PER_SECOND)
    assert isinstance(at, Failure)
    assert at.retry_after_seconds == pytest.approx(10.0)
    assert failure({}, 429, retry_after="9e99").retry_after_seconds == 3_600
    for nonsense in ("", "soon", "nan", "Tue, 99 Nov 2026"):
        assert failure({}, 429, retry_after=nonsense).retry_after_seconds is None


@given(st.integers(100, 599), st.binary(max_size=80))
def test_no_answer_brings_it_down(status: int, body: bytes) -> None:
    assert isinstance(read(body, status), Data | Failure)


def test_a_bucket_fills_at_its_rate_and_never_over_its_rim() -> None:
    bucket = Bucket(maximum=2_000, available=0, restore_rate=100, at_us=NOW_US)
    assert bucket.holds_at(NOW_US + 3 * US_PER_SECOND) == 300
    assert bucket.holds_at(NOW_US + 3_600 * US_PER_SECOND) == 2_000
    assert bucket.holds_at(NOW_US - 5 * US_PER_SECOND) == 0  # a clock that was set back
    assert bucket.take(50, NOW_US + US_PER_SECOND).available == 50


@given(
    st.floats(0, 40_000),
    st.floats(0, 1),
    st.floats(0.1, 4_000),
    st.floats(0, 50_000),
)
def test_after_the_wait_there_is_enough(
    maximum: float, share: float, rate: float, cost: float
) -> None:
    bucket = Bucket(maximum=maximum, available=maximum * share, restore_rate=rate, at_us=NOW_US)
    wait = bucket.wait_seconds(cost, NOW_US)
    assert wait >= 0
    then = NOW_US + int(wait * US_PER_SECOND) + 2
    if rate >= 1:
        # 2 µs of a quick bucket, and the rounding of doubles
        held = bucket.holds_at(then) + rate * 3e-6 + 1e-6
        assert held >= min(cost + SHARE_LEFT * maximum, maximum)


def test_a_query_that_is_too_dear_is_not_kept_waiting_for_ever() -> None:
    bucket = Bucket(maximum=1_000, available=1_000, restore_rate=50, at_us=NOW_US)
    assert bucket.wait_seconds(5_000, NOW_US) == 0


def waits(found: Failure, tries: int = 1) -> list[float | None]:
    rng = np.random.default_rng(7)
    return [pause(found, tries, RetryPolicy(), rng) for _ in range(200)]


def test_only_what_may_pass_is_asked_again() -> None:
    for code in ("ACCESS_DENIED", "MAX_COST_EXCEEDED", "undefinedField"):
        assert set(waits(failure(error(code)))) == {None}
    assert {"throttled", "unavailable", "no_answer"} == AGAIN


def test_waits_grow_are_spread_and_end() -> None:
    found = failure(b"", 503)
    for tries, bound in ((1, 1), (2, 2), (4, 8), (7, 60)):
        drawn = [wait for wait in waits(found, tries) if wait is not None]
        assert len(drawn) == 200
        assert 0.9 * bound < max(drawn) <= bound
        assert min(drawn) < 0.1 * bound
    assert set(waits(found, 8)) == {None}


def test_a_throttled_query_waits_for_its_points() -> None:
    empty = COST | {"throttleStatus": COST["throttleStatus"] | {"currentlyAvailable": 0}}  # type: ignore[operator]
    found = failure(error("THROTTLED") | {"extensions": {"cost": empty}})
    # 252 points and a tenth of the bucket at 100 a second
    assert min(wait for wait in waits(found) if wait is not None) >= 4.52
    assert min(w for w in waits(failure({}, 429, retry_after="30")) if w is not None) == 30
