"""A model is taken away everywhere: out of the registry, and out of the experiment tracker."""

from shopwright.core.ports import ModelRemoval, Outbox
from shopwright.core.types.identity import ModelVersion
from shopwright.training.registration import FORGET_KIND


class TrackedRemoval:
    """Removes models; what the tracker must forget waits in the outbox until it is told."""

    def __init__(self, models: ModelRemoval, outbox: Outbox) -> None:
        self._models = models
        self._outbox = outbox

    def remove(self, version: ModelVersion) -> bool:
        """Remove a version and every alias that names it; say whether it was there.

        The tracker's item is on disk first: a crash in between forgets too much there, never too
        little.
        """
        self._outbox.add(FORGET_KIND, version, b"")
        return self._models.remove(version)
