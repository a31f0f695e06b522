"""Staged uploads: where a file is put by a form that Shopify signed, before a mutation names it.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/stagedUploadsCreate
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from shopwright.core.clock import US_PER_DAY, iso
from shopwright.simulator.admin.bulk_mutation import Unfit
from shopwright.simulator.admin.nodes import Node

FILE_BYTES_MAX = 100 << 20
HELD_BYTES_MAX = 256 << 20
"""All files that wait to be used; Shopify's store has no such limit."""
TARGETS_MAX = 1_000
LIFE_US = US_PER_DAY
_MISSING = (
    "The JSONL file could not be found. Try uploading the file again, and check that you've "
    "entered the URL correctly for the stagedUploadPath mutation argument."
)


class Target(Struct, kw_only=True):
    """A place for one file."""

    form: Mapping[str, str]
    """What must be sent before the file, unchanged."""
    until_us: int
    file: bytes | None = None
    size: int | None = None
    """Of what was sent; what was too large is not kept."""


class Uploads:
    """The places of one shop; ``word`` gives unpredictable text."""

    def __init__(
        self,
        address: str,
        word: Callable[[], str],
        *,
        file_bytes_max: int = FILE_BYTES_MAX,
        held_bytes_max: int = HELD_BYTES_MAX,
    ) -> None:
        self.url = f"{address}/uploads"
        self._word = word
        self._file_bytes_max = file_bytes_max
        self._held_bytes_max = held_bytes_max
        self._targets: dict[str, Target] = {}

    def create(self, asked: Sequence[Mapping[str, Any]], now_us: int) -> Node:
        """Return the payload of ``stagedUploadsCreate``: all targets, or what was wrong."""
        problems = [
            {"field": ["input", str(index), problem[0]], "message": problem[1]}
            for index, one in enumerate(asked)
            if (problem := _problem(one)) is not None
        ]
        if problems:
            return {"stagedTargets": None, "userErrors": problems}
        targets = [self._create(str(one["filename"]), now_us) for one in asked]
        return {"stagedTargets": targets, "userErrors": []}

    def receive(self, form: Sequence[tuple[str, str]], file: bytes, now_us: int) -> int:
        """Take a file with the fields before it; return the status of the answer."""
        fields = dict(form)
        target = self._targets.get(fields.get("key", ""))
        if target is None or now_us >= target.until_us or target.size is not None:
            return 403
        if any(fields.get(name) != value for name, value in target.form.items()):
            return 403
        if self._held() + len(file) > self._held_bytes_max:
            return 503
        target.size = len(file)
        target.file = file if len(file) <= self._file_bytes_max else None
        return 201

    def take(self, path: str, now_us: int) -> bytes:
        """Return a file and forget it. Raises Unfit."""
        target = self._targets.get(path)
        if target is None or target.size is None or now_us >= target.until_us:
            raise Unfit(_MISSING, "NO_SUCH_FILE")
        del self._targets[path]
        if target.file is None:
            megabytes = self._file_bytes_max >> 20
            said = f"The input file size exceeds the maximum allowed size of {megabytes} MB."
            raise Unfit(said, "INVALID_STAGED_UPLOAD_FILE")
        return target.file

    def _create(self, filename: str, now_us: int) -> Node:
        for key in [key for key, one in self._targets.items() if now_us >= one.until_us]:
            del self._targets[key]
        while len(self._targets) >= TARGETS_MAX:
            self._targets.pop(next(iter(self._targets)))
        key = f"tmp/1/bulk/{self._word()}/{filename}"
        policy = {"expiration": iso(now_us + LIFE_US), "conditions": [{"key": key}]}
        form = {
            "key": key,
            "Content-Type": "text/jsonl",
            "success_action_status": "201",
            "acl": "private",
            "policy": base64.b64encode(msgspec.json.encode(policy)).decode(),
            "x-goog-signature": self._word(),
        }
        self._targets[key] = Target(form=form, until_us=now_us + LIFE_US)
        return {
            "url": self.url,
            "resourceUrl": f"{self.url}/{key}",
            "parameters": [{"name": name, "value": value} for name, value in form.items()],
        }

    def _held(self) -> int:
        return sum(len(one.file or b"") for one in self._targets.values())


def _problem(asked: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return field and message of what is wrong with one input."""
    filename = asked["filename"]
    if not filename or len(filename) > 255 or "/" in filename:
        return "filename", "Filename is invalid"
    if asked["mimeType"] != "text/jsonl":
        return "mimeType", f"{asked['mimeType']} is not a recognized format"
    if asked["httpMethod"] != "POST":
        return "httpMethod", "The simulated shop takes files of variables by POST only"
    return None
