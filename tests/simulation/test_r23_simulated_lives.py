"""Whole lives under one seed each: deaths, moved clocks, poisons, several web processes.

P1 what was answered is in the log; P2 once; P3 the newest state wins; P4 what cannot be read is a
dead letter; P8 nobody's name leaves the sealed bodies; P9 online is offline, bit for bit.
"""

from collections import Counter

import numpy as np
import pytest
from repeatable import command, repeatable, revision, seeds
from simulated_life import SimulatedLife
from test_r07_sequences import SHOPS, shop_of, some_of


def life_of(seed: int) -> SimulatedLife:
    shop, webhooks = shop_of(seed % SHOPS)
    return SimulatedLife(shop, some_of(webhooks, np.random.default_rng([seed, 5])), seed)


def test_r23_every_promise_holds_in_every_life() -> None:
    did: Counter[str] = Counter()
    for seed in seeds(30, 1_000):
        with repeatable(seed):
            life = life_of(seed)
            life.live()
            did += life.did
            did["crash"] += life.system.countdown.crashes
    if len(seeds(30, 1_000)) > 1:
        assert min(did[act] for act in ("receive", "work", "archive", "die", "clock", "look")) > 5
        assert did["crash"] > 100


def test_r23_equal_seeds_live_equal_lives() -> None:
    for seed in (1, 2):
        assert life_of(seed).live() == life_of(seed).live()
    assert life_of(1).live() != life_of(2).live()


def test_r23_a_failure_names_seed_revision_and_command() -> None:
    with pytest.raises(AssertionError) as failure, repeatable(417):
        raise AssertionError
    (note,) = failure.value.__notes__
    assert "seed 417" in note
    assert revision() in note
    assert command(417) in note
    assert command(417).startswith("SEED=417 .venv/bin/pytest 'tests/simulation/")


def test_r23_a_log_that_forgets_what_it_answered_is_seen() -> None:
    """The check of P1 has teeth."""
    life = life_of(3)
    partition = next(iter(life.system.logs))
    append = partition.append
    partition.append = lambda events: append(events[:-1])  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="was answered and is lost"):
        life.live()
