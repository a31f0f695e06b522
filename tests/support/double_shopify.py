"""A small simulated Shopify on loopback, and the settings of an installation beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from shopwright.app.cli.program import run
from shopwright.app.double.server import DoubleServer, serving
from shopwright.app.double.shops import CLIENT_ID, DoubleShop
from shopwright.app.settings import Settings, load
from shopwright.core.clock import SystemClock
from shopwright.core.types.identity import StoreId
from shopwright.simulator.profile import Scale, StoreProfile
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import HARBOUR_GIFTS, KINARI_TEA, open_store

STORE, OTHER = StoreId(HARBOUR_GIFTS.domain), StoreId(KINARI_TEA.domain)
SECRET = "c4nary5ecretofthesimulatedapp"
SCALE = Scale(customers=30, days=60, fulfilment_told_share=0)


class DoubleShopify:
    """Two shops of 60 days that can be connected by the commands; nothing sells meanwhile."""

    def __init__(self, folder: Path, shops: dict[StoreId, DoubleShop], address: str) -> None:
        self.folder = folder
        self.shops = shops
        self.address = address
        self.secret_file = folder / "client-secret"
        self.secret_file.write_text(SECRET)

    @property
    def settings(self) -> Settings:
        return load()

    def connect(self, store: StoreId, *more: str) -> int:
        given = ("--client-id", CLIENT_ID, "--client-secret-file", str(self.secret_file))
        return run(["connect", store, *given, *more])


@contextmanager
def double_shopify(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[DoubleShopify]:
    """Serve it for the length of the block; the installation is in ``folder / "home"``."""
    clock = SystemClock()
    shops: dict[StoreId, DoubleShop] = {}
    with serving(DoubleServer(shops, clock), 0) as port:
        address = f"http://127.0.0.1:{port}"
        for number, profile in enumerate((HARBOUR_GIFTS, KINARI_TEA)):
            shops[StoreId(profile.domain)] = _shop(profile, address, clock.now_us(), number)
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("SHOPWRIGHT_")]:
            patch.delenv(name)
        patch.setenv("SHOPWRIGHT_HOME", str(folder / "home"))
        patch.setenv("SHOPWRIGHT_ADMIN_URL", address)
        assert run(["init"]) == 0
        yield DoubleShopify(folder, shops, address)


@cache
def _lived(number: int) -> Shop:
    """Return a shop that has lived until now: once a session, for nothing sells in it later."""
    return open_store((HARBOUR_GIFTS, KINARI_TEA)[number], SystemClock().now_us(), number, SCALE)


def _shop(profile: StoreProfile, address: str, now_us: int, seed: int) -> DoubleShop:
    shop = _lived(seed)
    rng = np.random.default_rng([seed, 5])
    return DoubleShop(shop, f"{address}/{profile.domain}", SECRET, rng, now_us, 0)
