"""How bulk operations fail."""

from typing import Any

import pytest
from behaviour import Behaviour, whole
from simulated_admin import SimulatedAdmin

from shopwright.admin import documents
from shopwright.core.errors import ShopTrouble
from shopwright.pipelines import (
    admin_client,
    bulk_file,
)
from shopwright.pipelines.bulk_file import BulkFile
from shopwright.pipelines.bulk_runs import BulkRuns


def children_first(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.shuffled = True
    whole(admin)


def parents_only_before(patch: pytest.MonkeyPatch) -> None:
    place = BulkFile._parent_place

    def without_orphans(self: Any, line: Any, at: int) -> int:
        found = place(self, line, at)
        self._orphans.clear()
        return bulk_file._ROOT if found == bulk_file._ORPHAN else found

    patch.setattr(BulkFile, "_parent_place", without_orphans)


def rows_dropped(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.bulk_drops = 1
    whole(admin)


def uncounted(patch: pytest.MonkeyPatch) -> None:
    # The plan asks for the number of orders too; without one it makes a single slice.
    patch.setattr(BulkRuns, "count", lambda *_: None)


def half_a_file(admin: SimulatedAdmin) -> None:
    admin.api.state.faults.bulk_fails = 1
    whole(admin)


def partial_is_enough(patch: pytest.MonkeyPatch) -> None:
    read = BulkRuns._read

    def trusting(self: Any, one: Any, operation: Any, job: Any) -> Any:
        half = operation["url"] or operation["partialDataUrl"]
        taken = dict(operation) | {"status": "COMPLETED", "url": half}
        return read(self, one, taken, job._replace(counted=False))

    patch.setattr(BulkRuns, "_read", trusting)
    patch.setattr(BulkFile, "is_whole", True)
    patch.setattr(BulkRuns, "_fetch", _fetch_unchecked)


def _fetch_unchecked(self: Any, file: BulkFile, operation: Any) -> None:
    if operation["url"]:
        file.fetch(lambda first: self._client.download(operation["url"], first), self._clock)
    file._orphans.clear()


def cut_download(admin: SimulatedAdmin) -> None:
    """A file that was cut is read on from there: no operation runs twice for it."""
    admin.api.state.faults.cut_downloads = 2
    assert {one.tries for one in admin.take_in()} == {1}


def from_the_start(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bulk_file, "TRIES", 1)


def too_many_at_once(admin: SimulatedAdmin) -> None:
    """Five operations of this app run already: those of ours wait their turn."""
    for _ in range(5):
        query = documents.bulk_ids("products", "")
        admin.client.change(
            admin.store_id, documents.RUN_BULK, {"query": query}, "bulkOperationRunQuery"
        )
    whole(admin)


def impatient(patch: pytest.MonkeyPatch) -> None:
    change = admin_client.AdminClient.change

    def refused(self: Any, *given: Any) -> Any:
        try:
            return change(self, *given)
        except ShopTrouble as error:
            raise ShopTrouble(str(error), "refused") from error

    patch.setattr(admin_client.AdminClient, "change", refused)


BEHAVIOURS = (
    Behaviour("children come before parents", children_first, parents_only_before),
    Behaviour("a completed file lacks rows", rows_dropped, uncounted),
    Behaviour("a failed operation leaves half a file", half_a_file, partial_is_enough),
    Behaviour("a download is cut", cut_download, from_the_start),
    Behaviour("five operations at once", too_many_at_once, impatient),
)
