"""PrivacyRequests on SQLite, in ``control.db``: what is dropped from it is overwritten.

A request is closed in two transactions, and its receipt shows only after the second: when what it
said of people has left the file and its write-ahead log. Between them ``request`` is empty.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from shopwright.adapters.control_schema import open_control
from shopwright.adapters.sqlite_gaps import erase_gaps
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Busy, Damaged
from shopwright.core.types.identity import StoreId
from shopwright.core.types.privacy import PrivacyRequest, SignedReceipt

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PrivacyRequest).decode


class SqlitePrivacyRequests:
    """What was asked about people's data, how far it is done, and the proof."""

    def __init__(self, path: Path) -> None:
        self._file = open_control(path)
        with suppress(Busy):
            self._finish_closing()

    def ask(self, request: PrivacyRequest) -> bool:
        """Record a request durably; False, and no change, when its id is known already."""
        with self._file.transaction() as connection:
            added = connection.execute(
                "INSERT INTO privacy_requests (request_id, store_id, request) VALUES (?, ?, ?) "
                "ON CONFLICT (request_id) DO NOTHING",
                (request.request_id, request.store_id, _encode(request)),
            )
            return added.rowcount > 0

    def open(self) -> Sequence[tuple[PrivacyRequest, bytes]]:
        """Return the requests that are not closed, oldest first, each with its progress.

        Raises Damaged naming the file.
        """
        rows = self._file.rows(
            "SELECT request, progress FROM privacy_requests WHERE length(request) > 0 "
            "ORDER BY number"
        )
        try:
            return tuple((_decode(request), progress) for request, progress in rows)
        except NOT_DECODABLE as error:
            raise Damaged(
                f"{self._file.path}: a privacy request cannot be read ({error}); restore the file "
                "from a backup"
            ) from error

    def advance(self, request_id: str, progress: bytes) -> None:
        """Remember durably how far an open request has come."""
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE privacy_requests SET progress = ? "
                "WHERE request_id = ? AND length(request) > 0",
                (progress, request_id),
            )

    def close(self, request_id: str, receipt: SignedReceipt | None) -> None:
        """Keep the receipt and overwrite the rest; closing again only finishes the overwriting.

        Raises Busy when another process keeps traces in the write-ahead log; closing again
        finishes that.
        """
        proof: tuple[bytes | None, ...] = (None, None, None)
        if receipt is not None:
            proof = (receipt.body, receipt.signature, receipt.public_key)
        with self._file.transaction() as connection:
            connection.execute(
                "UPDATE privacy_requests SET request = x'', progress = x'', receipt = ?, "
                "signature = ?, public_key = ? WHERE request_id = ? AND length(request) > 0",
                (*proof, request_id),
            )
        self._finish_closing()

    def receipts(self, store_id: StoreId | None) -> Sequence[SignedReceipt]:
        """Return the receipts in the order in which they were asked for; None: of every store."""
        rows = self._file.rows(
            "SELECT receipt, signature, public_key FROM privacy_requests "
            "WHERE request IS NULL AND receipt IS NOT NULL AND store_id = ifnull(?, store_id) "
            "ORDER BY number",
            (store_id,),
        )
        return tuple(SignedReceipt(body=b, signature=s, public_key=k) for b, s, k in rows)

    def _finish_closing(self) -> None:
        """Finish what a crash or a reader interrupted; costs one look when there is nothing."""
        half = self._file.rows("SELECT request_id FROM privacy_requests WHERE request = x''")
        if half:
            self._file.erase_traces()
            erase_gaps([self._file.path])
            with self._file.transaction() as connection:
                connection.executemany(
                    "UPDATE privacy_requests SET request = NULL WHERE request_id = ?", half
                )

    def close_file(self) -> None:
        """Close the file."""
        self._file.close()
