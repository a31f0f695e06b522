"""``shopwright dead-letters``: events that are kept but could not be read; why, and once more."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from shopwright.app.cli.operator import operator_name
from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import iso
from shopwright.core.errors import BadInput
from shopwright.core.types.identity import StoreId
from shopwright.core.types.ledger import DeadLetter

SHOWN_MAX = 10_000

Where = tuple[str, int]
Command = TypeVar("Command", bound=Callable[..., Any])


class WhereParam(click.ParamType[Where]):
    """Where an event lies in the log: ``web-0:22849532788277249``."""

    name = "partition:offset"

    def convert(
        self, value: str | Where, param: click.Parameter | None, ctx: click.Context | None
    ) -> Where:
        """Return partition and offset; fail for anything else."""
        if isinstance(value, tuple):
            return value
        partition, colon, offset = value.rpartition(":")
        if not (partition and colon and offset.isascii() and offset.isdigit()):
            self.fail(f"{value!r} is not PARTITION:OFFSET as the list shows it.", param, ctx)
        return partition, int(offset)


WHERE = WhereParam()


def _limit(command: Command) -> Command:
    return click.option(
        "--limit",
        type=click.IntRange(1, SHOWN_MAX),
        default=50,
        show_default=True,
        help="The newest so many.",
    )(command)


def _which(command: Command) -> Command:
    topic = click.option("--topic", help="Only events of this topic.")
    return click.option("--store", type=STORE, help="Only events of this store.")(topic(command))


@click.group(invoke_without_command=True)
@_limit
@json_option
@click.pass_context
def command(ctx: click.Context, limit: int, as_json: bool) -> None:
    """List events that could not be read, and read them again.

    Each is still in the log with its raw body; nothing was dropped. Without a command it lists.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, store=None, topic=None, limit=limit, as_json=as_json)


@command.command("list")
@_which
@_limit
@json_option
@pass_session
def list_(
    session: Session, store: StoreId | None, topic: str | None, limit: int, as_json: bool
) -> None:
    """List events that could not be read, newest first."""
    from shopwright.app.bootstrap import open_dead_letters  # noqa: PLC0415

    letters = open_dead_letters(session.settings).find(store, topic, limit)
    emit(as_json, [_to_json(letter) for letter in letters], lambda: _table(letters))


@command.command()
@click.argument("where", type=WHERE, metavar="PARTITION:OFFSET")
@click.option("--reveal", is_flag=True, help="Show the raw body; this is recorded.")
@json_option
@pass_session
def show(session: Session, where: Where, reveal: bool, as_json: bool) -> None:
    """Show one event that could not be read.

    With --reveal its raw body as well, which may name people; who looked goes into the audit trail.
    """
    from shopwright.app.dead_letter import examine  # noqa: PLC0415

    found = examine(session.settings, where, reveal_to=operator_name() if reveal else None)
    lines = [f"{name:<12}{text}" for name, text in found.lines()]
    emit(as_json, found.as_json(), lambda: "\n".join(lines))


@command.command()
@click.argument("where", type=WHERE, metavar="[PARTITION:OFFSET]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every event of the list.")
@_which
@json_option
@pass_session
def redrive(
    session: Session,
    where: tuple[Where, ...],
    everything: bool,
    store: StoreId | None,
    topic: str | None,
    as_json: bool,
) -> None:
    """Read events again that could not be read.

    After an upgrade that can read them, or once a store was added or corrected. What can be read
    becomes facts; what still cannot stays in the list with one attempt more. Doing it twice changes
    nothing. Exit code 1 when some still cannot be read.
    """
    from shopwright.app.errands import redrive as read_again  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.app.replaying import Come  # noqa: PLC0415

    letters = _chosen(session, where, everything, store, topic)
    with watched() as watch:
        done = read_again(
            session.settings,
            letters,
            lambda tried: watch(Come("reading again", tried, len(letters))),
        )
    emit(
        as_json,
        {"read": done.read, "dead": done.dead, "erased": done.erased},
        lambda: (
            f"{done.read:,} could be read, {done.dead:,} still cannot be read, "
            f"{done.erased:,} were erased meanwhile"
        ),
    )
    if done.dead:
        raise click.exceptions.Exit(1)


def _chosen(
    session: Session,
    where: tuple[Where, ...],
    everything: bool,
    store: StoreId | None,
    topic: str | None,
) -> Sequence[DeadLetter]:
    from shopwright.app.bootstrap import open_dead_letters  # noqa: PLC0415

    letters = open_dead_letters(session.settings)
    if not where:
        if not everything and store is None and topic is None:
            raise BadInput(
                "say which: PARTITION:OFFSET as the list shows it, --store, --topic, or --all"
            )
        return letters.find(store, topic)
    if everything or store is not None or topic is not None:
        raise BadInput("name events, or choose them with --all, --store or --topic, but not both")
    found = letters.get(where)
    missing = {*where} - {(letter.partition, letter.offset) for letter in found}
    if missing:
        partition, offset = min(missing)
        raise BadInput(
            f"{partition}:{offset} is not a dead letter (any more); "
            "`shopwright dead-letters` lists those that are"
        )
    return found


def _to_json(letter: DeadLetter) -> dict[str, object]:
    return {
        "store_id": letter.store_id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "failed_at": iso(letter.failed_us),
        "attempts": letter.attempts,
        "reason": letter.reason,
    }


def _table(letters: Sequence[DeadLetter]) -> str:
    if not letters:
        return "none: every event could be read"
    return table(
        ["failed", "store", "topic", "where", "tries", "reason"],
        [
            (
                iso(letter.failed_us)[:19],
                letter.store_id,
                letter.topic,
                f"{letter.partition}:{letter.offset}",
                letter.attempts,
                letter.reason,
            )
            for letter in letters
        ],
    )
