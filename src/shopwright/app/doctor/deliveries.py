"""What comes from Shopify: are its signatures right, and do its clock and ours agree?"""

from collections.abc import Iterator

from shopwright.app.bootstrap import open_log
from shopwright.app.doctor.finding import Finding, fail, ok, warn
from shopwright.app.intake_trace import read_traces
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_SECOND, Clock, iso
from shopwright.core.types.log import Position
from shopwright.core.types.store import Store

WRONG_MIN = 3
"""One wrong signature may be anybody's; several in a row are a wrong secret."""
LAGS_MIN = 5
BEHIND_US = 2 * US_PER_SECOND
"""Nothing arrives before it was sent; two clocks that are set may differ by a second."""
LATE_US = 120 * US_PER_SECOND
AHEAD_US = 60 * US_PER_SECOND
CLOCK = "clock"


def signatures(settings: Settings, store: Store) -> Iterator[Finding]:
    """Look whether deliveries for the store are refused for their signature."""
    seen = read_traces(settings.run_folder).get(store.store_id)
    if seen is None or seen.wrong_in_a_row < WRONG_MIN:
        return
    since = iso(seen.first_wrong_us)[:16]
    do = (
        f"shopwright stores secrets add {store.store_id}, with the app's client secret; webhooks "
        "made by hand in the shop's admin are signed with the other key shown there"
    )
    says = f"{seen.wrong_in_a_row:,} deliveries since {since} had a signature that no secret fits"
    if seen.right:
        yield warn(store.store_id, f"{says}; before that {seen.right:,} were right", do)
    else:
        yield fail(store.store_id, f"{says}, and none was right: the secret is wrong", do)


def clocks(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Look whether this machine's clock can be right."""
    newest_us = _newest_us(settings)
    now_us = clock.now_us()
    ntp = "set the clock, by NTP for good (`timedatectl set-ntp true`)"
    if newest_us > now_us + AHEAD_US:
        ahead = (newest_us - now_us) // US_PER_SECOND
        says = f"the log's newest event was received {ahead:,} s from now: the clock was set back"
        yield warn(CLOCK, says, ntp)
    seen = read_traces(settings.run_folder).values()
    lags = sorted(lag for one in seen for lag in one.lags_us)
    if len(lags) < LAGS_MIN:
        return
    if lags[len(lags) // 2] < -BEHIND_US:
        behind = -lags[len(lags) // 2] // US_PER_SECOND
        says = f"webhooks arrive {behind:,} s before Shopify sent them: this clock is behind"
        yield fail(CLOCK, says, ntp)
    elif lags[0] > LATE_US:
        late = lags[0] // US_PER_SECOND
        says = f"no webhook arrives in less than {late:,} s: this clock is ahead, or all are late"
        yield warn(CLOCK, says, ntp)
    else:
        yield ok(CLOCK, "agrees with Shopify's")


def _newest_us(settings: Settings) -> int:
    """Return when the newest event of the log was received; 0 for an empty log."""
    log = open_log(settings)
    newest = 0
    for partition, offset in log.end().items():
        last = log.read(Position({**log.end(), partition: offset - 1}), 1)
        newest = max([newest, *(record.event.received_us for record in last)])
    return newest
