"""Which model stands where: folded from the decision log, which is the authority."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion, StoreId

Slot = tuple[StoreId, str]
"""A store and a task."""


class Standing(Struct, frozen=True, kw_only=True):
    """The models of one store and task that are spoken of."""

    champion: ModelVersion | None = None
    challenger: ModelVersion | None = None


def standings(decisions: Iterable[Decision]) -> dict[Slot, Standing]:
    """Return who stands where after these decisions, taken in their order."""
    found: dict[Slot, Standing] = {}
    for decision in decisions:
        slot = (decision.store_id, decision.task)
        found[slot] = _after(found.get(slot, Standing()), decision)
    return found


def _after(standing: Standing, decision: Decision) -> Standing:
    version = decision.model_version
    if decision.verdict == "champion":
        waits = None if standing.challenger == version else standing.challenger
        return Standing(champion=version, challenger=waits)
    if decision.verdict == "challenger" and version != standing.champion:
        return replace(standing, challenger=version)
    if decision.verdict == "retired":
        return Standing(
            champion=None if standing.champion == version else standing.champion,
            challenger=None if standing.challenger == version else standing.challenger,
        )
    return standing
