"""``shopwright doctor``: what is wrong, and the next step for each."""

import click

from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.types.identity import StoreId


@click.command()
@click.argument("store", type=STORE, required=False)
@click.option("--deep", is_flag=True, help="Read every byte too; takes minutes.")
@json_option
@pass_session
def command(session: Session, store: StoreId | None, deep: bool, as_json: bool) -> int:
    """Say what is wrong and how to mend it.

    Looks at folder, disk, keys, files, worker, copies and each store (or one), and changes nothing.
    Exit code 1 when something must be mended; a warning alone does not fail.
    """
    from shopwright.app.doctor.examination import examine  # noqa: PLC0415

    found = examine(session.settings, store, in_depth=deep)
    width = max(len(finding.what) for finding in found)
    lines = [
        f"{finding.level:<4}  {finding.what:<{width}}  {finding.says}"
        + (f"\n      {'':<{width}}  → {finding.do}" if finding.do else "")
        for finding in found
    ]
    emit(as_json, found, lambda: "\n".join(lines))
    return int(any(finding.level == "fail" for finding in found))
