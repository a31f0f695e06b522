"""A view of a user's own, from its page in the documents: filled, served, compared, taken away."""

import re
from pathlib import Path

import numpy as np
import pytest
from lived_home import LivedHome
from msgspec.structs import replace

from shopwright.app.filling import Filling
from shopwright.app.own_features import load_views, view_named
from shopwright.app.owner import Owner, own
from shopwright.app.settings import Settings
from shopwright.core.errors import BadInput
from shopwright.core.money import minor_per_major
from shopwright.core.types.identity import Pseudonym
from shopwright.features.definitions import VIEWS
from shopwright.features.record import evaluate
from shopwright.features.view import FeatureView
from shopwright.pipelines.point_in_time import features, spine

PAGE = Path(__file__).parents[2] / "docs" / "own-features.md"
NAME = "recent_returns"


def _example() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


@pytest.fixture
def home(tmp_path: Path) -> LivedHome:
    """Return a home that knows only Shopwright's views."""
    lived = LivedHome(tmp_path / "home")
    lived.receive(lived.arrivals)
    lived.work()
    return lived


def _with_file(settings: Settings, path: Path, text: str) -> Settings:
    path.write_text(text, encoding="utf-8")
    return replace(settings, features_file=str(path))


def _fill(settings: Settings) -> None:
    with own(settings) as owner:
        owner.materializer.repair_online()
        chore = Filling(owner)
        while chore.step():
            pass
        assert not chore.step()
        owner.archiver.step()


def _people(owner: Owner, lived: LivedHome, view: str) -> list[Pseudonym]:
    return [record.entity for record in owner.online.page(lived.store.store_id, view, None, 999)]


def _differing(owner: Owner, lived: LivedHome, view: FeatureView, as_of_us: int) -> int:
    """Return how many values of the packed records differ from the portable SQL's."""
    store_id, offline = lived.store.store_id, owner.archiver._offline
    people = _people(owner, lived, view.name)
    asked = spine(lived.store, people, [as_of_us] * len(people))
    found = features(offline, lived.store, view, asked)
    records = owner.online.read(store_id, view.name, people)
    units = minor_per_major(lived.store.currency)
    different = 0
    for row, who in enumerate(people):
        values = evaluate(view, records[who].state, as_of_us, units)
        for name in view.names:
            theirs = np.ma.asarray(found[name])[row]
            theirs = None if theirs is np.ma.masked else theirs.item()
            different += (type(theirs), theirs) != (type(values[name]), values[name])
    return different


def test_a_view_is_filled_served_compared_and_taken_away(home: LivedHome, tmp_path: Path) -> None:
    settings = _with_file(home.settings, tmp_path / "ours.py", _example())
    _fill(home.settings)
    _fill(settings)
    now_us = max(arrival.received_us for arrival in home.arrivals) + 3 * 86_400_000_000
    with own(settings) as owner:
        everybody = _people(owner, home, "customer")
        assert len(everybody) > 10
        assert _people(owner, home, NAME) == everybody
        view = view_named(settings, NAME)
        for one in load_views(settings):
            assert _differing(owner, home, one, now_us) == 0
        units = minor_per_major(home.store.currency)
        records = owner.online.read(home.store.store_id, NAME, everybody).values()
        vectors = [evaluate(view, one.state, now_us, units) for one in records]
        assert any(vector["gross_14d"] for vector in vectors)
        assert any(vector["back_share_14d"] is None for vector in vectors)
    _fill(home.settings)
    with own(home.settings) as owner:
        assert _people(owner, home, "customer") == everybody
        assert _people(owner, home, NAME) == []
        assert list(owner.feed.records(NAME, 0, 9)) == []


def test_a_new_version_of_a_view_replaces_the_records_of_the_old(
    home: LivedHome, tmp_path: Path
) -> None:
    settings = _with_file(home.settings, tmp_path / "one.py", _example())
    _fill(settings)
    newer = _example().replace("version=1", "version=2").replace(", 14,", ", 21,")
    settings = _with_file(home.settings, tmp_path / "two.py", newer)
    _fill(settings)
    view = view_named(settings, NAME)
    assert view.version == 2
    now_us = max(arrival.received_us for arrival in home.arrivals) + 86_400_000_000
    with own(settings) as owner:
        assert _differing(owner, home, view, now_us) == 0


def test_a_walk_that_is_cut_short_takes_a_view_away_later(home: LivedHome, tmp_path: Path) -> None:
    settings = _with_file(home.settings, tmp_path / "cut.py", _example())
    _fill(settings)
    with own(home.settings) as owner:
        Filling(owner).step()  # killed after the first page
    _fill(home.settings)
    with own(home.settings) as owner:
        assert _people(owner, home, NAME) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('name="recent_returns"', 'name="customer"'), "a view of this name is there already"),
        (('entity="customer"', 'entity="product"'), "entity 'product' is not one of ORDERS"),
        (('SUM, "gross_minor"', 'SUM, "colour"'), "no column 'colour'"),
        (('SUM, "gross_minor"', 'sum, "gross_minor"'), "does not run"),
        (("VIEWS = [RETURNS]", "VIEWS = RETURNS"), "has no list VIEWS"),
        (("VIEWS = [RETURNS]", "VIEWS = ['RETURNS']"), "is no FeatureView"),
        (("VIEWS = [RETURNS]", "1 / 0"), "ZeroDivisionError"),
        (("version=1", "version=lambda: 1"), "does not run"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_with_the_reason(
    tmp_path: Path, change: tuple[str, str], problem: str
) -> None:
    assert change[0] in _example()
    settings = _with_file(Settings(), tmp_path / "wrong.py", _example().replace(*change))
    with pytest.raises(BadInput, match=problem) as caught:
        load_views(settings)
    assert str(tmp_path / "wrong.py") in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nowhere"):
        load_views(replace(Settings(), features_file=str(tmp_path / "nowhere.py")))


def test_without_a_file_there_are_shopwrights_views() -> None:
    assert load_views(Settings()) == VIEWS
    with pytest.raises(BadInput, match="there are customer, customer_habits"):
        view_named(Settings(), "nothing")
