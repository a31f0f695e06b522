"""Whole lives under one seed each: deaths, refused calls, power cuts, moved clocks, poisons.

P1 what was answered is in the log; P2 once; P3 the newest state wins; P4 what cannot be read is a
dead letter; P8 nobody's name leaves the sealed bodies; P9 online is offline, bit for bit. Each of
them is broken on purpose further down, and the same life must notice.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from repeatable import command, repeatable, revision, seeds
from simulated_life import ACTS, SimulatedLife
from test_r07_sequences import SHOPS, shop_of, some_of

from shopwright.adapters.memory_online import MemoryOnlineStore
from shopwright.core.types.feature import PackedRecord
from shopwright.events import order_chain

LIVES = (100, 10_000)
"""Few in `make test`, all in `make soak`."""
BROKEN_LIVES = 16
"""Not every life meets every fault: a webhook that was lost may come again."""
TRACE_OF = "from test_r23_simulated_lives import life_of; print(life_of({seed}).live())"


def life_of(seed: int) -> SimulatedLife:
    shop, webhooks = shop_of(seed % SHOPS)
    return SimulatedLife(shop, some_of(webhooks, np.random.default_rng([seed, 5])), seed)


def test_r23_every_promise_holds_in_every_life() -> None:
    did: Counter[str] = Counter()
    for seed in seeds(*LIVES):
        with repeatable(seed):
            life = life_of(seed)
            life.live()
            did += life.did
            did["crash"] += life.system.countdown.crashes
            did["refusal"] += life.system.countdown.refusals
    if len(seeds(*LIVES)) > 1:
        assert min(did[act] for act in ACTS) > 20
        assert min(did["crash"], did["refusal"]) > 200


def test_r23_equal_seeds_live_equal_lives() -> None:
    for seed in (1, 2):
        assert life_of(seed).live() == life_of(seed).live()
    assert life_of(1).live() != life_of(2).live()


def test_r23_another_process_lives_the_same_life() -> None:
    """Every call of a port is in the fingerprint; sets are in another order in each process."""
    here = Path(__file__).parent
    told = {
        subprocess.run(
            [sys.executable, "-c", TRACE_OF.format(seed=5)],
            env=os.environ
            | {"PYTHONPATH": f"{here}:{here.parent / 'support'}", "PYTHONHASHSEED": order},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for order in ("1", "2")
    }
    assert told == {life_of(5).live()}


def test_r23_a_failure_names_seed_revision_and_command() -> None:
    with pytest.raises(AssertionError) as failure, repeatable(417):
        raise AssertionError
    (note,) = failure.value.__notes__
    assert "seed 417" in note
    assert revision() in note
    assert command(417) in note
    assert command(417).startswith("SEED=417 .venv/bin/pytest 'tests/simulation/")


def answers_what_it_does_not_store(life: SimulatedLife, patch: pytest.MonkeyPatch) -> None:
    append = life.system.log.append
    patch.setattr(life.system.log, "append", lambda events: append(events[:-1]))


def stores_twice(life: SimulatedLife, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("shopwright.adapters.memory_log._keys", lambda _event: set())


def skips_what_waits(life: SimulatedLife, patch: pytest.MonkeyPatch) -> None:
    """Move the position over records that were never read."""
    commit = life.system.ledger.commit

    def careless(changes: Any) -> int:
        return commit(structs.replace(changes, through=life.system.log.end()))

    patch.setattr(life.system.ledger, "commit", careless)


def believes_the_latest_arrival(life: SimulatedLife, patch: pytest.MonkeyPatch) -> None:
    gather = order_chain.gather
    patch.setattr(order_chain, "gather", lambda known, new: gather((), tuple(new) or tuple(known)))


def drops_what_it_cannot_read(life: SimulatedLife, patch: pytest.MonkeyPatch) -> None:
    commit = life.system.ledger.commit
    patch.setattr(
        life.system.ledger,
        "commit",
        lambda changes: commit(structs.replace(changes, dead_letters=())),
    )


def writes_a_name_down(life: SimulatedLife, patch: pytest.MonkeyPatch) -> None:
    name = life.texts[0].decode()
    commit = life.system.ledger.commit

    def careless(changes: Any) -> int:
        letters = [structs.replace(one, reason=name) for one in changes.dead_letters]
        return commit(structs.replace(changes, dead_letters=letters))

    patch.setattr(life.system.ledger, "commit", careless)


def keeps_old_records(life: SimulatedLife, patch: pytest.MonkeyPatch) -> None:
    """Leave in the read copy what it has, whatever newer record it is given."""

    def careless(copy: MemoryOnlineStore, records: Sequence[PackedRecord], through: int) -> None:
        put(
            copy,
            [r for r in records if not copy.read(r.store_id, r.view, [r.entity])],
            through,
        )

    put = MemoryOnlineStore.put
    patch.setattr(MemoryOnlineStore, "put", careless)


BREAKS: dict[str, tuple[Callable[[SimulatedLife, pytest.MonkeyPatch], None], str]] = {
    "P1": (answers_what_it_does_not_store, "was answered and is lost"),
    "P2 twice": (stores_twice, "is twice in a partition"),
    "P2 never": (skips_what_waits, "differs from a straight road"),
    "P3": (believes_the_latest_arrival, "differs from a straight road"),
    "P4": (drops_what_it_cannot_read, "too many or too few"),
    "P8": (writes_a_name_down, "lie open, outside of a sealed body"),
    "P9": (keeps_old_records, "online and"),
}


@pytest.mark.parametrize("promise", BREAKS)
def test_r23_a_broken_promise_is_noticed(promise: str, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks, complaint = BREAKS[promise]
    complaints = []
    for seed in range(BROKEN_LIVES):
        life = life_of(seed)
        with monkeypatch.context() as patch:
            breaks(life, patch)
            try:
                life.live()
            except AssertionError as error:
                complaints.append(str(error))
        if any(complaint in told for told in complaints):
            return
    pytest.fail(f"none of them says {complaint!r}: {complaints}")
