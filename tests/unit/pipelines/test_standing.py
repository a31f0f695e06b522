"""Who serves is folded from the decision log."""

from hypothesis import given
from hypothesis import strategies as st

from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion, StoreId
from shopwright.pipelines.standing import Standing, standings

STORE = StoreId("pots.myshopify.com")
SLOT = (STORE, "propensity")


def decide(verdict: str, version: str, store: StoreId = STORE) -> Decision:
    return Decision(
        store_id=store,
        task="propensity",
        model_version=ModelVersion(version),
        verdict=verdict,
        reason="because",
        figures={},
        decided_us=1,
        author="test",
    )


def after(*decided: tuple[str, str]) -> Standing:
    return standings(decide(verdict, version) for verdict, version in decided)[SLOT]


def test_the_latest_champion_serves() -> None:
    assert after(("champion", "a"), ("champion", "b")) == Standing(champion=ModelVersion("b"))


def test_a_challenger_waits_and_is_no_longer_one_when_it_serves() -> None:
    waits = after(("champion", "a"), ("challenger", "b"))
    assert (waits.champion, waits.challenger) == ("a", "b")
    assert after(("champion", "a"), ("challenger", "b"), ("champion", "b")) == Standing(
        champion=ModelVersion("b")
    )


def test_a_promotion_of_another_model_leaves_the_challenger_waiting() -> None:
    found = after(("champion", "a"), ("challenger", "b"), ("champion", "c"))
    assert (found.champion, found.challenger) == ("c", "b")


def test_a_refused_model_changes_nothing_and_a_retired_one_leaves() -> None:
    assert after(("champion", "a"), ("refused", "b")) == Standing(champion=ModelVersion("a"))
    assert after(("champion", "a"), ("retired", "a")) == Standing()
    assert after(("champion", "a"), ("challenger", "b"), ("retired", "b")).challenger is None


def test_stores_do_not_touch_each_other() -> None:
    other = StoreId("pans.myshopify.com")
    found = standings([decide("champion", "a"), decide("champion", "b", other)])
    assert found[SLOT].champion == "a"
    assert found[(other, "propensity")].champion == "b"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["champion", "challenger", "refused", "retired", "revealed"]),
            st.sampled_from("abc"),
        ),
        min_size=1,
    )
)
def test_nobody_is_champion_and_challenger_at_once(decided: list[tuple[str, str]]) -> None:
    found = after(*decided)
    assert found.champion is None or found.champion != found.challenger
    served = [version for verdict, version in decided if verdict == "champion"]
    assert found.champion in (None, *served)
