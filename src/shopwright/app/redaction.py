"""Has somebody erased: by the running worker, or here where none runs."""

import os
from collections.abc import Callable, Sequence

from msgspec import Struct

from shopwright.app.bootstrap import (
    open_audit,
    open_decisions,
    open_keys,
    open_ledger,
    open_privacy_requests,
    open_stores,
    open_trainer,
)
from shopwright.app.catch_up import catch_up
from shopwright.app.settings import Settings
from shopwright.core.clock import Clock, SystemClock
from shopwright.core.errors import BadInput, Busy, NotReady, Refused
from shopwright.core.types.decision import Decision
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.privacy import PrivacyRequest, Receipt, RequestKind, SignedReceipt
from shopwright.events.contacts import contacts, email_of, phone_of
from shopwright.pipelines.erase_plan import plan
from shopwright.pipelines.erase_progress import Stage, decode
from shopwright.pipelines.store_keys import StoreKeys
from shopwright.privacy.pseudonyms import parse, plain_id
from shopwright.privacy.receipts import verify
from shopwright.training.tasks import TASKS, task_named

LOOK_SECONDS = 0.1
SEED = 7

SAYS: dict[Stage, str] = {
    "begin": "waiting for its turn",
    "plan": "looking for everything that is theirs",
    "orders": "keeping the sales, destroying the keys of orders",
    "people": "destroying the keys of the person",
    "log": "erasing the log",
    "facts": "erasing ledger, features and history",
    "traces": "overwriting what files keep beside their rows",
    "sweep": "waiting for late writers, then searching the log again",
    "models": "waiting for retraining",
    "store": "erasing the store",
}

Tell = Callable[[str], None]


class Outcome(Struct, frozen=True, kw_only=True):
    """How far an erasure came while the command waited."""

    request_id: str
    stage: Stage | None
    """None when it is done; then there is a receipt."""
    signed: SignedReceipt | None

    @property
    def receipt(self) -> Receipt | None:
        """What the receipt says. Raises Damaged."""
        return None if self.signed is None else verify(self.signed)


def customers_named(settings: Settings, store_id: StoreId, customer: str) -> Pseudonym:
    """Read a customer's id, gid or pseudonym. Raises BadInput."""
    known = parse(customer)
    if known is not None:
        return known
    pseudonymise = StoreKeys(open_keys(settings)).pseudonymiser(store_id)
    return pseudonymise("customer", plain_id(customer))


def request_about(
    settings: Settings,
    kind: RequestKind,
    store_id: StoreId,
    origin: str,
    *,
    customer: str | None = None,
    addresses: Sequence[str] = (),
) -> PrivacyRequest:
    """Return a new request. Raises BadInput for an id or an address that is none."""
    named: tuple[Pseudonym, ...] = ()
    given: tuple[Pseudonym, ...] = ()
    if kind != "erase_store":
        for address in addresses:
            if email_of(address) is None and phone_of(address) is None:
                raise BadInput("this is neither an e-mail address nor a phone number")
        if customer is not None:
            named = (customers_named(settings, store_id, customer),)
        given = contacts(StoreKeys(open_keys(settings)).pseudonymiser(store_id), *addresses)
        if not named and not given:
            raise BadInput("say who is meant: a customer's id, --email or --phone")
    return PrivacyRequest(
        request_id=os.urandom(16).hex(),
        store_id=store_id,
        kind=kind,
        origin=origin,
        asked_us=SystemClock().now_us(),
        customers=named,
        contacts=given,
    )


def redact(
    settings: Settings,
    request: PrivacyRequest,
    who: str,
    tell: Tell,
    *,
    retrain: bool = False,
    clock: Clock | None = None,
) -> Outcome:
    """Ask for the erasure, durably, and bring it as far as it can come now.

    It ends with the receipt, or where only models that learned from the person are left, which
    then wait for a newer champion. Raises NotReady when the worker does not get there in time; the
    request stays and is obeyed.
    """
    clock = clock or SystemClock()
    open_stores(settings).get(request.store_id)
    about = f"request {request.request_id}"
    open_audit(settings).record(clock.now_us(), who, request.kind, request.store_id, about)
    open_privacy_requests(settings).ask(request)
    _work(settings, request.request_id, tell, clock)
    outcome = outcome_of(settings, request)
    if outcome.stage == "models" and retrain:
        tell("training models that never saw them")
        if _retrain(settings, request.store_id, who, tell, clock):
            _work(settings, request.request_id, tell, clock, models_seconds=30.0)
            outcome = outcome_of(settings, request)
    return outcome


