"""``shopwright redact``: erase a person, or a whole store, everywhere."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shopwright.app.cli.operator import operator_name
from shopwright.app.cli.options import store_option
from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.privacy import receipt_lines, write_receipt
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId

if TYPE_CHECKING:
    from shopwright.app.redaction import Outcome
    from shopwright.app.settings import Settings
    from shopwright.core.types.privacy import PrivacyRequest


@click.command()
@click.argument("customer", required=False)
@store_option
@click.option("--email", metavar="ADDRESS", help="Whoever has this address, guests too.")
@click.option("--phone", metavar="NUMBER", help="Whoever has this number, with country code.")
@click.option("--whole-store", is_flag=True, help="Everybody and everything of the store.")
@click.option("--retrain", is_flag=True, help="Train new models now; do not wait for the schedule.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the receipt.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@pass_session
def command(  # noqa: PLR0913, PLR0917 - one for each option
    session: Session,
    customer: str | None,
    store: StoreId,
    email: str | None,
    phone: str | None,
    whole_store: bool,
    retrain: bool,
    out: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase a person everywhere.

    CUSTOMER is Shopify's id, a gid or a pseudonym. It cannot be undone: the keys are destroyed, the
    rows go, later webhooks about the person are dropped. Sales stay, without the person. Models
    that learned from the person go as soon as a newer one serves.
    """
    from shopwright.app.redaction import redact, request_about  # noqa: PLC0415

    addresses = [address for address in (email, phone) if address is not None]
    if whole_store and (customer is not None or addresses):
        raise BadInput("--whole-store erases everybody of the store; name no person with it")
    settings, who = session.settings, operator_name()
    request = request_about(
        settings,
        "erase_store" if whole_store else "erase_customer",
        store,
        f"redact by {who}",
        customer=customer,
        addresses=addresses,
    )
    if not yes:
        _confirm(settings, request)
    try:
        outcome = redact(settings, request, f"operator {who}", _Saying(), retrain=retrain)
    except KeyboardInterrupt:
        click.echo(
            f"request {request.request_id[:12]} stays; the next worker finishes it", err=True
        )
        raise
    if out is not None and outcome.signed is not None:
        write_receipt(out, outcome.signed)
    emit(as_json, _plain(outcome), lambda: _text(outcome, str(settings.home / "control.db")))


class _Saying:
    """Tells where the erasure is, once for each change."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, says: str) -> None:
        """Print a line unless it is the last one again."""
        if says != self._said:
            self._said = says
            click.echo(f"{says} …", err=True)


def _confirm(settings: "Settings", request: "PrivacyRequest") -> None:
    """Ask, with a figure by which a mistyped id is noticed."""
    from shopwright.app.redaction import orders_of  # noqa: PLC0415

    if not sys.stdin.isatty():
        raise BadInput("an erasure cannot be undone: say --yes where nobody can be asked")
    if request.kind == "erase_store":
        what = f"everybody and everything of {request.store_id}"
    else:
        orders = orders_of(settings, request)
        what = f"this person at {request.store_id}, of whom {orders:,} orders are known,"
    click.confirm(f"Erase {what} for good?", abort=True)


def _plain(outcome: "Outcome") -> dict[str, object]:
    return {
        "request_id": outcome.request_id,
        "state": "done" if outcome.stage is None else outcome.stage,
        "receipt": outcome.receipt,
    }


def _text(outcome: "Outcome", kept_in: str) -> str:
    from shopwright.app.redaction import SAYS  # noqa: PLC0415

    receipt = outcome.receipt
    if receipt is None:
        state = "closed" if outcome.stage is None else SAYS[outcome.stage]
        return (
            f"request {outcome.request_id}: {state}\n"
            "the person is erased; models that had learned from them serve until a newer champion "
            "does (`--retrain` trains one now). Then comes the receipt: shopwright privacy receipts"
        )
    lines = [*receipt_lines(receipt), f"kept in       {kept_in}"]
    if not any(receipt.removed.values()) and receipt.kind == "erase_customer":
        lines += ["", "nothing was held of this person; whatever comes about them is dropped"]
    return "\n".join(lines)
