"""Loads the feature views: Shopwright's, and those in the file that ``features_file`` names."""

import runpy
from functools import cache
from pathlib import Path

from shopwright.app.settings import Settings
from shopwright.core.errors import BadInput
from shopwright.features.item_view import ItemView
from shopwright.features.joined import JoinedViews, join
from shopwright.features.view import FeatureView


def load_views(settings: Settings) -> tuple[FeatureView, ...]:
    """Return every view. Raises BadInput with the file's name when one of them cannot be taken."""
    from shopwright.features.definitions import VIEWS  # noqa: PLC0415 - `--help` goes without

    if not settings.features_file:
        return VIEWS
    return _load(Path(settings.features_file).absolute())


def view_named(settings: Settings, name: str) -> FeatureView:
    """Return a view by its name. Raises BadInput."""
    views = {view.name: view for view in load_views(settings)}
    if name not in views:
        raise BadInput(f"there is no feature view {name!r}; there are {', '.join(views)}")
    return views[name]


def any_view_named(settings: Settings, name: str) -> FeatureView | ItemView:
    """Return a view of customers, or of what is sold, by its name. Raises BadInput."""
    from shopwright.features.items import ITEM_VIEWS  # noqa: PLC0415 - `--help` goes without

    every: list[FeatureView | ItemView] = [*load_views(settings), *ITEM_VIEWS]
    views = {view.name: view for view in every}
    if name not in views:
        raise BadInput(f"there is no feature view {name!r}; there are {', '.join(views)}")
    return views[name]


def views_to_learn(settings: Settings) -> JoinedViews:
    """Return what models learn from: ``customer``, and the views of ``model_views`` beside it.

    Raises BadInput for a view that is not there, and for two features of one name.
    """
    names = [name.strip() for name in settings.model_views.split(",") if name.strip()]
    others = dict.fromkeys(name for name in names if name != "customer")
    return join([view_named(settings, name) for name in ("customer", *others)])


@cache
def _load(path: Path) -> tuple[FeatureView, ...]:
    """Run the file once a process: a change of it counts from the next start on."""
    from shopwright.features.own import beside_ours  # noqa: PLC0415

    try:
        found = runpy.run_path(str(path))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    except Exception as error:
        raise BadInput(
            f"{path}: the file of your own features does not run ({type(error).__name__}: {error})"
        ) from error
    own = found.get("VIEWS")
    if not isinstance(own, tuple | list):
        raise BadInput(f"{path}: has no list VIEWS of feature views; end the file with one")
    return beside_ours(own, str(path))
