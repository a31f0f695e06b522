"""`shopwright replay`: a second ledger from the log, compared with the living one, and adopted."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from msgspec import Struct

from shopwright.adapters.ledger_checkpoints import Checkpoint
from shopwright.adapters.ledger_content import SqliteLedgerContent
from shopwright.adapters.ledger_sqlite import SqliteLedger
from shopwright.adapters.ledger_swap import lift_revisions
from shopwright.adapters.log_count import count_records
from shopwright.app.adopting import Adoption, adopt, count_erasures
from shopwright.app.bootstrap import (
    open_checkpoints,
    open_keys,
    open_log,
    open_offline,
    open_online_to_look,
    open_retention,
    open_stores,
)
from shopwright.app.own_features import load_views
from shopwright.app.rebuilding import ledger_path, rebuilding
from shopwright.app.settings import Settings
from shopwright.core.clock import Clock, SystemClock
from shopwright.core.errors import Damaged, TooNew
from shopwright.core.types.log import Position
from shopwright.core.types.revision import next_generation
from shopwright.pipelines.digest import ledger_digest
from shopwright.pipelines.replay import Difference, Rebuild, differences

CATCH_UPS_MAX = 100
"""Rounds in which a rebuild runs after a log that goes on growing."""


class Come(Struct, frozen=True):
    """How far a replay has come."""

    step: str
    done: int
    total: int | None


class Replayed(Struct, frozen=True, kw_only=True):
    """What a replay found."""

    checkpoint: int | None
    """The revision of the checkpoint that it began with; None: it began at nothing."""
    records: int
    seconds: float
    living: str | None
    """The digest of the living ledger; None when it is not there or cannot be read."""
    rebuilt: str
    trouble: str
    """Why the living ledger could not be compared; empty when it could."""
    differs: tuple[Difference, ...]
    erased: bool
    """Somebody was erased meanwhile, so that a difference need not mean anything."""
    adopted: bool

    @property
    def is_equal(self) -> bool:
        """Whether the rebuilt ledger holds what the living one held at the same position."""
        return self.living == self.rebuilt


class Replaying:
    """One run."""

    def __init__(
        self, settings: Settings, watch: Callable[[Come], None], clock: Clock | None = None
    ) -> None:
        self._settings = settings
        self._watch = watch
        self._clock = clock or SystemClock()
        self._log = open_log(settings)
        self._done = 0

    def run(self, *, adopting: bool) -> Replayed:
        """Rebuild, compare, and adopt if asked to. Raises Busy while another replay runs.

        Raises Damaged when the log was shortened and no checkpoint is left to begin with.
        """
        with rebuilding(self._settings) as path, ExitStack() as held:
            erasures = count_erasures(self._settings)
            began = time.monotonic()
            living, trouble = self._living()
            if living is not None:
                held.callback(living.close)
            end = self._log.end() if living is None else living.through()
            begun_with = self._begin(path, living, end)
            self._tell_up_to(path, end)
            seconds = time.monotonic() - began
            found = self._compare(path, living, trouble)
            erased = count_erasures(self._settings) != erasures
            held.close()  # from here on the living ledger's write-ahead log may be emptied again
            if adopting:
                self._adopt(path, erasures)
            return Replayed(
                checkpoint=begun_with,
                records=self._done,
                seconds=seconds,
                living=found[0],
                rebuilt=found[1],
                trouble=found[2],
                differs=found[3],
                erased=erased,
                adopted=adopting,
            )

    def _living(self) -> tuple[SqliteLedgerContent | None, str]:
        path = ledger_path(self._settings)
        if not path.exists():
            return None, f"{path}: there is no ledger"
        try:
            return SqliteLedgerContent(path), ""
        except TooNew:
            raise
        except Damaged as error:
            return None, str(error)

    def _begin(self, path: Path, living: SqliteLedgerContent | None, end: Position) -> int | None:
        """Lay out the ledger to build in; return the revision of the checkpoint in it."""
        checkpoint = self._newest(end)
        if checkpoint is not None:
            open_checkpoints(self._settings).take(checkpoint, path)
        known = [0 if living is None else living.revision(), self._copied_online()]
        with suppress(Damaged):  # a history that cannot be read is made anew in any case
            known.append(open_offline(self._settings).through())
        lift_revisions(path, next_generation(*known))
        return None if checkpoint is None else checkpoint.revision

    def _copied_online(self) -> int:
        with closing(open_online_to_look(self._settings)) as online:
            return online.through()

    def _newest(self, end: Position) -> Checkpoint | None:
        """Return the newest whole checkpoint between the shortened log's beginning and the end."""
        removed = open_retention(self._settings).removed()
        for checkpoint in open_checkpoints(self._settings).verified():
            through = checkpoint.through
            reaches = all(through.get(name, -1) >= last for name, last in removed.items())
            is_past = all(last <= end.get(name, -1) for name, last in through.items())
            if reaches and is_past:
                return checkpoint
        if removed:
            raise Damaged(
                f"{self._settings.home / 'log'}: the log was shortened, and no checkpoint is left "
                "that reaches its beginning; restore a backup"
            )
        return None

    def _tell_up_to(self, path: Path, end: Position) -> None:
        with closing(SqliteLedger(path)) as ledger:
            folder = self._settings.home / "log"
            total = self._done + count_records(folder, ledger.through(), end)
            rebuild = Rebuild(
                log=self._log,
                keys=open_keys(self._settings),
                stores=open_stores(self._settings),
                ledger=ledger,
                clock=self._clock,
                views=load_views(self._settings),
            )
            self._watch(Come("replaying", self._done, total))
            while told := rebuild.step(self._settings.batch_records_max, end):
                self._done += told
                self._watch(Come("replaying", self._done, total))

    def _compare(
        self, path: Path, living: SqliteLedgerContent | None, trouble: str
    ) -> tuple[str | None, str, str, tuple[Difference, ...]]:
        self._watch(Come("comparing", 0, None))
        with closing(SqliteLedgerContent(path)) as rebuilt:
            digest = ledger_digest(rebuilt)
            if living is None:
                return None, digest, trouble, ()
            try:
                theirs = ledger_digest(living)
                found = () if theirs == digest else tuple(differences(living, rebuilt))
            except Damaged as error:
                return None, digest, str(error), ()
            return theirs, digest, "", found

    def _adopt(self, path: Path, erasures: int) -> None:
        """Run after the growing log until little is left, then have the ledger adopted."""
        for _ in range(CATCH_UPS_MAX):
            before = self._done
            self._tell_up_to(path, self._log.end())
            if self._done - before < self._settings.batch_records_max:
                break
        with closing(SqliteLedgerContent(path)) as rebuilt:
            revision = rebuilt.revision()
        self._watch(Come("adopting", 0, None))
        adopt(self._settings, Adoption(revision=revision, erasures=erasures), self._clock)
