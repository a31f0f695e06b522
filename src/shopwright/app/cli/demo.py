"""``shopwright demo``: simulated stores through the whole life, offline, without an account."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from shopwright.app.cli.output import json_option
from shopwright.app.cli.session import Session, pass_session

# Each part is imported where it is needed: --help must not pay for it.
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from shopwright.app.demo.story import Result
    from shopwright.app.settings import Settings

HOME = Path(".shopwright-demo")
PORT = 8400
SEED = 11


@click.command()
@click.option("--fast", is_flag=True, help="Smaller stores: under a minute on two idle cores.")
@click.option("--no-serve", is_flag=True, help="Stop when everything has happened.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port of the console.")
@click.option("--seed", type=click.IntRange(0), default=SEED, show_default=True, help="Chance.")
@json_option
@pass_session
def command(
    session: Session, fast: bool, no_serve: bool, port: int | None, seed: int, as_json: bool
) -> None:
    """Show simulated stores through the whole life, offline.

    Three stores in three currencies and time zones are connected through a simulated Admin API,
    and send signed webhooks to the real gateway; their customers' features, models and scores stay
    up on a page until Ctrl-C. Nothing leaves this
    machine. Files go to .shopwright-demo, which is emptied first.
    """
    from shopwright.app.demo.chapter import Chapter
    from shopwright.app.demo.home import prepare_home
    from shopwright.app.demo.story import as_json as to_json
    from shopwright.app.demo.story import demo
    from shopwright.app.progress import watched
    from shopwright.core.clock import SystemClock

    settings, shop_port = _settings(session, port)
    prepare_home(settings)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as running:
        with watched() as watch:
            chapter = Chapter(
                settings=settings,
                clock=SystemClock(),
                seed=seed,
                scale="fast" if fast else "normal",
                tell=lambda step, done, total: watch(_Done(step, done, total)),
            )
            result = running.enter_context(demo(chapter, shop_port))
        if as_json:
            click.echo(to_json(result).decode())
        else:
            _print(result)
        if not no_serve:
            _until_stopped()


def _settings(session: Session, port: int | None) -> "tuple[Settings, int]":
    from shopwright.app.demo.home import free_port
    from shopwright.app.settings import load

    shop_port = free_port()
    home = Path(str(session.given.get("home") or HOME))
    given = {
        "home": str(home),
        "port": port or PORT,
        "demo_url": f"http://127.0.0.1:{shop_port}",
        "admin_url": f"http://127.0.0.1:{free_port()}",
        "train_every_hours": 0,
        "mlflow_every_seconds": 5,
        "archive_every_seconds": 2,
        "log_level": "warning",
    }
    return load(Path(os.devnull), {}, given), shop_port


class _Done:
    """How far a chapter has come."""

    def __init__(self, step: str, done: int, total: int | None) -> None:
        self.step = step
        self.done = done
        self.total = total


def _print(result: "Result") -> None:
    from shopwright.app.cli.output import table
    from shopwright.app.demo.report import HEADINGS, next_steps, rows

    delivered, parity = result.delivered, result.parity
    click.echo()
    for one in result.connected:
        click.echo(
            f"{one.store_id}: {one.orders:,} of {one.orders_at_shopify:,} orders match Shopify "
            f"({one.records:,} records through the Admin API, {one.seconds:.1f} s)"
        )
    click.echo(
        f"\n{delivered.accepted:,} signed webhooks were accepted over HTTP "
        f"({delivered.retried} retries, {delivered.failed} failed).\n"
        f"{parity.values:,} feature values of {parity.customers:,} customers, read online and "
        f"offline: {parity.different} differ.\n"
    )
    click.echo(table(HEADINGS, rows(result)))
    click.echo(
        "\nPR-AUC of the same customers' next 30 days: our model, three simple rules, "
        "and the truth that only the simulation knows.\n"
    )
    for what, how in next_steps(result, f"--home {result.settings.home}"):
        click.echo(f"{what}:\n  {how}")


def _until_stopped() -> None:
    try:
        Event().wait()
    except KeyboardInterrupt:
        click.echo("stopping …", err=True)
