"""The offline store as Parquet by store and month, read by DuckDB.

``<relation>/<store>/<month>-<hash>.parquet`` and ``manifest-<n>.json``; ``offline_manifest`` says
how a change becomes whole. A copy of the ledger: it can be deleted and made again.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shopwright.adapters.locks import alone_in, make_folder
from shopwright.adapters.offline_manifest import (
    Files,
    Manifest,
    commit,
    read_newest,
    sweep,
    write_durably,
)
from shopwright.adapters.offline_query import Limits, define_files, run
from shopwright.adapters.offline_rows import (
    ORDER_RELATIONS,
    SCHEMAS,
    level_table,
    order_tables,
    product_table,
    variant_table,
)
from shopwright.core.errors import BadInput, Damaged, NotReady
from shopwright.core.ports import Columns
from shopwright.core.types.history import StoreTables
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import PRODUCTS, MonthPartition
from shopwright.core.types.order import OrderVersion

MANIFESTS_KEPT = 3
"""A reader may still follow an older state: its files stay for two changes more."""
ROW_GROUP_ROWS = 131_072
_FOLDER_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,252}", re.ASCII)


class DuckDbOfflineStore:
    """History of every store in one folder: one process writes, any number read.

    ``limits`` bound each query; what does not fit its memory is spilled into the folder.
    """

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self._folder = folder
        self._limits = limits or Limits()
        self._orphans = True
        self._checked: set[Path] = set()

    def write(
        self,
        months: Mapping[MonthPartition, Iterable[OrderVersion]],
        tables: Mapping[StoreId, StoreTables],
        through: int,
    ) -> None:
        """Replace these partitions, all of them or none, and remember the ledger's revision.

        Every file is on disk before the manifest that names it. Raises Damaged when the state that
        it would follow cannot be read.
        """
        make_folder(self._folder)
        with alone_in(self._folder):
            before = read_newest(self._folder)
            files = _copy(before.files)
            for partition, versions in months.items():
                for relation, table in order_tables(versions).items():
                    self._replace(files, relation, partition, table)
            for store_id, of_store in tables.items():
                for relation, month, table in _store_tables(of_store):
                    self._replace(files, relation, MonthPartition(store_id, month), table)
            self._commit(before, files, through, MANIFESTS_KEPT)

    def through(self) -> int:
        """Return the ledger revision that this copy has reached. Raises Damaged, TooNew."""
        return read_newest(self._folder).through

    def current_files(self) -> Mapping[str, Sequence[str]]:
        """Return the files of each relation as they count now, relative to its folder.

        Other programs may read them for as long as they are there: a change of a month, and an
        erasure at once, takes old files away.
        """
        return {
            relation: sorted(
                f"{store_id}/{name}"
                for store_id, months in stores.items()
                for name in months.values()
            )
            for relation, stores in read_newest(self._folder).files.items()
        }

    def query(self, sql: str, store_ids: Sequence[StoreId], spine: Columns | None) -> Columns:
        """Run portable SQL over the history of these stores.

        Raises BadInput for a text or spine that cannot be used, NotReady when it needs more memory
        or disk than there is, Damaged when a file is not what was written.
        """
        while True:
            manifest = read_newest(self._folder)
            files = self._files_of(manifest, store_ids)
            try:
                self._check(files)
                return run(sql, define_files(files), spine, self._limits, self._spill())
            except (BadInput, NotReady, Damaged):
                # The files may have been swept, or a person erased, while the query ran.
                if read_newest(self._folder).number == manifest.number:
                    self._checked.clear()
                    self._check(files)
                    raise

    def forget(self, store_id: StoreId, customer: Pseudonym | None) -> int:
        """Rewrite every partition that names the customer; say how many there were.

        None removes every partition of the store, and counts each month of orders, each of stock,
        and its products. Older states are removed at once, because they name the customer too; a
        reader that follows one of them starts again on the newest.
        """
        if not self._folder.is_dir():
            return 0
        with alone_in(self._folder):
            before = read_newest(self._folder)
            files = _copy(before.files)
            if customer is None:
                named = {month for stores in files.values() for month in stores.pop(store_id, {})}
            else:
                named = self._take_out(files, store_id, customer)
            if named:
                self._commit(before, files, before.through, kept_max=1)
            sweep(self._folder, 1, orphans=True)
            if customer is None:
                for relation in SCHEMAS:
                    with suppress(OSError):  # there is none, or a reader still looks into it
                        (self._folder / relation / store_id).rmdir()
        return len(named)

    def _take_out(self, files: Files, store_id: StoreId, customer: Pseudonym) -> set[str]:
        """Write the months that name the customer anew; return them."""
        named: set[str] = set()
        for relation in ORDER_RELATIONS:
            for month, name in list(files.get(relation, {}).get(store_id, {}).items()):
                body = self._read(self._path(relation, store_id, name))
                table = pq.ParquetFile(pa.BufferReader(body)).read()
                kept = table.filter(_others(table, customer))
                if kept.num_rows < table.num_rows:
                    named.add(month)
                    self._replace(files, relation, MonthPartition(store_id, month), kept)
        return named

    def _commit(self, before: Manifest, files: Files, through: int, kept_max: int) -> None:
        commit(self._folder, Manifest(number=before.number + 1, through=through, files=files))
        sweep(self._folder, kept_max, orphans=self._orphans)
        self._orphans = False

    def _replace(self, files: Files, relation: str, partition: MonthPartition, table: Any) -> None:
        store_id, month = partition
        if not _FOLDER_NAME.fullmatch(store_id) or not _FOLDER_NAME.fullmatch(month):
            raise BadInput(
                f"{store_id}, {month}: not a name of a store and a month; nothing was written"
            )
        months = files.setdefault(relation, {}).setdefault(store_id, {})
        months.pop(month, None)
        if table.num_rows:
            body = _parquet(table)
            months[month] = f"{month}-{_content_hash(body)}.parquet"
            path = self._path(relation, store_id, months[month])
            make_folder(path.parent)
            write_durably(path, body)

    def _files_of(self, manifest: Manifest, store_ids: Sequence[StoreId]) -> dict[str, list[Path]]:
        return {
            relation: [
                self._path(relation, store_id, name)
                for store_id in sorted(set(store_ids))
                for _, name in sorted(stores.get(store_id, {}).items())
            ]
            for relation, stores in manifest.files.items()
        }

    def _path(self, relation: str, store_id: str, name: str) -> Path:
        return self._folder / relation / store_id / name

    def _spill(self) -> Path | None:
        return self._folder if self._folder.is_dir() else None

    def _check(self, files: Mapping[str, Sequence[Path]]) -> None:
        """Raise Damaged when a file is not what was written.

        Each file is read for that once: a wrong bit need not stop DuckDB, and would be an answer.
        """
        for path in (path for paths in files.values() for path in paths):
            if path not in self._checked:
                self._read(path)
                self._checked.add(path)

    def _read(self, path: Path) -> bytes:
        """Return a file's content. Raises Damaged when it is not that of its name."""
        body = path.read_bytes() if path.exists() else b""
        if _content_hash(body) not in path.name:
            raise Damaged(
                f"{path}: this file of the offline store is missing or damaged. History is a copy: "
                f"stop Shopwright, delete the folder {self._folder}, and the worker makes it again "
                "from the ledger"
            )
        return body


def _store_tables(tables: StoreTables) -> Iterator[tuple[str, str, Any]]:
    """Yield relation, month and content of each partition, one at a time."""
    if tables.products is not None:
        yield "products", PRODUCTS, product_table(tables.products)
    if tables.variants is not None:
        yield "variants", PRODUCTS, variant_table(tables.variants)
    for month, versions in tables.levels.items():
        yield "level_changes", month, level_table(versions)


def _copy(files: Files) -> Files:
    return {
        relation: {store_id: dict(months) for store_id, months in stores.items()}
        for relation, stores in files.items()
    }


def _others(table: Any, customer: Pseudonym) -> Any:
    same = pc.equal(table.column("customer"), pa.scalar(customer, pa.binary()))
    return pc.invert(pc.fill_null(same, False))


def _parquet(table: Any) -> bytes:
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd", row_group_size=ROW_GROUP_ROWS)
    return bytes(buffer.getvalue())


def _content_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
