import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shopwright.adapters.locks import WriterLock, alone_in, make_folder
from shopwright.core.errors import Busy

HOLDER = """
import sys, time
from pathlib import Path
from shopwright.adapters.locks import WriterLock
lock = WriterLock(Path(sys.argv[1]), "the ledger")
print("held", flush=True)
time.sleep(60)
"""


def test_another_process_is_named_and_its_death_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Busy, match=f"the ledger .* by process {holder.pid};"):
            WriterLock(path, "the ledger")
        holder.kill()
    WriterLock(path, "the ledger").close()


def test_one_process_may_not_hold_it_twice(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "writer.lock", "the ledger")
    with pytest.raises(Busy, match=str(os.getpid())):
        WriterLock(tmp_path / "writer.lock", "the ledger")
    lock.close()
    lock.close()
    WriterLock(tmp_path / "writer.lock", "the ledger").close()


def test_a_refused_lock_leaks_no_handle(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "writer.lock", "the ledger")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(Busy):
            WriterLock(tmp_path / "writer.lock", "the ledger")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    lock.close()


def test_only_one_is_alone_in_a_folder(tmp_path: Path) -> None:
    inside = 0
    most = 0

    def enter() -> None:
        nonlocal inside, most
        for _ in range(20):
            with alone_in(tmp_path):
                inside += 1
                most = max(most, inside)
                os.sched_yield()
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


def test_folders_are_made_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "c"
    make_folder(folder)
    make_folder(folder)
    assert [p.stat().st_mode & 0o777 for p in (folder, folder.parent)] == [0o700, 0o700]
