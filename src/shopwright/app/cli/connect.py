"""``shopwright connect``: a store from nothing to "12,431 of 12,431 orders match Shopify"."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.errors import BadInput, NotReady, ShopTrouble
from shopwright.core.types.identity import StoreId

if TYPE_CHECKING:
    from shopwright.app.connecting import Step
    from shopwright.app.shopify import Shopify
    from shopwright.core.types.connection import Credential

PARTITION = "connect"
TOKEN_CHARACTERS_MAX = 512
AUTHORISE_SECONDS_MAX = 1_800
LOOK_SECONDS = 0.5

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("store", type=STORE)
@click.option(
    "--token-file", type=_file, metavar="FILE", help="A static Admin API token (shpat_…) is in it."
)
@click.option(
    "--client-id", metavar="ID", help="The app's client id, for client credentials or --oauth."
)
@click.option(
    "--client-secret-file",
    type=_file,
    metavar="FILE",
    help="The app's client secret is in it; without it you are asked. It also signs webhooks.",
)
@click.option(
    "--oauth",
    is_flag=True,
    help="The merchant approves in the browser: for stores of another organisation.",
)
@click.option("--days", type=click.IntRange(1, 36_600), help="How far back orders are taken in.")
@click.option("--no-backfill", is_flag=True, help="Only connect; take history in later.")
@json_option
@pass_session
def command(  # noqa: PLR0913 - each option is an argument
    session: Session,
    /,
    store: StoreId,
    *,
    token_file: Path | None,
    client_id: str | None,
    client_secret_file: Path | None,
    oauth: bool,
    days: int | None,
    no_backfill: bool,
    as_json: bool,
) -> None:
    """Connect a store, and prove that nothing is missing.

    A token, its scopes, webhooks, history, and three counts that must agree.

    Three ways to a token. --client-id alone: client credentials, for an app and a store of one
    organisation. --client-id with --oauth: the merchant approves on a page. --token-file: a static
    token of an older custom app. For a store that is connected already nothing needs to be given.
    """
    from shopwright.app.cli.stores import check_not_erased  # noqa: PLC0415
    from shopwright.app.shopify import open_shopify  # noqa: PLC0415

    settings = session.settings
    check_not_erased(settings, store)
    shopify = open_shopify(settings)
    given = _given(store, token_file, client_id, client_secret_file, oauth=oauth)
    steps: list[Step] = []

    def tell(step: "Step") -> None:
        steps.append(step)
        if not as_json:
            click.echo(f"{step.title} ({step.seconds:.1f} s)")
            for line in step.says:
                click.echo(f"  {line}")

    credential = _credential(shopify, store, given, tell)
    whole = _walk(shopify, store, credential, tell, days=days, no_backfill=no_backfill)
    emit(as_json, {"store_id": store, "whole": whole, "steps": steps}, lambda: _next(store, whole))
    if not whole:
        raise NotReady(
            f"{store}: what Shopify counts is not all here; training waits for it. "
            f"`shopwright backfill {store}` reads again what does not match"
        )


def _given(
    store: StoreId,
    token_file: Path | None,
    client_id: str | None,
    client_secret_file: Path | None,
    *,
    oauth: bool,
) -> "Credential | None":
    """Return the credential that the options name; None when none was given."""
    from shopwright.core.types.connection import Credential  # noqa: PLC0415

    if token_file is not None:
        if client_id or oauth:
            raise click.UsageError("Give a static token or a client id, not both.")
        secret = _word(store, client_secret_file, "client secret") if client_secret_file else ""
        token = _word(store, token_file, "access token")
        return Credential(store_id=store, mode="token", access_token=token, client_secret=secret)
    if client_id is None:
        if oauth or client_secret_file:
            raise click.UsageError("--client-id is missing.")
        return None
    return Credential(
        store_id=store,
        mode="oauth" if oauth else "client_credentials",
        client_id=client_id,
        client_secret=_word(store, client_secret_file, "client secret"),
    )


def _word(store: StoreId, file: Path | None, what: str) -> str:
    """Read one word that must not stand on a command line."""
    if file is not None:
        raw = file.read_bytes()[: TOKEN_CHARACTERS_MAX + 2]
    elif sys.stdin.isatty():
        asked = click.prompt(f"{what.capitalize()} of {store}", hide_input=True, err=True)
        raw = str(asked).encode()
    else:
        raw = sys.stdin.buffer.read(TOKEN_CHARACTERS_MAX + 2)
    text = raw.strip().decode("ascii", "replace")
    if not text or len(text) > TOKEN_CHARACTERS_MAX or not text.isascii() or len(text.split()) != 1:
        raise BadInput(f"{store}: that is no {what}; expected one word")
    return text


def _credential(
    shopify: "Shopify", store: StoreId, given: "Credential | None", tell: "Callable[[Step], None]"
) -> "Credential":
    """Get the first token, or take the one that is there."""
    from shopwright.app.connecting import timed  # noqa: PLC0415

    found: list[Credential] = []

    def work() -> Sequence[str]:
        known = shopify.vault.get(store)
        if given is None:
            if known is None:
                raise BadInput(
                    f"{store}: this store is not connected yet; give --client-id, or --token-file"
                )
            shopify.tokens.of(store)
            found.append(shopify.vault.get(store) or known)
            return [f"the credential that is kept here is good ({found[0].mode})"]
        if given.mode == "oauth":
            found.append(_authorised(shopify, given, known))
        else:
            found.append(_begun(shopify, given, known))
        return [_granted(found[0])]

    timed(shopify, "Ask Shopify for a token", work, tell)
    return found[0]


def _begun(shopify: "Shopify", given: "Credential", known: "Credential | None") -> "Credential":
    """Get a token and try it; one that does not work leaves things as they were."""
    from shopwright.app.connecting import Connecting  # noqa: PLC0415

    begun = shopify.tokens.begin(given)
    try:
        Connecting(shopify, given.store_id).about()
    except ShopTrouble:
        if known is not None:
            shopify.vault.put(known)
        else:
            shopify.vault.forget(given.store_id)
        raise
    return begun


def _authorised(
    shopify: "Shopify", given: "Credential", known: "Credential | None"
) -> "Credential":
    """Let the merchant approve on a page of Shopify's, and wait for it.

    A store that was approved before keeps its tokens until it is approved again.
    """
    from shopwright.app.bootstrap import open_secrets  # noqa: PLC0415

    base = shopify.settings.public_url.rstrip("/")
    if shopify.settings.admin_url and not base:
        base = f"http://127.0.0.1:{shopify.settings.port}"
    if not base:
        raise BadInput(
            f"{given.store_id}: --oauth needs the address at which browsers and Shopify reach this "
            "installation: the setting public_url"
        )
    began_us = shopify.clock.now_us()
    if known is not None and known.mode == "oauth":
        given = replace(known, client_id=given.client_id, client_secret=given.client_secret)
    shopify.vault.put(given)
    open_secrets(shopify.settings).add(given.store_id, given.client_secret.encode())
    click.echo(
        f"send this to the merchant, or open it yourself:\n  {base}/oauth/start?shop="
        f"{given.store_id}\nThe app must allow the redirect URL {base}/oauth/callback",
        err=True,
    )
    for _ in range(round(AUTHORISE_SECONDS_MAX / LOOK_SECONDS)):
        found = shopify.vault.get(given.store_id)
        if found is not None and found.access_token and found.granted_us >= began_us:
            return found
        shopify.clock.sleep(LOOK_SECONDS)
    raise NotReady(
        f"{given.store_id}: nobody has approved the app in half an hour; the link stays good: "
        f"shopwright connect {given.store_id} --client-id … --oauth"
    )


def _granted(credential: "Credential") -> str:
    if credential.mode == "token":
        return "a static token: it never changes; revoke it in the shop when it is no longer used"
    if credential.expires_us is None:
        return "a token that does not expire"
    renewed = "with a refresh token" if credential.refresh_token else "asked for anew when it ends"
    minutes = (credential.expires_us - credential.granted_us) // 60_000_000
    return f"good for {minutes:,} minutes, {renewed}"


def _walk(
    shopify: "Shopify",
    store: StoreId,
    credential: "Credential",
    tell: "Callable[[Step], None]",
    *,
    days: int | None,
    no_backfill: bool,
) -> bool:
    """Take every other step; say whether everything that Shopify counts is here."""
    from shopwright.app.bootstrap import open_intake  # noqa: PLC0415
    from shopwright.app.cli.history import bring_up_to_date  # noqa: PLC0415
    from shopwright.app.connecting import Connecting, summary, timed  # noqa: PLC0415
    from shopwright.app.progress import watched  # noqa: PLC0415
    from shopwright.app.reachable import trouble_at  # noqa: PLC0415
    from shopwright.app.shopify import WEBHOOKS_PATH  # noqa: PLC0415
    from shopwright.core.types.connection import Connection, Slice  # noqa: PLC0415

    connecting = Connecting(shopify, store)
    connections: list[Connection] = []
    proven: list[Slice] = []

    def know() -> Sequence[str]:
        about = connecting.about()
        connections.append(connecting.know(about, credential))
        lacking = [f"without {one.scope}: {one.without}" for one in connecting.lacking(about)]
        return [
            f"{about.name}, {about.currency}, {about.timezone}, plan {about.plan}",
            f"granted: {', '.join(about.scopes)}",
            *lacking,
        ]

    def listen() -> Sequence[str]:
        count, changed = connecting.subscribe(connections[0])
        if not count:
            return [
                "there is no public address yet (setting public_url): Shopify can send nothing. "
                f"Every {shopify.settings.reconcile_minutes} minutes the store is asked instead"
            ]
        told = [f"{count} subscriptions, {changed} changed: {shopify.webhook_address()}"]
        wrong = trouble_at(shopify.webhook_address().removesuffix(WEBHOOKS_PATH))
        if wrong:
            told.append(f"tried from here, webhooks would not arrive: {wrong}")
        if not credential.client_secret:
            told.append(
                "their signatures need the app's client secret: "
                f"shopwright stores secrets add {store}"
            )
        return told

    def take_in() -> Sequence[str]:
        intake = open_intake(shopify.settings, PARTITION)
        backfill = shopify.backfill(intake.accept)
        planned = connecting.plan(shopify.connections.get(store) or connections[0], days, backfill)
        with watched() as watch:
            taken = connecting.take_in(planned, intake.accept, watch)
        bring_up_to_date(shopify.settings)
        with watched() as watch:
            found = connecting.reconcile(intake.accept, watch)
        bring_up_to_date(shopify.settings)
        proven.extend(connecting.prove(taken))
        return [
            f"{sum(one.new for one in taken):,} of {sum(one.slice.read_count for one in taken):,} "
            "records are new here",
            f"{sum(found.missing.values()):,} changed while history was read, and were read again",
            *summary(proven),
        ]

    timed(shopify, "Ask the shop about itself", know, tell)
    timed(shopify, "Subscribe to webhooks", listen, tell)
    if no_backfill:
        return True
    timed(shopify, "Take history in and compare", take_in, tell)
    return all(one.state == "proven" for one in proven)


def _next(store: StoreId, whole: bool) -> str:
    return f"Next: shopwright train --store {store}" if whole else ""
