"""``shopwright replay``: is the ledger what the log says; and the way back when it is not there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session

if TYPE_CHECKING:
    from shopwright.app.replaying import Replayed
    from shopwright.core.types.ledger import Document


@click.command()
@click.option(
    "--adopt", is_flag=True, help="Put the rebuilt ledger in the place of the living one."
)
@json_option
@pass_session
def command(session: Session, adopt: bool, as_json: bool) -> int:
    """Build the ledger again from the log and compare.

    Begins with the newest verified checkpoint, else with the beginning of the log, and builds
    beside the living ledger while webhooks go on. Both are compared at the same log position: every
    telling and every version, bit for bit. Exit code 1 when they differ.

    With --adopt the rebuilt ledger takes the place of the living one, whether that was equal,
    different, damaged or gone; features and history follow by themselves.
    """
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.app.replaying import Replaying  # noqa: PLC0415

    with watched() as watch:
        found = Replaying(session.settings, watch).run(adopting=adopt)
    emit(as_json, _to_json(found), lambda: "\n".join(_lines(found)))
    return 0 if found.is_equal or found.adopted else 1


def _to_json(found: "Replayed") -> dict[str, object]:
    return {
        "checkpoint": found.checkpoint,
        "records": found.records,
        "seconds": found.seconds,
        "living": found.living,
        "rebuilt": found.rebuilt,
        "trouble": found.trouble,
        "equal": found.is_equal,
        "differs": [
            {
                "store_id": one.document.store_id,
                "kind": one.document.kind,
                "key": _key(one.document),
                "what": one.what,
                "says": one.says,
            }
            for one in found.differs
        ],
        "erased_meanwhile": found.erased,
        "adopted": found.adopted,
    }


def _lines(found: "Replayed") -> Iterator[str]:
    begun = (
        "the beginning of the log"
        if found.checkpoint is None
        else f"the checkpoint of revision {found.checkpoint:,}"
    )
    rate = found.records / found.seconds if found.seconds else 0.0
    yield (
        f"replayed {found.records:,} records from {begun} in {found.seconds:.1f} s "
        f"({rate:,.0f} records/s)"
    )
    yield f"rebuilt  {found.rebuilt}"
    yield f"living   {found.living or found.trouble}"
    if found.erased:
        yield "somebody was erased meanwhile: what differs need not mean anything; run it again"
    if found.is_equal:
        yield "equal: the ledger is what the log says"
    for one in found.differs:
        document = f"{one.document.store_id} {one.document.kind} {_key(one.document)}"
        yield f"different: {document}: {one.what}: {one.says}"
    if found.adopted:
        yield "adopted: the rebuilt ledger is in place"
    elif not found.is_equal and not found.erased:
        yield "`shopwright replay --adopt` puts the rebuilt ledger in place"


def _key(document: "Document") -> str:
    """Return an id of stock or product, else a pseudonym; a store's merges have no key."""
    if document.kind in ("product", "stock", "stock_month"):
        return document.key.decode(errors="backslashreplace")
    return document.key.hex()
