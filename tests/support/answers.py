"""Which answers left before what they promise was on disk, read from a trace.

A row is on disk once the frame that ends its transaction has been written to a write-ahead log and
a later sync of that file has come back (https://www.sqlite.org/walformat.html). Calls of several
threads overlap, so "later" always means: begun after the other had ended.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from syscalls import Call

CALLS = "pwrite64,pwritev,fsync,fdatasync,read,recvfrom,recvmsg,write,writev,sendto,sendmsg"
FRAME_HEADER_BYTES = 24
_WEBHOOK = re.compile(rb"x-shopify-webhook-id: *([^\r\n]+)", re.IGNORECASE)
_READS = ("read", "recvfrom", "recvmsg")
_WRITES = ("write", "writev", "sendto", "sendmsg")
NEVER = 1 << 60


class Answer(NamedTuple):
    """One 200, and when it began to leave."""

    webhook: bytes
    begun: int


def answers_in(calls: Iterable[Call]) -> list[Answer]:
    """Return every 200 with the webhook that it answers: one at a time on each connection."""
    asked: dict[str, list[bytes]] = defaultdict(list)
    heard: dict[str, bytes] = defaultdict(bytes)
    answers = []
    for call in calls:
        if not call.path.startswith("socket:"):
            continue
        if call.name in _READS:
            heard[call.path] += call.data
            for found in _WEBHOOK.findall(heard[call.path]):
                asked[call.path].append(found.strip())
            if _WEBHOOK.search(heard[call.path]):
                heard[call.path] = b""
        elif call.name in _WRITES and call.data.startswith(b"HTTP/1.1 "):
            webhook = asked[call.path].pop(0)
            if call.data.startswith(b"HTTP/1.1 200"):
                answers.append(Answer(webhook, call.begun))
    return answers


def synced_at(
    calls: Sequence[Call],
    is_file: Callable[[str], bool],
    wanted: Callable[[bytes], Iterable[bytes]],
) -> Mapping[bytes, int]:
    """Return when the transaction that first held each wanted thing was synced.

    ``wanted`` finds what is looked for in a page; the instant is the end of the sync.
    """
    written: dict[str, dict[bytes, None]] = defaultdict(dict)
    ended: dict[str, dict[bytes, int]] = defaultdict(dict)
    ending: dict[str, bool] = defaultdict(bool)
    synced: dict[bytes, int] = {}
    for call in calls:
        path = call.path
        if call.error or not is_file(path):
            continue
        if call.name == "pwrite64" and len(call.data) == FRAME_HEADER_BYTES:
            # The size of the database after the transaction; 0 in every frame but the last.
            ending[path] = call.data[4:8] != bytes(4)
        elif call.name == "pwrite64":
            written[path].update(dict.fromkeys(wanted(call.data)))
            if ending[path]:
                for found in written.pop(path, {}):
                    ended[path].setdefault(found, call.ended)
        elif call.name in ("fsync", "fdatasync"):
            for found, end in list(ended[path].items()):
                if call.begun > end:
                    synced.setdefault(found, call.ended)
                    del ended[path][found]
    return synced


def too_early(
    answers: Iterable[Answer], synced: Mapping[bytes, int], of: Callable[[bytes], bytes]
) -> list[bytes]:
    """Return the webhooks that were answered before ``of(webhook)`` was synced."""
    return [
        answer.webhook
        for answer in answers
        if not synced.get(of(answer.webhook), NEVER) < answer.begun
    ]
