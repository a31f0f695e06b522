"""``shopwright privacy``: what is held about people, what they asked, and the proofs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shopwright.app.cli.operator import operator_name
from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import US_PER_SECOND, SystemClock, iso
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId

if TYPE_CHECKING:
    from shopwright.core.types.privacy import Receipt, SignedReceipt

REPORT_WAITS = "waiting for `shopwright privacy report --request`"
SHOWN_DIGITS = 12


@click.group()
def command() -> None:
    """Answer people who ask about their data."""


@command.command()
@click.argument("customer", required=False)
@click.option("--store", type=STORE, help="The store's domain; needed without --request.")
@click.option("--email", metavar="ADDRESS", help="Whoever has this address, guests too.")
@click.option("--phone", metavar="NUMBER", help="Whoever has this number, with country code.")
@click.option("--request", "request_id", metavar="ID", help="Answer this data request; closes it.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write it as JSON.")
@click.option("--text", type=click.Path(path_type=Path), metavar="FILE", help="Write it as text.")
@pass_session
def report(  # noqa: PLR0913, PLR0917 - one for each option
    session: Session,
    customer: str | None,
    store: StoreId | None,
    email: str | None,
    phone: str | None,
    request_id: str | None,
    out: Path | None,
    text: Path | None,
) -> None:
    """Write everything that is held about a customer.

    As JSON, complete to the byte, and as a text that the person can read.

    It names the person, so who asked for it goes into the audit trail. With --request it answers
    a customers/data_request that waits, and closes it.
    """
    from shopwright.app.privacy_office import answer, close, report_request  # noqa: PLC0415

    addresses = [address for address in (email, phone) if address is not None]
    if (request_id is None) == (customer is None and not addresses):
        raise BadInput("name a customer and --store, or a waiting request with --request")
    settings = session.settings
    asked = report_request(settings, customer, addresses, store, request_id)
    made = answer(settings, asked, f"operator {operator_name()}")
    if out is None and text is None:
        click.echo(made.as_json.decode())
    for path, content in ((out, made.as_json), (text, made.as_text.encode())):
        if path is not None:
            _write_private(path, content)
            click.echo(f"{path}: {len(content):,} bytes", err=True)
    if request_id is not None:
        close(settings, asked)
        click.echo(f"request {asked.request_id} is answered and closed", err=True)


@command.command()
@json_option
@pass_session
def requests(session: Session, as_json: bool) -> None:
    """List requests that are not done yet, with their age and deadline."""
    from shopwright.app.bootstrap import open_privacy_requests  # noqa: PLC0415
    from shopwright.app.privacy_deadlines import LAW_US, due_us  # noqa: PLC0415
    from shopwright.app.redaction import SAYS  # noqa: PLC0415
    from shopwright.pipelines.erase_progress import decode  # noqa: PLC0415

    settings, now_us = session.settings, SystemClock().now_us()
    rows = []
    for request, progress in open_privacy_requests(settings).open():
        stage = decode(progress).stage
        due = due_us(settings, request, stage)
        rows.append(
            {
                "request_id": request.request_id,
                "store_id": request.store_id,
                "kind": request.kind,
                "origin": request.origin,
                "asked_at": iso(request.asked_us),
                "age_seconds": max(0, now_us - request.asked_us) // US_PER_SECOND,
                "due_at": iso(due),
                "due_by_law_at": iso(request.asked_us + LAW_US),
                "overdue": now_us > due,
                "state": REPORT_WAITS if request.kind == "report" else SAYS[stage],
            }
        )
    emit(as_json, rows, lambda: _requests_text(rows))


def _requests_text(rows: list[dict[str, object]]) -> str:
    if not rows:
        return "none: every request is done"
    shown = [
        (r["request_id"], r["store_id"], r["kind"], _age(int(str(r["age_seconds"]))),
         str(r["due_at"])[:16], str(r["due_by_law_at"])[:10], r["state"])
        for r in rows
    ]  # fmt: skip
    return table(["request", "store", "kind", "age", "due", "due by law", "state"], shown)


def _age(seconds: int) -> str:
    return f"{seconds // 86_400} d {seconds % 86_400 // 3_600} h {seconds % 3_600 // 60} min"


@command.command()
@click.option("--store", type=STORE, help="Only this store's.")
@click.option("--customer", metavar="ID", help="Only those about this customer; needs --store.")
@click.option("--request", "request_id", metavar="ID", help="Only the one of this request.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the newest.")
@json_option
@pass_session
def receipts(
    session: Session,
    store: StoreId | None,
    customer: str | None,
    request_id: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """List the proofs of erasures that were done."""
    from shopwright.app.privacy_office import receipts_of  # noqa: PLC0415
    from shopwright.privacy.receipts import verify  # noqa: PLC0415

    found = receipts_of(session.settings, store, customer, request_id)
    if out is not None:
        if not found:
            raise BadInput(
                "there is no such receipt; what is not done: shopwright privacy requests"
            )
        write_receipt(out, found[-1])
    read = [verify(signed) for signed in found]
    text = [(r.request_id, r.store_id, r.kind, iso(r.finished_us)[:19], _keys(r),
             sum(r.removed.values()), len(r.models)) for r in read]  # fmt: skip
    heads = ["request", "store", "kind", "finished", "keys", "removed", "models"]
    emit(as_json, read, lambda: table(heads, text) if text else "none yet")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
@pass_session
def verify(session: Session, file: Path, as_json: bool) -> None:
    """Check a receipt's signature.

    Exit code 1 when a single bit was altered, or when another installation signed it.
    """
    from shopwright.app.privacy_office import check_receipt  # noqa: PLC0415

    receipt = check_receipt(session.settings, file)
    emit(
        as_json,
        receipt,
        lambda: "\n".join(["signed by this installation; nothing was altered", "",
                           *receipt_lines(receipt)]),
    )  # fmt: skip


def _keys(receipt: "Receipt") -> str:
    """Say how many keys went; with a store go its own and those of everybody in it, uncounted."""
    return "all" if receipt.kind == "erase_store" else str(len(receipt.tombstones))


def receipt_lines(receipt: "Receipt") -> list[str]:
    """Write a receipt for people; it names nobody."""
    lines = [
        f"request       {receipt.request_id}",
        f"store         {receipt.store_id}",
        f"asked         {iso(receipt.asked_us)[:19]}Z by {receipt.origin}",
        f"finished      {iso(receipt.finished_us)[:19]}Z",
        f"keys          {_keys(receipt)} destroyed, none is ever made again",
    ]
    lines += [f"removed       {many:,} {what}" for what, many in sorted(receipt.removed.items())]
    lines += [f"model         {version[:SHOWN_DIGITS]} removed" for version in receipt.models]
    return lines


def write_receipt(path: Path, signed: "SignedReceipt") -> None:
    """Write a receipt's file for whoever asked for the erasure."""
    from shopwright.privacy.receipts import to_file  # noqa: PLC0415

    path.write_bytes(to_file(signed))


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
