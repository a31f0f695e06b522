"""Shows the age of the last backup as a metric, so that an alert can say that backups stopped."""

from pathlib import Path

from shopwright.app.backup.record import read_record
from shopwright.app.metrics import Metrics
from shopwright.core.clock import US_PER_SECOND, Clock

LOOK_US = 15 * US_PER_SECOND


class BackupAge:
    """A chore that only looks: it never has more to do."""

    def __init__(self, home: Path, metrics: Metrics, clock: Clock) -> None:
        self._home = home
        self._gauge = metrics.gauge("shopwright_backup_age_seconds")
        self._clock = clock
        self._looked_us: int | None = None

    def step(self) -> bool:
        """Show the age, unless it was shown a moment ago."""
        now_us = self._clock.now_us()
        if self._looked_us is None or not 0 <= now_us - self._looked_us < LOOK_US:
            self._looked_us = now_us
            record = read_record(self._home)
            began_us = 0 if record is None else record.began_us
            self._gauge.set(max(0, now_us - began_us) / US_PER_SECOND)
        return False
