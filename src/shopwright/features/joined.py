"""Several views of one entity side by side: what a model learns from and is served with."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct

from shopwright.core.errors import BadInput, NotReady
from shopwright.features.view import FeatureView

BETWEEN = "+"


class JoinedViews(Struct, frozen=True, dict=True):
    """Views in the order in which their features are the columns of a model."""

    views: tuple[FeatureView, ...]

    @cached_property
    def label(self) -> str:
        """``name@version`` of each, as manifests and predictions carry it."""
        return BETWEEN.join(view.label for view in self.views)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all features, in order."""
        return tuple(name for view in self.views for name in view.names)


def join(views: Sequence[FeatureView]) -> JoinedViews:
    """Return the views side by side. Raises BadInput for features of one name."""
    joined = JoinedViews(tuple(views))
    twice = [name for name, times in Counter(joined.names).items() if times > 1]
    if twice or not views:
        raise BadInput(
            f"{joined.label or 'no view at all'} cannot be learned from together: "
            f"{', '.join(twice) or 'nothing'} is there twice; give the feature another name"
        )
    return joined


def joined_of(label: str, known: Sequence[FeatureView]) -> JoinedViews:
    """Return the views that a model's label names.

    Raises NotReady for a view that is not loaded, or loaded in another version.
    """
    views = {view.label: view for view in known}
    missing = [one for one in label.split(BETWEEN) if one not in views]
    if missing:
        raise NotReady(
            f"the model learned from {', '.join(missing)}, and loaded are {', '.join(views)}; "
            "train it again, or name the file with the view in features_file"
        )
    return JoinedViews(tuple(views[one] for one in label.split(BETWEEN)))
