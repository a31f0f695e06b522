"""The last backup: was there one, of when is it, and does it have its keys?"""

from collections.abc import Iterator

from shopwright.app.backup.record import read_record
from shopwright.app.doctor.finding import Finding, ok, warn
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_SECOND, Clock, iso

US_PER_HOUR = 3_600 * US_PER_SECOND
WHAT = "backup"
DO = "shopwright backup FOLDER --keys-to ANOTHER_FOLDER (docs/backup.md)"


def last(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Look at the note of the last backup that was read back."""
    record = read_record(settings.home)
    if record is None:
        yield warn(WHAT, "there is no backup of this data folder", DO)
        return
    hours = max(0, clock.now_us() - record.began_us) // US_PER_HOUR
    says = f"the last one is of {iso(record.began_us)[:16]}, in {record.folder}"
    if hours >= settings.backup_hours_max:
        limit = settings.backup_hours_max
        yield warn(WHAT, f"{says}: {hours:,} hours old; backup_hours_max is {limit:,}", DO)
    elif record.keys_folder is None:
        yield warn(WHAT, f"{says}, but without the keys that open it", DO)
    else:
        yield ok(WHAT, says)
