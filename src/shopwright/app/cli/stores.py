"""``shopwright stores``: which stores are known, and the secrets that sign their webhooks.

A secret never stands on the command line, where every user of the machine could read it.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import SystemClock, iso
from shopwright.core.errors import BadInput
from shopwright.core.money import check_currency
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.privacy.fingerprints import fingerprint

if TYPE_CHECKING:
    from shopwright.app.settings import Settings
    from shopwright.core.types.connection import Connection

SECRET_BYTES_MAX = 512
SHOWN_DIGITS = 12

store_argument = click.argument("store", type=STORE)


@click.group()
def command() -> None:
    """Add stores and their webhook secrets."""


@command.command("list")
@json_option
@pass_session
def list_stores(session: Session, as_json: bool) -> None:
    """List the stores that were added."""
    from shopwright.app.bootstrap import open_connections, open_stores  # noqa: PLC0415

    stores = open_stores(session.settings).all()
    connected = {one.store_id: one for one in open_connections(session.settings).all()}
    rows = [
        (
            s.store_id,
            s.currency,
            s.timezone,
            iso(s.added_us)[:10],
            _connection(connected.get(s.store_id)),
        )
        for s in stores
    ]
    emit(
        as_json,
        [_plain(store) for store in stores],
        lambda: (
            table(["store", "currency", "timezone", "added", "Admin API"], rows)
            if rows
            else "no stores yet; shopwright connect my-store.myshopify.com"
        ),
    )


@command.command()
@store_argument
@click.option("--currency", required=True, help="Shop currency, such as GBP; it never changes.")
@click.option("--timezone", required=True, help="Shop time zone, such as Europe/London.")
@click.option(
    "--again",
    is_flag=True,
    help="Begin anew with a store that was erased here: it gets a fresh key.",
)
@json_option
@pass_session
def add(
    session: Session, store: StoreId, currency: str, timezone: str, again: bool, as_json: bool
) -> None:
    """Add a store, or change its time zone.

    A store that was erased here is added only with --again. What was held of it before stays
    unreadable, and its customers of then are strangers.
    """
    from shopwright.app.bootstrap import open_stores  # noqa: PLC0415

    added = new_store(store, currency, timezone)
    check_not_erased(session.settings, store, again=again)
    stores = open_stores(session.settings)
    stores.put(added)
    emit(
        as_json,
        _plain(stores.get(store)),
        lambda: f"{store} is known. Next: shopwright stores secrets add {store}",
    )


@command.command()
@store_argument
@json_option
@pass_session
def show(session: Session, store: StoreId, as_json: bool) -> None:
    """Show one store and the fingerprints of its secrets."""
    from shopwright.app.bootstrap import open_secrets, open_stores  # noqa: PLC0415

    found = open_stores(session.settings).get(store)
    prints = [
        fingerprint(secret)[:SHOWN_DIGITS] for secret in open_secrets(session.settings).of(store)
    ]
    facts = [("store", found.store_id), ("currency", found.currency), ("timezone", found.timezone)]
    facts += [("added", iso(found.added_us)), ("secrets", ", ".join(prints) or "none")]
    emit(
        as_json,
        _plain(found) | {"secrets": prints},
        lambda: "\n".join(f"{name:<9} {value}" for name, value in facts),
    )


@command.group()
def secrets() -> None:
    """Add or remove the secrets that sign a store's webhooks; two may be in use at once."""


@secrets.command("add")
@store_argument
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Read the secret from a file; without it you are asked, or standard input is read.",
)
@json_option
@pass_session
def add_secret(session: Session, store: StoreId, file: Path | None, as_json: bool) -> None:
    """Add a webhook secret: the client secret of the store's app.

    It is kept sealed under the master key and is never shown again; its fingerprint names it.
    """
    settings = session.settings
    _check_known(settings, store)
    secret = _read_secret(store, file)
    from shopwright.app.bootstrap import open_secrets  # noqa: PLC0415

    open_secrets(settings).add(store, secret)
    shown = fingerprint(secret)[:SHOWN_DIGITS]
    emit(
        as_json,
        {"store_id": store, "fingerprint": shown},
        lambda: f"{store}: webhooks signed with secret {shown} are accepted",
    )


@secrets.command("remove")
@store_argument
@click.argument("beginning", metavar="FINGERPRINT")
@json_option
@pass_session
def remove_secret(session: Session, store: StoreId, beginning: str, as_json: bool) -> None:
    """Remove the webhook secret with this fingerprint."""
    from shopwright.app.bootstrap import open_secrets  # noqa: PLC0415

    settings = session.settings
    _check_known(settings, store)
    if not open_secrets(settings).remove(store, beginning):
        raise BadInput(
            f"{store}: no secret has the fingerprint {beginning}; "
            f"`shopwright stores show {store}` lists them"
        )
    emit(
        as_json,
        {"store_id": store, "removed": beginning},
        lambda: f"{store}: webhooks signed with secret {beginning} are refused from now on",
    )


def _connection(known: "Connection | None") -> str:
    """Say in a few words how a store is connected."""
    if known is None:
        return "not connected"
    if known.trouble or known.state != "connected":
        return f"in trouble: {known.trouble or known.state.replace('_', ' ')}"
    if known.looked_us is None or known.looked_us < known.connected_us:
        return "connected"
    return f"connected, asked {iso(known.looked_us)[:16]}Z, {known.missed:,} missed updates found"


def check_not_erased(settings: "Settings", store: StoreId, *, again: bool = False) -> None:
    """Raise Erased for a store that was erased here; with ``again`` it gets a fresh key instead."""
    from shopwright.app.bootstrap import open_keys  # noqa: PLC0415

    if not (settings.home / "keys.db").exists() and not settings.erasure_journal.exists():
        return
    keys = open_keys(settings)
    try:
        if again:
            keys.renew_store(store)
        keys.store_key(store)
    finally:
        keys.close()


def new_store(store_id: StoreId, currency: str, timezone: str) -> Store:
    """Return a store that was added now. Raises BadInput for an unknown currency or zone."""
    check_currency(currency)
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            f"{timezone!r} is not a time zone; use an IANA name such as Europe/London"
        ) from error
    return Store(
        store_id=store_id,
        currency=currency,
        timezone=timezone,
        added_us=SystemClock().now_us(),
    )


def _check_known(settings: "Settings", store: StoreId) -> None:
    from shopwright.app.bootstrap import open_stores  # noqa: PLC0415

    open_stores(settings).get(store)


def _read_secret(store: StoreId, file: Path | None) -> bytes:
    if file is not None:
        raw = file.read_bytes()
    elif sys.stdin.isatty():
        raw = str(click.prompt(f"Webhook secret of {store}", hide_input=True, err=True)).encode()
    else:
        raw = sys.stdin.buffer.read(SECRET_BYTES_MAX + 1)
    secret = raw.strip()
    if not secret or len(secret) > SECRET_BYTES_MAX or len(secret.split()) != 1:
        raise BadInput(
            f"{store}: that is not a webhook secret; expected one word of at most "
            f"{SECRET_BYTES_MAX} bytes, the client secret of the app"
        )
    return secret


def _plain(store: Store) -> dict[str, object]:
    return {
        "store_id": store.store_id,
        "currency": store.currency,
        "timezone": store.timezone,
        "added_at": iso(store.added_us),
    }
