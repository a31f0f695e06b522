"""The read copy after a put that failed, in a process that goes on."""

import errno

import numpy as np
import pytest
from simulated_system import SimulatedSystem
from system_state import accounts, online_values, state

from shopwright.core.clock import US_PER_DAY, US_PER_SECOND
from shopwright.core.errors import Unreadable
from shopwright.pipelines.redrive import Redriver
from shopwright.simulator.faults import Faults, deliver
from shopwright.simulator.profile import Scale
from shopwright.simulator.shop import Shop
from shopwright.simulator.stores import PROFILES, open_store

END_US = 1_795_000_000 * US_PER_SECOND
AS_OF_US = END_US + 2 * US_PER_DAY
TINY = Scale(customers=30, days=60, fulfilment_told_share=0.4)


@pytest.fixture
def shop() -> Shop:
    return open_store(PROFILES[0], END_US, 1, TINY)


def received(shop: Shop) -> SimulatedSystem:
    """Return a system whose log holds everything, and whose worker has not begun."""
    system = SimulatedSystem(shop, 1)
    system.receive(deliver(shop.webhooks(), Faults(), np.random.default_rng(1)))
    return system


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "no room")


def unreadable(*_: object, **__: object) -> None:
    raise Unreadable("a bug of ours")


def test_a_later_copy_brings_what_a_failed_one_left_behind(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight, broken = received(shop), received(shop)
    straight.settle()
    broken.materializer.step(20)
    with monkeypatch.context() as patch:
        patch.setattr(broken.online, "put", full_disk)
        with pytest.raises(OSError, match="no room"):
            broken.materializer.step(40)
    while broken.materializer.step(40).records:
        pass
    assert broken.online.through() == broken.ledger.revision()
    assert state(shop, broken, AS_OF_US) == state(shop, straight, AS_OF_US)


def test_dead_letters_read_again_leave_no_gap_either(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator is told of the error, and the worker goes on."""
    system = received(shop)
    with monkeypatch.context() as patch:
        patch.setattr("shopwright.pipelines.unseal.read", unreadable)
        system.materializer.step(10_000)
    letters = system.ledger.dead_letters(10_000)
    assert len(letters) > 50
    redriver = Redriver(
        system.materializer,
        log=system.log,
        keys=system.keys,
        stores=system.stores,
        ledger=system.ledger,
        clock=system.clock,
    )
    with monkeypatch.context() as patch:
        patch.setattr(system.online, "put", full_disk)
        with pytest.raises(OSError, match="no room"):
            redriver.step(letters[:40])
    redriver.step(letters[40:])
    straight = received(shop)
    straight.settle()
    assert state(shop, system, AS_OF_US) == state(shop, straight, AS_OF_US)
    assert any(online_values(system, who, AS_OF_US) for who in accounts(shop, system))
