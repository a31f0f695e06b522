"""The sockets of models and of who serves."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import ModelVersion, StoreId
from shopwright.core.types.model import ModelManifest, StoredModel


class ModelRegistry(Protocol):
    """Models by content; the aliases follow the decision log."""

    def publish(self, manifest: ModelManifest, files: Mapping[str, bytes]) -> ModelVersion:
        """Store a model; the same content always has the same version."""
        ...

    def fetch(self, version: ModelVersion) -> StoredModel:
        """Return a model whose files match its manifest. Raises NotReady, Damaged."""
        ...

    def point(self, store_id: StoreId, task: str, alias: str, version: ModelVersion | None) -> None:
        """Let an alias name a version, or nothing."""
        ...

    def pointed(self, store_id: StoreId, task: str, alias: str) -> ModelVersion | None:
        """Return the version that an alias names."""
        ...

    def versions(self, store_id: StoreId, task: str) -> Sequence[ModelVersion]:
        """Return every version of a store and task, oldest first."""
        ...


class ModelRemoval(Protocol):
    """Takes models away for good, because they learned from somebody who was erased."""

    def remove(self, version: ModelVersion) -> bool:
        """Remove a version and every alias that names it; say whether it was there."""
        ...


class Decisions(Protocol):
    """The decision log: append-only, the authority on which model serves."""

    def record(self, decision: Decision) -> int:
        """Append a decision durably; return its number (1, 2, …)."""
        ...

    def of(self, store_id: StoreId | None, task: str | None) -> Sequence[Decision]:
        """Return decisions in the order in which they were taken; None means all."""
        ...


class Outbox(Protocol):
    """Work for an outside system that may be away: kept until it is acknowledged."""

    def add(self, kind: str, key: str, body: bytes) -> None:
        """Queue an item; adding the same kind and key again replaces its body."""
        ...

    def pending(self, kind: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return waiting (key, body) pairs, oldest first."""
        ...

    def done(self, kind: str, key: str) -> None:
        """Acknowledge an item."""
        ...
