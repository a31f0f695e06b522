"""An import that breaks at any step continues, and stores everything once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from import_house import ROWS, STORE, import_house, write_rows

from shopwright.adapters.import_progress import ProgressFolder
from shopwright.events.column_map import DEFAULT
from shopwright.pipelines import import_file
from shopwright.pipelines.import_file import Progress


class Fault(Exception):
    """Something outside broke."""


class Faulty:
    """Calls through until it is told to break: before the call, or after it."""

    def __init__(self, call: Callable[..., object], breaks_at: int, *, after: bool) -> None:
        self._call = call
        self._left = breaks_at
        self._after = after

    def __call__(self, *given: object) -> object:
        self._left -= 1
        if self._left == -1 and not self._after:
            raise Fault
        found = self._call(*given)
        if self._left == -1:
            raise Fault
        return found


class FaultyNotes:
    """Notes whose writing breaks once."""

    def __init__(self, notes: ProgressFolder, breaks_at: int) -> None:
        self.load = notes.load
        self.save = Faulty(notes.save, breaks_at, after=False)


@pytest.mark.parametrize("where", ["before append", "after append", "note"])
@pytest.mark.parametrize("step", range(4))
def test_an_interrupted_import_continues_and_stores_everything_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, step: int
) -> None:
    monkeypatch.setattr(import_file, "CHUNK_EVENTS", 2)
    table = write_rows(tmp_path / "t.parquet", ROWS)
    house, whole = import_house(tmp_path / "a"), import_house(tmp_path / "b")
    whole.run(table)
    if where == "note":
        broken = house.importer(notes=FaultyNotes(house.notes, step))
    else:
        accept = Faulty(house.intake.accept, step, after=where == "after append")
        broken = house.importer(accept)  # type: ignore[arg-type]
    crashes = step < 3 or where == "note"  # three chunks, and a last note after them
    if crashes:
        with pytest.raises(Fault):
            broken.run(table, STORE, DEFAULT)
    else:
        broken.run(table, STORE, DEFAULT)
    noted = step if crashes else 3
    seen: list[Progress] = []
    report = house.importer().run(table, STORE, DEFAULT, watch=seen.append)
    appending = [progress.done for progress in seen if progress.step == "appending"]
    assert appending == [done for done in (2, 4, 6) if done > 2 * noted]
    assert report.events_before == 2 * min(noted, 3)
    assert report.events_new + report.events_duplicate + report.events_before == 6
    assert report.events_duplicate == (2 if where in ("after append", "note") and step < 3 else 0)
    assert len(house.bodies()) == len(whole.bodies()) == 6
    house.materialize()
    whole.materialize()
    assert house.shapes("130851") == whole.shapes("130851")
