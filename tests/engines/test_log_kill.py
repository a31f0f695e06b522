"""A writer that is killed at any instant has lost nothing that it promised and doubled nothing."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from shopwright.adapters.log_sqlite import SqliteLog
from shopwright.core.clock import US_PER_DAY
from shopwright.core.types.log import LogRecord, Position

KILLS = 20
LONGEST_SECONDS = 0.25

# Sends again from the first delivery that was not acknowledged, as Shopify does, in batches of
# changing size, and acknowledges a batch only when append() has returned.
WRITER = """
import sys
from hashlib import blake2b
from pathlib import Path
from shopwright.adapters.log_sqlite import SqliteLog
from shopwright.core.types.event import SealedEvent

folder, first, day_us, days = Path(sys.argv[1]), *map(int, sys.argv[2:])

def event(number):
    name = str(number).encode()
    return SealedEvent(
        store_id="a.myshopify.com", topic="orders/create", delivery_id=str(number),
        triggered_us=None, received_us=day_us * (20_780 + number // 700 % days), api_version=None,
        subject_kind=None, subject=None, delivery_key=blake2b(name, digest_size=16).digest(),
        content_key=blake2b(b"content" + name, digest_size=16).digest(),
        sealed=blake2b(name).digest() * 60,
    )

log = SqliteLog(folder, "web-0")
print("open", flush=True)
while True:
    size = 1 + first % 23
    log.append([event(number) for number in range(first, first + size)])
    first += size
    print(first, flush=True)
"""


def run_until_killed(folder: Path, first: int, seconds: float) -> int:
    """Run the writer, kill it after that long, and return up to where it promised."""
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(US_PER_DAY), "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        time.sleep(seconds)
        writer.send_signal(signal.SIGKILL)
        promised = [line for line in writer.stdout if line.endswith("\n")]
    assert writer.returncode == -signal.SIGKILL
    return int(promised[-1]) if promised else first


def test_what_append_promised_is_there_once_after_every_kill(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    promised = 0
    for _ in range(KILLS):
        promised = run_until_killed(tmp_path, promised, chance.uniform(0, LONGEST_SECONDS))
        log = SqliteLog(tmp_path)
        records: list[LogRecord] = []
        position: dict[str, int] = {}
        while found := log.read(Position(position), 10_000):
            records += found
            position |= {record.partition: record.offset for record in found}
        log.close()
        copies = Counter(int(record.event.delivery_id) for record in records)
        assert not [number for number in range(promised) if copies[number] != 1]
        assert set(copies.values()) <= {1}
        # Stored and not yet promised: at most the one batch that was on its way.
        assert len(copies) - promised <= 23
    assert promised > 1_000
