"""Models as folders named by their content: ``<version>/manifest.json`` and plain files beside it.

A version is the SHA-256 of its manifest, and the manifest holds the SHA-256 of every file, so
nothing is parsed before it is known to be what was published: a damaged XGBoost file can end the
process that parses it. Aliases are projections of the decision log, one small file per store and
task.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from shopwright.adapters.locks import alone_in, make_folder, sync_folder
from shopwright.adapters.model_files import (
    MANIFEST_FILE,
    check_bears,
    check_file,
    check_names,
    check_publishable,
    check_version,
    read_manifest,
    version_of,
)
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged, NotReady, ShopwrightError, TooNew
from shopwright.core.types.identity import ModelVersion, StoreId
from shopwright.core.types.model import ModelManifest, StoredModel

ALIASES_FORMAT = 1
FILE_BYTES_MAX = 256 << 20
"""A larger file is none that a training here writes; it is refused without being read."""
_HALF_WRITTEN = ".publish-"


class _Aliases(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    store_id: str
    task: str
    aliases: dict[str, str]


class FileRegistry:
    """The registry below one folder; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._alias_folder = folder / "aliases"

    def publish(self, manifest: ModelManifest, files: Mapping[str, bytes]) -> ModelVersion:
        """Store a model durably; the same content always has the same version.

        A damaged copy of the same version is replaced. Raises BadInput when files and manifest do
        not belong together, OSError when the disk does not take them.
        """
        stored = check_publishable(manifest, files)
        version = version_of(stored)
        with self._lock():
            if self._is_whole(version):
                return version
            half = Path(tempfile.mkdtemp(prefix=_HALF_WRITTEN, dir=self._folder))
            try:
                for name, content in {**files, MANIFEST_FILE: stored}.items():
                    _write_durably(half / name, content)
                sync_folder(half)
                self._put_in_place(half, version)
            finally:
                shutil.rmtree(half, ignore_errors=True)
        return version

    def fetch(self, version: ModelVersion) -> StoredModel:
        """Return a model whose files match its manifest. Raises BadInput, NotReady, Damaged."""
        manifest = self._manifest(version)
        folder = self._folder / version
        files = {
            name: check_file(version, manifest, name, _read(folder / name, version))
            for name in manifest.files
        }
        return StoredModel(version=version, manifest=manifest, files=files)

    def point(self, store_id: StoreId, task: str, alias: str, version: ModelVersion | None) -> None:
        """Let an alias name a version of this store and task, or nothing; durable on return.

        Raises NotReady when there is no such model, Damaged when it is another store's.
        """
        check_names(store_id, task, alias)
        if version is not None:
            check_bears(version, self._manifest(version), store_id, task)
        with self._lock():
            # A file that cannot be read is replaced: the decision log can tell all of it again.
            try:
                aliases = dict(self._read_aliases(store_id, task))
            except TooNew:
                raise
            except Damaged:
                aliases = {}
            aliases.pop(alias, None)
            if version is not None:
                aliases[alias] = version
            self._write_aliases(store_id, task, aliases)

    def pointed(self, store_id: StoreId, task: str, alias: str) -> ModelVersion | None:
        """Return the version that an alias names.

        Raises Damaged when the alias file is no such file or names another store's model.
        """
        check_names(store_id, task, alias)
        named = self._read_aliases(store_id, task).get(alias)
        if named is None:
            return None
        version = ModelVersion(named)
        check_bears(version, self._manifest(version), store_id, task)
        return version

    def versions(self, store_id: StoreId, task: str) -> Sequence[ModelVersion]:
        """Return every version of a store and task, oldest training instant first.

        A folder whose manifest is damaged is left out; ``fetch`` says what is wrong with it.
        """
        check_names(store_id, task)
        found = []
        for folder in sorted(self._folder.glob("[0-9a-f]*")):
            try:
                version = check_version(folder.name)
                manifest = self._manifest(version)
            except ShopwrightError:
                continue
            if (manifest.store_id, manifest.task) == (store_id, task):
                found.append((manifest.as_of_us, version))
        return [version for _, version in sorted(found)]

    def remove(self, version: ModelVersion) -> bool:
        """Remove a version and every alias that names it, durably; say whether it was there.

        First the aliases, then the folder leaves its name in one step: nobody meets half a model.
        A removal that was cut short is finished by calling again. Raises BadInput, OSError.
        """
        place = self._folder / check_version(version)
        with self._lock():
            for path in sorted(self._alias_folder.glob("*/*.json")):
                if version.encode() in path.read_bytes():
                    self._without(path, version)
            if not place.exists():
                return False
            going = self._folder / f"{_HALF_WRITTEN}removed-{version}"
            place.rename(going)
            sync_folder(self._folder)
            shutil.rmtree(going)
        return True

    def _without(self, path: Path, version: ModelVersion) -> None:
        """Take a version out of an alias file; one that cannot be read goes whole.

        The decision log can tell all of it again.
        """
        store_id, task = StoreId(path.parent.name), path.stem
        try:
            aliases = self._read_aliases(store_id, task)
        except TooNew:
            raise
        except Damaged:
            path.unlink()
            sync_folder(path.parent)
            return
        left = {alias: named for alias, named in aliases.items() if named != version}
        self._write_aliases(store_id, task, left)

    def _manifest(self, version: ModelVersion) -> ModelManifest:
        check_version(version)
        folder = self._folder / version
        if not folder.is_dir():
            raise NotReady(f"model {version[:12]} is not here; train it or restore it")
        return read_manifest(version, _read(folder / MANIFEST_FILE, version))

    def _is_whole(self, version: ModelVersion) -> bool:
        try:
            self.fetch(version)
        except (NotReady, Damaged):
            return False
        return True

    def _put_in_place(self, half: Path, version: ModelVersion) -> None:
        place = self._folder / version
        if place.exists():
            # Damaged: it leaves its name in one step, so that nobody meets half of each.
            place.rename(half.with_name(f"{half.name}-damaged"))
            shutil.rmtree(half.with_name(f"{half.name}-damaged"))
        half.rename(place)
        sync_folder(self._folder)

    def _read_aliases(self, store_id: StoreId, task: str) -> Mapping[str, str]:
        path = self._alias_folder / store_id / f"{task}.json"
        try:
            stored = path.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            read = msgspec.json.decode(stored, type=_Aliases)
            for version in read.aliases.values():
                check_version(version)
        except (*NOT_DECODABLE, ShopwrightError) as error:
            raise Damaged(
                f"{task} of {store_id}: its alias file cannot be read ({error})"
            ) from None
        if read.format > ALIASES_FORMAT:
            raise TooNew(
                f"{task} of {store_id}: its alias file has format {read.format}, this Shopwright "
                f"knows {ALIASES_FORMAT}; upgrade it"
            )
        if (read.store_id, read.task) != (store_id, task):
            raise Damaged(
                f"{task} of {store_id}: its alias file is that of {read.task} of {read.store_id}"
            )
        return read.aliases

    def _write_aliases(self, store_id: StoreId, task: str, aliases: Mapping[str, str]) -> None:
        folder = self._alias_folder / store_id
        make_folder(folder)
        content = msgspec.json.encode(
            _Aliases(format=ALIASES_FORMAT, store_id=store_id, task=task, aliases=dict(aliases)),
            order="sorted",
        )
        half = folder / f".{task}.json"
        _write_durably(half, content)
        half.replace(folder / f"{task}.json")
        sync_folder(folder)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One writer at a time, over all processes; what a dead one left is cleared away."""
        make_folder(self._folder)
        with alone_in(self._folder):
            for left in self._folder.glob(f"{_HALF_WRITTEN}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield


def _read(path: Path, version: ModelVersion) -> bytes:
    """Read a plain file of limited size. Raises Damaged when it is not there or none."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
            raise Damaged(f"model {version[:12]}: {path.name} is missing or is no plain file")
        return path.read_bytes()
    except OSError as error:
        raise Damaged(f"model {version[:12]}: {path.name} cannot be read ({error})") from error


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
