"""``shopwright simulate-shopify``: shops to connect to, on this machine, without an account."""

import os
import secrets
from pathlib import Path
from threading import Event

import click

from shopwright.app.cli.session import Session, pass_session

PORT = 8401
SEED = 11
FOLDER = Path(".shopwright-simulated")


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True)
@click.option("--fast", is_flag=True, help="Smaller shops.")
@click.option(
    "--rate", type=click.FloatRange(0, 100), default=0.05, show_default=True, help="Sales a second."
)
@click.option("--seed", type=click.IntRange(0), default=SEED, show_default=True, help="Chance.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Where the app's client secret and a static token are written.",
)
@click.option(
    "--webhooks-at",
    metavar="URL",
    default="http://127.0.0.1:8400/webhooks",
    show_default=True,
    help="Where the app's TOML sends requests about people's data.",
)
@pass_session
def command(
    _session: Session,
    /,
    *,
    port: int,
    fast: bool,
    rate: float,
    seed: int,
    folder: Path,
    webhooks_at: str,
) -> None:
    """Run a simulated Shopify to connect to, until Ctrl-C.

    Shops with an Admin API, consent pages, sales and webhooks. Shopwright connects to it
    exactly as to Shopify; only the setting admin_url names it. What it does not imitate is
    listed in docs/simulated-shopify.md.
    """
    # Each part is imported where it is needed: --help must not pay for it.
    import numpy as np  # noqa: PLC0415

    from shopwright.app.double.send import HttpSender  # noqa: PLC0415
    from shopwright.app.double.server import DoubleServer, serving  # noqa: PLC0415
    from shopwright.app.double.shops import CLIENT_ID, DoubleShop, living  # noqa: PLC0415
    from shopwright.core.clock import SystemClock  # noqa: PLC0415
    from shopwright.core.types.identity import StoreId  # noqa: PLC0415
    from shopwright.simulator.stores import PROFILES, open_store  # noqa: PLC0415

    clock = SystemClock()
    client_secret = secrets.token_hex(16)
    shops: dict[StoreId, DoubleShop] = {}
    with serving(DoubleServer(shops, clock), port) as listening:
        address = f"http://127.0.0.1:{listening}"
        for profile in PROFILES:
            shop = open_store(profile, clock.now_us(), seed, "fast" if fast else "normal")
            store_id = StoreId(profile.domain)
            rng = np.random.default_rng(secrets.randbits(64))
            shops[store_id] = DoubleShop(
                shop, f"{address}/{store_id}", client_secret, rng, clock.now_us(), rate
            )
            shops[store_id].declare_compliance(webhooks_at, clock.now_us())
        _write(folder / "client-secret", client_secret)
        for store_id, one in shops.items():
            _write(folder / f"{store_id}.token", one.app.static_token())
        with living(shops, HttpSender(), clock):
            click.echo(f"shops:         {', '.join(shops)}")
            click.echo(f"admin_url:     {address}")
            click.echo(f"client id:     {CLIENT_ID}")
            click.echo(f"client secret: in {folder / 'client-secret'}")
            click.echo("stop:          Ctrl-C")
            try:
                Event().wait()
            except KeyboardInterrupt:
                click.echo("stopping …", err=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
