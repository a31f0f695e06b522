"""The demo's own folder, port and stores."""

import secrets as chance
import shutil
import socket
from collections.abc import Mapping

from shopwright.app.bootstrap import open_secrets, open_stores
from shopwright.app.lock import holder
from shopwright.app.settings import Settings
from shopwright.app.supervisor import check_port
from shopwright.core.clock import Clock
from shopwright.core.errors import Busy, NotReady
from shopwright.core.types.identity import StoreId
from shopwright.core.types.store import Store
from shopwright.simulator.stores import PROFILES

MARKER = "made-by-shopwright-demo"


def prepare_home(settings: Settings) -> None:
    """Empty the demo's folder.

    Raises Busy while another demo runs on it or its port is taken, NotReady for a folder that the
    demo did not make.
    """
    home = settings.home
    pid = holder(settings.run_folder / "up.lock")
    if pid is not None:
        raise Busy(f"{home}: a demo runs on this folder (process {pid}); stop it first")
    check_port(settings)
    if home.exists() and any(home.iterdir()) and not (home / MARKER).exists():
        raise NotReady(f"{home}: this folder is not the demo's; choose another one with --home")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / MARKER).touch()


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def add_stores(settings: Settings, clock: Clock) -> Mapping[str, bytes]:
    """Add the three stores, each with a secret of its own."""
    stores, secrets = open_stores(settings), open_secrets(settings)
    made: dict[str, bytes] = {}
    for profile in PROFILES:
        store_id = StoreId(profile.domain)
        stores.put(
            Store(
                store_id=store_id,
                currency=profile.currency,
                timezone=profile.season.timezone,
                added_us=clock.now_us(),
            )
        )
        made[store_id] = chance.token_hex(16).encode()
        secrets.add(store_id, made[store_id])
    return made
