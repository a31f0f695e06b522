"""Definitions: what the views mean is pinned, and a wrong definition is refused when loaded."""

from typing import Any

import duckdb
import pytest
from msgspec.structs import replace

from shopwright.core.errors import BadInput
from shopwright.features.definitions import CUSTOMER, ORDERS, VIEWS
from shopwright.features.feature import Aggregate, Derived
from shopwright.features.operators import COUNT, DAYS_SINCE, RATIO, SUM
from shopwright.features.reserved import RESERVED
from shopwright.features.sql import point_in_time_sql
from shopwright.features.view import FeatureView, digest

MEANINGS = {
    "customer@1": "eef6fec6c911ddfd405ee07cfbd389c6df80dc75f96a36dcff9a8659ca3e9903",
    "customer_habits@1": "22846bfd1da0348f37ad453406c6aeab9634b977d8b058e7d280ad22be234529",
    "customer_habits@2": "f4cd1c85bbfcdce0296ad8ffeeef21964dbbbb4843dd6357cc1ac42c65116a37",
}
"""Every version that was ever released, and the digest of what it means. A released one stays."""


def test_a_view_means_what_its_version_meant_when_it_was_released() -> None:
    for view in VIEWS:
        found = digest(view, point_in_time_sql(view))
        assert MEANINGS.get(view.label) == found, (
            f"{view.label} no longer means what it did. Give the view the next version and add its "
            f"digest {found} here; records, vectors and models of the old one are then not read"
        )


def test_no_view_goes_back_to_an_older_version() -> None:
    released = {label.partition("@")[0]: int(label.partition("@")[2]) for label in MEANINGS}
    assert released == {view.name: view.version for view in VIEWS}


def test_the_digest_follows_meaning_and_not_prose() -> None:
    def changed(**changes: Any) -> str:
        first, *others = CUSTOMER.inputs
        view = replace(CUSTOMER, inputs=(replace(first, **changes), *others))
        return digest(view, point_in_time_sql(view))

    original = digest(CUSTOMER, point_in_time_sql(CUSTOMER))
    assert changed(says="Another sentence.") == original
    assert changed(days=400) != original
    assert changed(column="gross_minor") != original
    assert changed(operator=SUM) != original


def test_the_twelve_features_in_their_order() -> None:
    assert CUSTOMER.label == "customer@1"
    assert CUSTOMER.names == (
        "recency_days",
        "tenure_days",
        "interpurchase_days",
        "orders_7d",
        "orders_30d",
        "orders_90d",
        "orders_total",
        "net_spend_30d",
        "net_spend_90d",
        "net_spend_total",
        "aov_total",
        "refund_ratio_total",
    )
    assert "".join(one.kind for one in CUSTOMER.features) == "RRRFFFFMMMMM"
    assert CUSTOMER.widest_us == 90 * 86_400_000_000


def _view(*features: Aggregate | Derived, **changes: Any) -> FeatureView:
    return FeatureView(
        **{
            "name": "trial",
            "version": 1,
            "entity": "customer",
            "relation": ORDERS,
            "inputs": (_count("orders_ever"),),
            "features": features,
            **changes,
        }
    )


def _count(name: str, days: int | None = None) -> Aggregate:
    return Aggregate(name, COUNT, "occurred_us", days, "F", "orders", "Orders.")


def _ratio(name: str, *of: str) -> Derived:
    return Derived(name, RATIO, of, "M", "share", "A share.")


def test_a_right_definition_is_taken() -> None:
    view = _view(_count("orders_14d", 14), _ratio("share_14d", "orders_14d", "orders_ever"))
    assert view.names == ("orders_14d", "share_14d")


@pytest.mark.parametrize(
    ("features", "problem"),
    [
        ([_count("a"), _count("a", 7)], "a: the name is used 2 times"),
        ([_count("orders_ever")], "orders_ever: the name is used 2 times"),
        ([_count("select")], "select: a reserved word"),
        ([_count("at")], "at: a reserved word"),
        ([_count("minus")], "minus: a reserved word"),
        ([_count("row_id")], "row_id: a reserved word"),
        ([_count("Orders")], "'Orders' is not a name"),
        ([_count("a; drop table orders")], "is not a name"),
        ([_count("")], "'' is not a name"),
        ([_count("a", 0)], "a: a window of 0 days"),
        ([_count("a", -7)], "a: a window of -7 days"),
        ([_count("a", 36_501)], "a: a window of 36501 days"),
        ([replace(_count("a"), column="colour")], "orders has no column 'colour', only"),
        ([replace(_count("a"), kind="X")], "a: kind 'X' is none of R, F, M"),
        ([replace(_count("a"), operator=replace(COUNT, zero=1))], "is not of the closed set"),
        ([_ratio("a", "orders_ever", "nothing")], "a: there is no aggregate 'nothing'"),
        ([_ratio("a", "orders_ever")], "a: ratio takes 2 aggregates, not 1"),
        ([_ratio("a", "b", "b"), _ratio("b", "orders_ever", "orders_ever")], "no aggregate 'b'"),
        (
            [replace(_ratio("a", "orders_ever", "orders_ever"), rule=replace(RATIO, name="x"))],
            "rule 'x' is not of the closed set",
        ),
        ([], "it has no features"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_refused(features: list[Aggregate | Derived], problem: str) -> None:
    with pytest.raises(BadInput, match=problem) as caught:
        _view(*features)
    assert "Mend the definition" in str(caught.value)


@pytest.mark.parametrize("version", [0, -1, 65_536])
def test_a_version_that_a_record_cannot_hold_is_refused(version: int) -> None:
    with pytest.raises(BadInput, match=f"version {version} is not between"):
        _view(_count("a"), version=version)


def test_every_problem_is_told_at_once() -> None:
    wrong = Derived("order", DAYS_SINCE, (), "R", "days", "")
    with pytest.raises(BadInput, match=r"order: a reserved word.*takes 1 aggregates, not 0"):
        _view(wrong)


def test_duckdbs_own_list_of_reserved_words_is_covered() -> None:
    with duckdb.connect() as connection:
        words = connection.sql(
            "select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'"
        ).fetchall()
    assert {word for (word,) in words} <= RESERVED
