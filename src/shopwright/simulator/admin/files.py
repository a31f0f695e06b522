"""Bulk operations of one shop, as they run, and the files they leave."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from graphql import GraphQLSchema

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, iso
from shopwright.core.errors import BadInput
from shopwright.simulator.admin.bulk import FILE_DAYS, RUNNING_MAX, BulkOperation, BulkQuery
from shopwright.simulator.admin.bulk_mutation import BulkMutation
from shopwright.simulator.admin.faults import AdminFaults
from shopwright.simulator.admin.nodes import Hung, Node, gid

OBJECTS_PER_SECOND = 5_000.0
MUTATIONS_PER_SECOND = 100.0
KEPT_MAX = 1_000
"""Operations that are remembered; Shopify forgets their files after seven days."""
SECONDS_MIN = 0.2
PIECE_BYTES = 1 << 16


class TooMany(BadInput):
    """Five operations are running."""


class BulkFiles:
    """Starts operations and serves their files."""

    def __init__(self, address: str, rng: np.random.Generator) -> None:
        self._address = address
        self._rng = rng
        self._operations: dict[int, BulkOperation] = {}
        self._last = 9_999

    def start(
        self,
        schema: GraphQLSchema,
        text: str,
        nodes: Callable[[BulkQuery], Iterable[Node]],
        faults: AdminFaults,
        now_us: int,
        hung: Hung | None = None,
    ) -> BulkOperation:
        """Start an operation. Raises BadInput for a query that cannot be one, TooMany for a sixth.

        What it reads is what the shop holds at this instant.
        """
        self.room("QUERY", now_us)
        query = BulkQuery(schema, text)
        found = list(query.lines(iter(nodes(query)), hung))
        lines, roots = [line for _, line in found], sum(is_root for is_root, _ in found)
        operation = self._made("QUERY", text, now_us, len(lines) / OBJECTS_PER_SECOND)
        operation.lines, operation.roots = lines, roots
        self._spoil(operation, faults)
        return operation

    def start_mutation(
        self, text: str, mutation: BulkMutation, faults: AdminFaults, now_us: int
    ) -> BulkOperation:
        """Start a mutation; its lines are run one after another while time passes.

        For whether another one may start, ask ``room`` before.
        """
        operation = self._made("MUTATION", text, now_us, len(mutation) / MUTATIONS_PER_SECOND)
        operation.step, operation.steps = mutation.line, len(mutation)
        if faults.bulk_fails > 0:
            faults.bulk_fails -= 1
            operation.error_code = "INTERNAL_SERVER_ERROR"
            operation.steps //= 2
        return operation

    def room(self, kind: str, now_us: int) -> None:
        """Raise TooMany unless another operation of a kind may start."""
        running = [one for one in self.all(now_us) if one.status == "RUNNING" and one.type == kind]
        if len(running) >= RUNNING_MAX:
            raise TooMany(
                f"A bulk {kind.lower()} operation for this app and shop is already in progress."
            )

    def _made(self, kind: str, text: str, now_us: int, seconds: float) -> BulkOperation:
        self._last += 1
        made = BulkOperation(
            number=self._last,
            query=text,
            created_us=now_us,
            done_us=now_us + round(max(SECONDS_MIN, seconds) * US_PER_SECOND),
            lines=[],
            roots=0,
            type=kind,
        )
        self._operations[made.number] = made
        # At most ten of them run; the oldest have ended long ago.
        while len(self._operations) > KEPT_MAX:
            self._operations.pop(next(iter(self._operations)))
        return made

    def _spoil(self, operation: BulkOperation, faults: AdminFaults) -> None:
        if faults.shuffled:
            self._rng.shuffle(operation.lines)
        if faults.bulk_fails > 0:
            faults.bulk_fails -= 1
            operation.error_code = "INTERNAL_SERVER_ERROR"
            operation.lines = operation.lines[: len(operation.lines) // 2]
        elif faults.bulk_drops > 0 and operation.lines:
            faults.bulk_drops -= 1
            operation.lines = operation.lines[: len(operation.lines) * 2 // 3]
            operation.roots = sum(b'"__parentId"' not in line for line in operation.lines)

    def go_on(self, now_us: int) -> None:
        """Let what runs go on to an instant."""
        for one in self._operations.values():
            one.settle(now_us)

    def all(self, now_us: int) -> list[BulkOperation]:
        """Return every operation as it is now, newest first."""
        self.go_on(now_us)
        return sorted(self._operations.values(), key=lambda one: -one.number)

    def get(self, number: int, now_us: int) -> BulkOperation | None:
        """Return one operation as it is now."""
        found = self._operations.get(number)
        if found is not None:
            found.settle(now_us)
        return found

    def cancel(self, number: int, now_us: int) -> BulkOperation | None:
        """Cancel an operation that is running."""
        found = self.get(number, now_us)
        if found is not None and found.status == "RUNNING":
            found.status = "CANCELED"
            found.step = None
        return found

    def node(self, operation: BulkOperation) -> Node:
        """Return an operation as the API shows it."""
        done = operation.status in ("COMPLETED", "FAILED")
        told = done or operation.type == "MUTATION"
        url = self.address(operation) if done and operation.lines else None
        return {
            "__typename": "BulkOperation",
            "id": gid("BulkOperation", operation.number),
            "type": operation.type,
            "status": operation.status,
            "errorCode": operation.error_code if done else None,
            "objectCount": str(len(operation.lines) if told else 0),
            "rootObjectCount": str(operation.roots if told else 0),
            "fileSize": str(sum(len(line) + 1 for line in operation.lines)) if done else None,
            "url": None if operation.error_code else url,
            "partialDataUrl": url if operation.error_code else None,
            "createdAt": iso(operation.created_us)[:19] + "Z",
            "completedAt": iso(operation.done_us)[:19] + "Z" if done else None,
            "query": operation.query,
        }

    def address(self, operation: BulkOperation) -> str:
        """Return where an operation's file lies."""
        return f"{self._address}/bulk/{operation.number}.jsonl"

    def read(self, url: str, first_byte: int, faults: AdminFaults, now_us: int) -> Iterator[bytes]:
        """Yield a file from a byte on. Raises OSError as a download would."""
        name = url.rpartition("/")[2].partition(".")[0]
        found = self.get(int(name), now_us) if name.isdigit() else None
        if found is None or now_us < found.done_us or found.status == "CANCELED":
            raise OSError("the file's address answers 404")
        if now_us > found.done_us + FILE_DAYS * US_PER_DAY:
            raise OSError("the file's address has expired (403)")
        whole = b"".join(line + b"\n" for line in found.lines)[first_byte:]
        cut = faults.cut_downloads > 0
        if cut:
            faults.cut_downloads -= 1
            whole = whole[: int(self._rng.integers(len(whole) + 1))]
        for start in range(0, len(whole), PIECE_BYTES):
            yield whole[start : start + PIECE_BYTES]
        if cut:
            raise OSError("the connection was closed in the middle of the file")
