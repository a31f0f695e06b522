"""What people asked about their data: is it done in time?"""

from collections.abc import Iterator

from shopwright.app.bootstrap import open_keys, open_privacy_requests
from shopwright.app.doctor.finding import Finding, fail, ok, warn
from shopwright.app.privacy_deadlines import due_us, is_half_over
from shopwright.app.settings import Settings
from shopwright.core.clock import US_PER_SECOND, Clock, iso
from shopwright.pipelines.erase_progress import decode

WHAT = "privacy requests"


def requests(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Look at every request that is open, and at people whom an old copy brought back."""
    now_us, late, fine = clock.now_us(), 0, 0
    for request, progress in open_privacy_requests(settings).open():
        stage = decode(progress).stage
        due = iso(due_us(settings, request, stage))[:16]
        says = f"{request.kind} {request.request_id[:12]} of {request.store_id} is due {due}"
        if request.kind == "report":
            do = f"shopwright privacy report --request {request.request_id[:12]} --out report.json"
        elif stage == "models":
            do = "shopwright train, then shopwright models promote: the old model goes by itself"
        else:
            do = "shopwright up: the worker erases; see what it prints"
        if now_us > due_us(settings, request, stage):
            late += 1
            yield fail(WHAT, f"{says}: overdue", do)
        elif is_half_over(settings, request, stage, now_us):
            late += 1
            hours = (now_us - request.asked_us) // (3_600 * US_PER_SECOND)
            yield warn(WHAT, f"{says}, and has waited {hours} hours", do)
        else:
            fine += 1
    if back := len(open_keys(settings).revived()):
        do = "shopwright up: the worker erases them again"
        yield warn(WHAT, f"an old copy brought back {back} subjects that were erased", do)
    elif not late:
        yield ok(WHAT, f"{fine} open, none is late" if fine else "none is open")
