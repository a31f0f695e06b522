"""Models that learned from an erased person: found by their log position, then taken away."""

from collections.abc import Sequence

from shopwright.core.clock import Clock
from shopwright.core.ports import Decisions, ModelRegistry, ModelRemoval
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion, StoreId
from shopwright.events.erased import PARTITION
from shopwright.pipelines.standing import Standing, standings

AUTHOR = "shopwright"


class CondemnedModels:
    """What is done about the models of one task after another."""

    def __init__(
        self,
        *,
        registry: ModelRegistry,
        removal: ModelRemoval,
        decisions: Decisions,
        clock: Clock,
        tasks: Sequence[str],
    ) -> None:
        self._registry = registry
        self._removal = removal
        self._decisions = decisions
        self._clock = clock
        self._tasks = tasks

    def waiting(self, store_id: StoreId, mark: int | None) -> list[tuple[str, ModelVersion]]:
        """Return (task, version) of every model that began to learn before the mark; None: all."""
        return [
            (task, version)
            for task in self._tasks
            for version in self._registry.versions(store_id, task)
            if mark is None
            or self._registry.fetch(version).manifest.log_through.get(PARTITION, 0) < mark
        ]

    def noted(self, store_id: StoreId, mark: int | None, known: Sequence[str]) -> tuple[str, ...]:
        """Return the known versions and those that are waiting to go as well, each once."""
        waiting = (version for _, version in self.waiting(store_id, mark))
        return tuple(dict.fromkeys((*known, *waiting)))

    def remove(
        self, store_id: StoreId, mark: int | None, reason: str, *, now: bool
    ) -> tuple[ModelVersion, ...]:
        """Take away what may go already; return the versions that went.

        The model that serves stays until another one, which never saw the person, serves in its
        place. With ``now`` it goes at once, and the waiting challenger takes its place if there is
        one that never saw the person.
        """
        condemned = self.waiting(store_id, mark)
        gone: list[ModelVersion] = []
        for task in self._tasks:
            versions = [version for its, version in condemned if its == task]
            if versions and (now or self._standing(store_id, task).champion not in versions):
                self._hand_over(store_id, task, versions, reason)
                for version in versions:
                    self._retire(store_id, task, version, reason)
                    self._removal.remove(version)
                gone += versions
        return tuple(gone)

    def _standing(self, store_id: StoreId, task: str) -> Standing:
        decided = self._decisions.of(store_id, task)
        return standings(decided).get((store_id, task), Standing())

    def _hand_over(
        self, store_id: StoreId, task: str, leaving: Sequence[ModelVersion], reason: str
    ) -> None:
        standing = self._standing(store_id, task)
        successor = standing.challenger
        if standing.champion in leaving and successor is not None and successor not in leaving:
            why = f"It takes the place of a model that goes. {reason}"
            self._decide(store_id, task, successor, "champion", why)
            self._registry.point(store_id, task, "champion", successor)
            self._registry.point(store_id, task, "challenger", None)

    def _retire(self, store_id: StoreId, task: str, version: ModelVersion, reason: str) -> None:
        """Record the retirement once, also when a crash makes this run again."""
        decided = self._decisions.of(store_id, task)
        verdicts = [one.verdict for one in decided if one.model_version == version]
        if not verdicts or verdicts[-1] != "retired":
            self._decide(store_id, task, version, "retired", reason)

    def _decide(
        self, store_id: StoreId, task: str, version: ModelVersion, verdict: str, reason: str
    ) -> None:
        self._decisions.record(
            Decision(
                store_id=store_id,
                task=task,
                model_version=version,
                verdict=verdict,
                reason=reason,
                figures={},
                decided_us=self._clock.now_us(),
                author=AUTHOR,
            )
        )
