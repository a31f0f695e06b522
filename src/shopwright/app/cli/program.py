"""``shopwright``: the list of commands, and what becomes of an error.

Exit codes: 0 done, 1 failed, 2 wrong use, 130 stopped by Ctrl-C.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import click

from shopwright import __version__
from shopwright.app.cli.lazy import Entry, LazyGroup
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.errors import ShopwrightError

INTERRUPTED = 130
_HERE = "shopwright.app.cli"


ENTRIES: Mapping[str, Entry] = {
    "demo": Entry(f"{_HERE}.demo", "Show simulated stores through the whole life, offline."),
    "init": Entry(f"{_HERE}.init", "Write the settings file and the master key."),
    "doctor": Entry(f"{_HERE}.doctor", "Say what is wrong and how to mend it."),
    "connect": Entry(f"{_HERE}.connect", "Connect a store, and prove that nothing is missing."),
    "backfill": Entry(f"{_HERE}.backfill", "Take a connected store's history in, and compare."),
    "reconcile": Entry(
        f"{_HERE}.reconcile", "Ask stores what they updated, and fetch what was missed."
    ),
    "disconnect": Entry(
        f"{_HERE}.disconnect", "Let go of a store: its webhooks and its credential."
    ),
    "stores": Entry(f"{_HERE}.stores", "Add stores and their webhook secrets."),
    "import": Entry(f"{_HERE}.import_history", "Read history from a file."),
    "up": Entry(f"{_HERE}.up", "Run the system until it is stopped."),
    "features": Entry(f"{_HERE}.features", "Ask for features, now or as of an instant."),
    "train": Entry(f"{_HERE}.train", "Train a model and judge it."),
    "predict": Entry(f"{_HERE}.predict", "Write predictions for every customer of a store."),
    "models": Entry(f"{_HERE}.models", "Show models and choose which one serves."),
    "users": Entry(f"{_HERE}.users", "Add people who may sign in to the console."),
    "keys": Entry(f"{_HERE}.keys", "Make and revoke API keys."),
    "redact": Entry(f"{_HERE}.redact", "Erase a person everywhere."),
    "privacy": Entry(f"{_HERE}.privacy", "Answer people who ask about their data."),
    "audit": Entry(f"{_HERE}.audit", "List who did what."),
    "dead-letters": Entry(
        f"{_HERE}.dead_letters", "List events that could not be read, and read them again."
    ),
    "replay": Entry(f"{_HERE}.replay", "Build the ledger again from the log and compare."),
    "checkpoint": Entry(
        f"{_HERE}.checkpoint", "Make a verified copy of the ledger to replay from."
    ),
    "backup": Entry(
        f"{_HERE}.backup", "Copy everything beside the running system, and read the copy back."
    ),
    "restore": Entry(f"{_HERE}.restore", "Put a backup back into an empty data folder."),
    "master-key": Entry(f"{_HERE}.master_key", "Change the master key."),
    "torture": Entry(
        f"{_HERE}.torture", "Torture an installation of its own and count what was lost."
    ),
    "simulate-shopify": Entry(
        f"{_HERE}.simulate_shopify", "Run a simulated Shopify to connect to, until Ctrl-C."
    ),
    "mlflow-sync": Entry(f"{_HERE}.mlflow_sync", "Mirror waiting models to MLflow."),
}
"""Every command, in the order in which a newcomer needs them."""


@click.command(
    cls=LazyGroup, entries=ENTRIES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings file; without it shopwright.toml in this folder, if it is there.",
)
@click.option("--home", metavar="FOLDER", help="The data folder, before any setting.")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.version_option(__version__, message="%(prog)s %(version)s")
@pass_session
def program(session: Session, config: Path | None, home: str | None, debug: bool) -> None:
    """The machine-learning backroom of a Shopify store: from webhook to prediction.

    Begin with `shopwright demo`, or with `shopwright init` for a store of your own.
    """
    session.config = config
    session.debug = debug
    session.given = {"home": home}


def main() -> NoReturn:
    """Run the command line and end the process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code, every error told in one line on standard error."""
    session = Session()
    try:
        code = program.main(
            args=list(arguments), prog_name="shopwright", standalone_mode=False, obj=session
        )
    except (Exception, KeyboardInterrupt) as error:
        if session.debug and not isinstance(error, click.ClickException):
            _traceback()
        message, code = explain(error)
        if message:
            click.echo(message, err=True)
    return code if isinstance(code, int) else 0


def explain(error: BaseException) -> tuple[str, int]:
    """Return what to say of an error, and the exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            return error.format_message(), error.exit_code
        case click.ClickException():
            said, code = _wrong_use(error), error.exit_code
        case ShopwrightError():
            said, code = str(error), error.exit_code
        case click.Abort() | KeyboardInterrupt():
            said, code = "stopped", INTERRUPTED
        case BrokenPipeError():
            _forget_output()
            return "", 1
        case OSError() if error.strerror:
            said, code = ": ".join(str(s) for s in (error.filename, error.strerror) if s), 1
        case _:
            what = f"{type(error).__name__}: {error}".rstrip(": ")
            said, code = f"unexpected error: {what}; `shopwright --debug …` shows where", 1
    return f"shopwright: {' '.join(said.split())}", code


def _wrong_use(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split())
    return f"{message} Try `{context.command_path} --help`." if context else message


def _traceback() -> None:
    from traceback import print_exc  # noqa: PLC0415

    print_exc()


def _forget_output() -> None:
    """Let the interpreter flush into nothing: the reader of our output has gone."""
    import os  # noqa: PLC0415

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
