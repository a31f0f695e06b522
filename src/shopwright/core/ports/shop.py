"""The sockets of a connected shop: its Admin API, and what is remembered of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from shopwright.core.types.connection import Connection, Credential, Slice
from shopwright.core.types.http import HttpAnswer
from shopwright.core.types.identity import StoreId


class Shop(Protocol):
    """Shopify's Admin API, one request at a time; nothing is tried again here.

    No method raises for what the network does: an answer with status 0 says that none came.
    """

    def ask(self, store_id: StoreId, version: str, token: str, body: bytes) -> HttpAnswer:
        """Send one GraphQL request, whose body is JSON."""
        ...

    def grant(self, store_id: StoreId, form: Mapping[str, str]) -> HttpAnswer:
        """Ask for an access token."""
        ...

    def download(self, url: str, first_byte: int) -> Iterator[bytes]:
        """Yield a file from that byte on, in pieces. Raises OSError when it is cut or refused."""
        ...


class TokenVault(Protocol):
    """Each store's credential, sealed under the master key."""

    def put(self, credential: Credential) -> None:
        """Keep a credential in place of the store's earlier one; on return it is on disk."""
        ...

    def get(self, store_id: StoreId) -> Credential | None:
        """Return a store's credential as it is on disk now, None without one."""
        ...

    def forget(self, store_id: StoreId) -> bool:
        """Destroy a store's credential, leaving no trace of it; say whether there was one."""
        ...


class Leases(Protocol):
    """Who may do what only one may do at a time, across processes; it ends by itself."""

    def take(self, name: str, holder: str, now_us: int, until_us: int) -> bool:
        """Take or extend a lease; False while another holder has it."""
        ...

    def release(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens when another holder has it."""
        ...


class Connections(Protocol):
    """What is known of each connected store."""

    def put(self, connection: Connection) -> None:
        """Keep it in place of what was known before."""
        ...

    def change(
        self, store_id: StoreId, how: Callable[[Connection], Connection]
    ) -> Connection | None:
        """Change what is known and return it; None for a store that was never connected.

        Nobody else changes it meanwhile, in whatever process: ``how`` must be quick.
        """
        ...

    def get(self, store_id: StoreId) -> Connection | None:
        """Return a store's connection, None for a store that was never connected."""
        ...

    def all(self) -> Sequence[Connection]:
        """Return every connection, by store."""
        ...

    def forget(self, store_id: StoreId) -> bool:
        """Remove a connection; say whether it was there."""
        ...


class Slices(Protocol):
    """How far each store's backfill has come."""

    def put(self, one: Slice) -> None:
        """Keep a slice in place of what was known of it before."""
        ...

    def of(self, store_id: StoreId) -> Sequence[Slice]:
        """Return a store's slices, by name."""
        ...

    def forget(self, store_id: StoreId) -> int:
        """Remove every slice of a store; say how many there were."""
        ...
