"""Requests → nobody: the person goes from the keys, the log, the ledger, its copies and the models.

A request and its progress lie in control.db, so a process that dies at any instant is followed by
one that goes on. Every step may be done twice. The order matters: first what stays of the sales is
written, then the keys are destroyed (from then on intake drops the person's events), then the
rows go, and at last the log is searched again for what a writer with an old key in memory left.
"""

from msgspec.structs import replace

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND, Clock
from shopwright.core.errors import Busy, Erased
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Document
from shopwright.core.types.privacy import PrivacyRequest, SignedReceipt
from shopwright.events import privacy
from shopwright.pipelines.erase_copies import Copies
from shopwright.pipelines.erase_log import forget_keys, keep_sales, note_keys, set_mark
from shopwright.pipelines.erase_plan import plan, told_since
from shopwright.pipelines.erase_progress import Progress, counted, decode, encode, receipt_of
from shopwright.pipelines.erase_restored import NOBODY_REVIVED, Revived, again
from shopwright.pipelines.erase_store import erase_store
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy import receipts

ORDERS_AT_ONCE = 25
LOG_SEARCHES_AT_ONCE = 10
MODELS_LOOK_US = 5 * US_PER_SECOND


class Eraser:
    """Takes one small step of the oldest erasure that has one to take."""

    def __init__(
        self,
        copies: Copies,
        *,
        clock: Clock,
        settle_seconds: int,
        models_days_max: int,
        revived: Revived = NOBODY_REVIVED,
    ) -> None:
        self._copies = copies
        self._clock = clock
        self._settle_us = settle_seconds * US_PER_SECOND
        self._models_us = models_days_max * US_PER_DAY
        self._revived = revived
        self._looked_us: dict[str, int] = {}
        self._closing: list[tuple[str, SignedReceipt | None]] = []
        self.finished = 0
        """Erasures that this object has brought to their end."""

    def step(self) -> bool:
        """Do the next small piece of work; say whether there was one."""
        self._ask_for_revived()
        if self._finish_closing():
            return True
        for request, stored in self._copies.requests.open():
            if request.kind == "report":
                continue
            try:
                after = self._after(request, decode(stored))
            except Busy:
                continue  # a reader keeps a file from being overwritten; the step is done again
            if after is not None:
                if isinstance(after, Progress):
                    self._copies.requests.advance(request.request_id, encode(after))
                return True
        return False

    def oldest_us(self) -> int | None:
        """Return when the oldest erasure that is not finished was asked for."""
        asked = [request for request, _ in self._copies.requests.open()]
        return min((one.asked_us for one in asked if one.kind != "report"), default=None)

    def _ask_for_revived(self) -> None:
        """Ask again for whom an old copy of the data folder brought back."""
        back = self._revived.revived()
        for request in again(back, self._clock.now_us()) if back else ():
            self._copies.requests.ask(request)
        if back:
            self._revived.taken(back)

    def _after(self, request: PrivacyRequest, progress: Progress) -> Progress | bool | None:
        """Return the progress after one step; True when it is closed, None when it waits."""
        if progress.stage == "begin":
            if request.kind == "erase_store":
                models = self._copies.models.noted(request.store_id, None, ())
                return replace(progress, stage="store", models=models)
            return replace(progress, stage="plan", barrier=dict(self._copies.log.end()))
        if progress.stage == "store":
            return self._erase_store(request, progress)
        try:
            self._copies.keys.store_key(request.store_id)
        except Erased:
            # The whole store was erased meanwhile, and with it everything this request is about.
            return self._close(request, progress)
        return _STAGES[progress.stage](self, request, progress)

    def _plan(self, request: PrivacyRequest, progress: Progress) -> Progress | None:
        through, end = self._copies.ledger.through(), self._copies.log.end()
        # What lay at the end of a partition may have been erased since.
        if any(
            through.get(partition, 0) < min(offset, end.get(partition, 0))
            for partition, offset in progress.barrier.items()
        ):
            return None
        found = plan(self._copies.ledger, request)
        others = found.checkouts
        if request.origin in privacy.ABOUT_PEOPLE:
            others = (*others, self._own_body(request.store_id, request.request_id))
        others = (*others, *self._reports_on(request, {*found.customers, *found.contacts}))
        return replace(
            progress,
            stage="orders",
            customers=found.customers,
            contacts=found.contacts,
            orders=found.orders,
            shared=found.shared,
            others=others,
            reaching=found.reaching,
        )

    def _own_body(self, store_id: StoreId, request_id: str) -> Pseudonym:
        return StoreKeys(self._copies.keys).pseudonymiser(store_id)(privacy.REQUEST, request_id)

    def _reports_on(self, request: PrivacyRequest, people: set[Pseudonym]) -> tuple[Pseudonym, ...]:
        """Return the bodies of open questions about the person: nothing is left to answer."""
        return tuple(
            self._own_body(other.store_id, other.request_id)
            for other, _ in self._copies.requests.open()
            if other.kind == "report"
            and other.store_id == request.store_id
            and people & {*other.customers, *other.contacts}
        )

    def _orders(self, request: PrivacyRequest, progress: Progress) -> Progress:
        """Keep the sales of some orders, then destroy the keys of those orders."""
        orders = progress.orders[progress.at : progress.at + ORDERS_AT_ONCE]
        if not orders:
            return replace(progress, stage="people", at=0)
        noted = note_keys(self._copies, request, progress, orders)
        self._copies.requests.advance(request.request_id, encode(noted))
        keep_sales(self._copies, request, noted, orders, self._clock.now_us())
        done = forget_keys(self._copies, request, noted, orders)
        return replace(done, at=progress.at + len(orders))

    def _people(self, request: PrivacyRequest, progress: Progress) -> Progress:
        """Destroy the keys of the people; until now their orders may have been told anew."""
        more = told_since(self._copies.ledger, request, progress)
        if more != progress:
            return replace(more, stage="orders", at=0)
        people = (*progress.customers, *progress.others)
        noted = note_keys(self._copies, request, progress, people)
        self._copies.requests.advance(request.request_id, encode(noted))
        every = (*progress.orders, *progress.shared)
        keep_sales(self._copies, request, noted, every, self._clock.now_us())
        return replace(forget_keys(self._copies, request, noted, people), stage="log", at=0)

    def _log(self, request: PrivacyRequest, progress: Progress) -> Progress:
        subjects = progress.sealed[progress.at : progress.at + LOG_SEARCHES_AT_ONCE]
        if not subjects:
            return replace(progress, stage="facts", at=0)
        found = sum(self._copies.log.forget(request.store_id, who) for who in subjects)
        return replace(counted(progress, "log events", found), at=progress.at + len(subjects))

    def _facts(self, request: PrivacyRequest, progress: Progress) -> Progress:
        """Take the person from the ledger and its copies; then draw their orders anew."""
        copies, store_id = self._copies, request.store_id
        for who in progress.customers:
            copies.materializer.disown(store_id, who)
        orders = sum(copies.ledger.forget(store_id, who) for who in progress.customers)
        for who in dict.fromkeys((*progress.reaching, *progress.others)):
            copies.ledger.forget(store_id, who)
        touched = (*progress.orders, *progress.shared)
        copies.materializer.redraw([Document(store_id, "order", order) for order in touched])
        for who in progress.customers:
            copies.online.forget(store_id, who)
        months = sum(copies.offline.forget(store_id, who) for who in progress.customers)
        copies.archiver.step()
        now_us = self._clock.now_us()
        progress = counted(progress, "names on orders", orders)
        progress = counted(progress, "history partitions", months)
        return replace(
            progress,
            stage="traces",
            due_us=now_us + self._settle_us,
            mark=set_mark(copies, request, now_us) if touched else 0,
        )

    def _traces(self, request: PrivacyRequest, progress: Progress) -> Progress:
        """Overwrite what the files hold beside their rows; then older copies of them may go."""
        self._erase_gaps(request)
        self._copies.renew_checkpoints()
        return replace(progress, stage="sweep")

    def _sweep(self, request: PrivacyRequest, progress: Progress) -> Progress | None:
        """Search again once every writer has noticed; begin again for whoever came late."""
        now_us = self._clock.now_us()
        if now_us < progress.due_us:
            return self._wait(progress, now_us)
        found = sum(self._copies.log.forget(request.store_id, who) for who in progress.sealed)
        progress = counted(progress, "log events", found)
        known = replace(request, customers=progress.customers, contacts=progress.contacts)
        late = set(self._late(known, progress))
        if late:
            return replace(
                progress,
                stage="orders",
                at=0,
                orders=tuple(sorted({*progress.orders, *late})),
                reaching=tuple(sorted(late)),
            )
        if found:
            return replace(progress, stage="traces", due_us=now_us + self._settle_us)
        return replace(progress, stage="models")

    def _wait(self, progress: Progress, now_us: int) -> Progress | None:
        """Wait on, but never longer than the settle time: the clock may have been set back."""
        latest_us = now_us + self._settle_us
        return replace(progress, due_us=latest_us) if progress.due_us > latest_us else None

    def _erase_gaps(self, request: PrivacyRequest) -> None:
        # A clock that ran ahead when it was asked must not make today's files look old.
        self._copies.erase_gaps(min(request.asked_us, self._clock.now_us()))

    def _late(self, request: PrivacyRequest, progress: Progress) -> tuple[Pseudonym, ...]:
        """Return guests' orders and checkouts that were told of meanwhile."""
        found = plan(self._copies.ledger, request)
        known = {*progress.subjects, *progress.shared}
        return tuple(who for who in found.reaching if who not in known)

    def _models(self, request: PrivacyRequest, progress: Progress) -> Progress | bool | None:
        """Remove the models that knew the person, as soon as others serve in their place."""
        if not progress.mark:
            return self._close(request, progress)  # no order was theirs, so none was learned from
        now_us = self._clock.now_us()
        if now_us - self._looked_us.get(request.request_id, -MODELS_LOOK_US) < MODELS_LOOK_US:
            return None
        models, store_id = self._copies.models, request.store_id
        noted = models.noted(store_id, progress.mark, progress.models)
        if noted != progress.models:  # on disk before the first goes, or no receipt could name it
            return replace(progress, models=noted)
        self._looked_us[request.request_id] = now_us
        overdue = now_us - request.asked_us >= self._models_us
        reason = f"It had learned from somebody who was erased (request {request.request_id[:12]})."
        gone = models.remove(store_id, progress.mark, reason, now=overdue)
        if models.waiting(store_id, progress.mark):
            return progress if gone else None
        return self._close(request, progress)

    def _erase_store(self, request: PrivacyRequest, progress: Progress) -> Progress | bool | None:
        now_us = self._clock.now_us()
        if progress.due_us > now_us:
            return self._wait(progress, now_us)
        progress, anything = erase_store(self._copies, request, progress)
        if anything:
            return replace(progress, due_us=now_us + self._settle_us)
        self._erase_gaps(request)
        return self._close(request, progress)

    def _close(self, request: PrivacyRequest, progress: Progress) -> bool:
        """Give the receipt; questions about what is gone are closed with it."""
        people = {*progress.customers, *progress.contacts}
        for other, _ in self._copies.requests.open():
            same_store = other.store_id == request.store_id and other != request
            about = people & {*other.customers, *other.contacts}
            if same_store and (request.kind == "erase_store" or (other.kind == "report" and about)):
                self._closing.append((other.request_id, None))
        self._closing.append((request.request_id, self._receipt(request, progress)))
        self.finished += 1
        self._finish_closing()
        return True

    def _finish_closing(self) -> bool:
        """Close what is done; a file that is busy is tried again with the next step."""
        did = bool(self._closing)
        while self._closing:
            try:
                self._copies.requests.close(*self._closing[0])
            except Busy:
                return False
            del self._closing[0]
        return did

    def _receipt(self, request: PrivacyRequest, progress: Progress) -> SignedReceipt:
        said = receipt_of(request, progress, self._clock.now_us())
        return receipts.sign(said, self._copies.signing_key())


_STAGES = {
    "plan": Eraser._plan,
    "orders": Eraser._orders,
    "people": Eraser._people,
    "log": Eraser._log,
    "facts": Eraser._facts,
    "traces": Eraser._traces,
    "sweep": Eraser._sweep,
    "models": Eraser._models,
}
