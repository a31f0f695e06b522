"""What a stored model must be before any of its files is opened: shared by both registries."""

import hashlib
import re
from collections.abc import Mapping

import msgspec

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import BadInput, Damaged, TooNew
from shopwright.core.types.identity import ModelVersion
from shopwright.core.types.model import MANIFEST_FORMAT, ModelManifest

_VERSION = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FILE = re.compile(r"[a-z][a-z0-9_]{0,63}\.(json|md|arrow)", re.ASCII)
_STORE = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,7}", re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
MANIFEST_FILE = "manifest.json"


def encode_manifest(manifest: ModelManifest) -> bytes:
    """Write a manifest in its one canonical form: keys sorted, no spaces."""
    return msgspec.json.encode(manifest, order="sorted")


def version_of(manifest: bytes) -> ModelVersion:
    """Return the version that these bytes of a manifest are."""
    return ModelVersion(hashlib.sha256(manifest).hexdigest())


def check_publishable(manifest: ModelManifest, files: Mapping[str, bytes]) -> bytes:
    """Return the manifest's bytes; raise BadInput when they and the files do not belong together.

    Only plain data is a model: JSON, Markdown and Arrow files, named by a simple word.
    """
    check_names(manifest.store_id, manifest.task)
    stored = encode_manifest(manifest)
    # JSON has no NaN: it would be stored as null, and then be no manifest.
    try:
        msgspec.json.decode(stored, type=ModelManifest)
    except NOT_DECODABLE as error:
        raise BadInput(
            f"the manifest of {manifest.task} of {manifest.store_id} cannot be stored ({error}); "
            "is a figure not a number?"
        ) from error
    if manifest.format != MANIFEST_FORMAT:
        raise BadInput(f"a manifest of format {manifest.format} cannot be published")
    for name in (*files, *manifest.files):
        if not _FILE.fullmatch(name) or name == MANIFEST_FILE:
            raise BadInput(f"{name!r} cannot be a file of a model; use a word and .json or .md")
    if set(files) != set(manifest.files):
        raise BadInput(f"the files {sorted(files)} are not the manifest's {sorted(manifest.files)}")
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != manifest.files[name]:
            raise BadInput(f"{name} does not have the SHA-256 that its manifest says")
    return stored


def read_manifest(version: ModelVersion, stored: bytes) -> ModelManifest:
    """Check the bytes against the version, then read them. Raises Damaged, TooNew."""
    if version_of(stored) != version:
        raise Damaged(
            f"model {version[:12]}: its manifest does not have its SHA-256 and was not used; "
            "restore the model or train again"
        )
    try:
        manifest = msgspec.json.decode(stored, type=ModelManifest)
    except NOT_DECODABLE as error:
        raise Damaged(f"model {version[:12]}: its manifest cannot be read ({error})") from error
    if manifest.format > MANIFEST_FORMAT:
        raise TooNew(
            f"model {version[:12]} has manifest format {manifest.format}, this Shopwright knows "
            f"{MANIFEST_FORMAT}; upgrade it"
        )
    for name in manifest.files:
        if not _FILE.fullmatch(name) or name == MANIFEST_FILE:
            raise Damaged(f"model {version[:12]}: its manifest names {name!r}, which is no file")
    return manifest


def check_file(version: ModelVersion, manifest: ModelManifest, name: str, content: bytes) -> bytes:
    """Return the content if it is what the manifest says. Raises Damaged."""
    if hashlib.sha256(content).hexdigest() != manifest.files[name]:
        raise Damaged(
            f"model {version[:12]} of {manifest.store_id}: {name} does not have its SHA-256 and "
            "was not used; restore the model or train again"
        )
    return content


def check_bears(version: ModelVersion, manifest: ModelManifest, store_id: str, task: str) -> None:
    """Raise Damaged when an alias of a store and task names a model of another one."""
    if (manifest.store_id, manifest.task) != (store_id, task):
        raise Damaged(
            f"an alias of {task} of {store_id} names model {version[:12]}, which is "
            f"{manifest.task} of {manifest.store_id}; it was not used"
        )


def check_version(version: str) -> ModelVersion:
    """Return a version that is safe as a file name. Raises BadInput."""
    if not _VERSION.fullmatch(version):
        raise BadInput(f"{version!r} is not a model version; use its 64 hex digits")
    return ModelVersion(version)


def check_names(store_id: str, task: str, alias: str = "champion") -> None:
    """Raise BadInput for a store, task or alias that cannot be a file name."""
    if not _STORE.fullmatch(store_id):
        raise BadInput(f"{store_id!r} is not the domain of a store")
    if not _WORD.fullmatch(task) or not _WORD.fullmatch(alias):
        raise BadInput(f"{task!r} and {alias!r} must be words of a-z, 0-9 and _")