def orders_of(settings: Settings, request: PrivacyRequest) -> int:
    """Return how many orders a request would take the person from, as far as is known now."""
    found = plan(open_ledger(settings, read_only=True), request)
    return len(found.orders) + len(found.shared)


def outcome_of(settings: Settings, request: PrivacyRequest) -> Outcome:
    """Return how far a request has come."""
    requests = open_privacy_requests(settings)
    stage = _stage(settings, request.request_id)
    given = (one for one in requests.receipts(request.store_id))
    signed = next((s for s in given if verify(s).request_id == request.request_id), None)
    return Outcome(request_id=request.request_id, stage=stage, signed=signed)


def _stage(settings: Settings, request_id: str) -> Stage | None:
    for request, progress in open_privacy_requests(settings).open():
        if request.request_id == request_id:
            return decode(progress).stage
    return None


def _work(
    settings: Settings, request_id: str, tell: Tell, clock: Clock, models_seconds: float = 0.0
) -> None:
    """Erase here, or watch the worker do it, until only models are left."""
    from shopwright.app.erasing import Erasing  # noqa: PLC0415 - it needs every engine
    from shopwright.app.owner import own  # noqa: PLC0415

    seconds_max = 600.0 + settings.erase_settle_seconds * 4
    waited = in_models = 0.0
    try:
        with own(settings) as owner:
            erasing = Erasing(owner, clock=clock)
            owner.materializer.repair_online()
            while (stage := _stage(settings, request_id)) is not None:
                did = owner.materializer.step(settings.batch_records_max).records > 0
                did = erasing.step() or did
                if stage == "models" and not did and in_models >= models_seconds:
                    return
                if stage != "models" or not did:
                    tell(SAYS[stage])
                if not did:
                    clock.sleep(LOOK_SECONDS)
                    in_models += LOOK_SECONDS if stage == "models" else 0.0
            return
    except Busy:
        pass
    while (stage := _stage(settings, request_id)) is not None:
        if stage == "models" and in_models >= max(models_seconds, 1.0):
            return
        if waited >= seconds_max:
            raise NotReady(
                f"the worker has not finished request {request_id[:12]} after "
                f"{seconds_max:.0f} seconds; it stays on the list: shopwright privacy requests"
            )
        tell(SAYS[stage])
        clock.sleep(LOOK_SECONDS)
        waited += LOOK_SECONDS
        in_models += LOOK_SECONDS if stage == "models" else 0.0


def _retrain(settings: Settings, store_id: StoreId, who: str, tell: Tell, clock: Clock) -> bool:
    """Train each task now; an accepted model takes its place at once, whoever served before.

    Returns whether one was accepted.
    """
    catch_up(settings)
    store = open_stores(settings).get(store_id)
    trainer = open_trainer(settings)
    accepted = False
    for name in sorted(TASKS):
        task = task_named(name)
        try:
            made = trainer.train(
                store,
                task,
                as_of_us=clock.now_us(),
                seed=SEED,
                log_through=open_ledger(settings, read_only=True).through(),
            )
        except Refused as error:
            tell(f"{name}: nothing to put in the old model's place: {error}")
            continue
        if made.decision.verdict == "refused":
            tell(f"{name}: the new model was refused: {made.decision.reason}")
        accepted = accepted or made.decision.verdict != "refused"
        if made.decision.verdict == "challenger":
            open_decisions(settings).record(
                Decision(
                    store_id=store_id,
                    task=name,
                    model_version=made.version,
                    verdict="champion",
                    reason="It was trained because somebody was erased, and serves at once.",
                    figures=made.decision.figures,
                    decided_us=clock.now_us(),
                    author=who,
                )
            )
            trainer.project(store, task)
    return accepted
