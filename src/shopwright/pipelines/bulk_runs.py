"""Runs bulk operations to their end: up to five side by side, each noted so that it can be resumed.

A file counts only when it is whole: its lines are those that the operation speaks of, and its roots
as many as Shopify counts by itself. One that is not is made anew, and after three tries given up.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec.structs import replace

from shopwright.admin import documents
from shopwright.core.clock import Clock
from shopwright.core.errors import ShopTrouble, Unreadable
from shopwright.core.ports import Slices
from shopwright.core.types.connection import Slice
from shopwright.core.types.identity import StoreId
from shopwright.events.reading import plain_id
from shopwright.pipelines.admin_client import AdminClient
from shopwright.pipelines.bulk_file import BulkFile, Spool

RUNNING_MAX = 5
TRIES_MAX = 3
FIRST_SECONDS, SECONDS_MAX, GROWTH = 0.5, 15.0, 1.5
POLLS_MAX = 60_000
"""Bulk operations end after ten days at the latest; so does this."""

T = TypeVar("T")
FAILED = ("FAILED", "CANCELED", "EXPIRED")


class Progress(NamedTuple):
    """How far the work is, for a progress bar."""

    step: str
    done: int
    total: int | None


Watch = Callable[[Progress], None]


class Job(NamedTuple, Generic[T]):
    """What is asked, and what is done with a whole file."""

    query: Callable[[str, str], str]
    """(kind, search) to the operation's query (``documents.bulk_query`` or ``bulk_ids``)."""
    read: Callable[[Slice, BulkFile, int | None], T]
    """Called with Shopify's own count, None where it is not compared."""
    given_up: Callable[[Slice], T]
    counted: bool = True
    """Whether Shopify is asked for its own count of the slice."""
    noted: bool = True
    """Whether its slices are remembered: those of a backfill are, a look now and then is not."""


class BulkRuns:
    """Bulk operations of one store after another."""

    def __init__(
        self, client: AdminClient, slices: Slices, clock: Clock, spool: Callable[[], Spool]
    ) -> None:
        self._client = client
        self._slices = slices
        self._clock = clock
        self._spool = spool

    def count(self, store_id: StoreId, kind: str, search: str) -> int | None:
        """Return Shopify's own count, None when it does not say exactly. Raises ShopTrouble."""
        question = documents.counted(kind)
        if question is None:
            return None
        asked = {"query": search or None}
        found = self._client.ask(store_id, question, asked)[f"{kind}Count"]
        return int(found["count"]) if found and found["precision"] == "EXACT" else None

    def newest(self, store_id: StoreId, kind: str) -> int:
        """Return the newest id of products or customers, 0 without any. Raises ShopTrouble."""
        nodes = self._client.ask(store_id, documents.newest(kind))[kind]["nodes"]
        return int(plain_id(nodes[0]["id"], "id")) if nodes else 0

    def run(self, planned: Sequence[Slice], job: Job[T], watch: Watch) -> list[T]:
        """Run slices of one store to their end; return what was read of each.

        Raises ShopTrouble when Shopify cannot be asked: calling again goes on where it was.
        """
        waiting = [one for one in planned if one.state != "running"]
        running = [one for one in planned if one.state == "running"]
        results: list[T] = []
        seconds = FIRST_SECONDS
        for _ in range(POLLS_MAX):
            self._start(waiting, running, job)
            if not running and not waiting:
                return results
            finished = self._finished(running) if running else []
            for one, operation in finished:
                running.remove(one)
                self._settle(one, operation, job, waiting, results)
            watch(Progress("waiting for Shopify", len(results), len(planned)))
            seconds = FIRST_SECONDS if finished else min(SECONDS_MAX, seconds * GROWTH)
            if not finished:
                self._clock.sleep(seconds)
        raise ShopTrouble(f"{planned[0].store_id}: a bulk operation does not end", "unavailable")

    def note(self, one: Slice, job: Job[T] | None = None) -> Slice:
        """Remember how far a slice is."""
        if job is None or job.noted:
            self._slices.put(one)
        return one

    def _start(self, waiting: list[Slice], running: list[Slice], job: Job[T]) -> None:
        while waiting and len(running) < RUNNING_MAX:
            one = waiting[0]
            try:
                payload = self._client.change(
                    one.store_id,
                    documents.RUN_BULK,
                    {"query": job.query(one.kind, one.search)},
                    "bulkOperationRunQuery",
                )
            except ShopTrouble as error:
                # Somebody else's operations of this app take the places: wait for one to end.
                if error.trouble != "busy":
                    raise
                return
            waiting.pop(0)
            started = replace(
                one,
                state="running",
                operation_id=payload["bulkOperation"]["id"],
                started_us=self._clock.now_us(),
                tries=one.tries + 1,
                why="",
            )
            running.append(self.note(started, job))

    def _finished(self, running: Sequence[Slice]) -> list[tuple[Slice, Mapping[str, Any]]]:
        """Ask for all operations at once; return those that have ended."""
        ids = [one.operation_id for one in running]
        nodes = self._client.ask(running[0].store_id, documents.BULK_OPERATIONS, {"ids": ids})
        by_id = {node["id"]: node for node in nodes["nodes"] if node}
        gone = {"status": "EXPIRED", "errorCode": None}
        found = [(one, by_id.get(one.operation_id, gone)) for one in running]
        return [pair for pair in found if pair[1]["status"] in ("COMPLETED", *FAILED)]

    def _settle(
        self,
        one: Slice,
        operation: Mapping[str, Any],
        job: Job[T],
        waiting: list[Slice],
        results: list[T],
    ) -> None:
        """Read what an operation left, or let it run again."""
        try:
            results.append(self._read(one, operation, job))
        except _NotWhole as error:
            if one.tries < TRIES_MAX:
                waiting.append(self.note(replace(one, state="planned", why=str(error)), job))
            else:
                failed = self.note(replace(one, state="mismatch", why=str(error)), job)
                results.append(job.given_up(failed))

    def _read(self, one: Slice, operation: Mapping[str, Any], job: Job[T]) -> T:
        if operation["status"] in FAILED:
            code = operation.get("errorCode") or operation["status"]
            raise _NotWhole(f"Shopify did not finish the bulk operation ({code})")
        file = BulkFile(self._spool())
        try:
            self._fetch(file, operation)
            count = self.count(one.store_id, one.kind, one.search) if job.counted else None
            if count is not None and count != file.roots:
                raise _NotWhole(
                    f"Shopify counts {count:,} {one.kind} and its bulk operation gave "
                    f"{file.roots:,}"
                )
            return job.read(one, file, count)
        finally:
            file.close()

    def _fetch(self, file: BulkFile, operation: Mapping[str, Any]) -> None:
        """Fetch the file and compare it with what the operation says of it."""
        url = operation["url"]
        if url:
            try:
                file.fetch(lambda first: self._client.download(url, first), self._clock)
            except (OSError, Unreadable) as error:
                raise _NotWhole(f"the bulk operation's file could not be read: {error}") from error
        lines, roots = int(operation["objectCount"]), int(operation["rootObjectCount"])
        if (file.lines, file.roots) != (lines, roots) or not file.is_whole:
            raise _NotWhole(
                f"the file holds {file.lines:,} objects with {file.roots:,} roots, and the "
                f"operation speaks of {lines:,} with {roots:,}"
            )


class _NotWhole(Exception):
    """What Shopify gave is not everything."""
