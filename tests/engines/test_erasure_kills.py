"""The worker is killed by SIGKILL in the middle of an erasure; the next one goes on.

A failure names the stage that was under way and the seed of the second kill.
"""

import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest
from counts import cases
from erasing_home import Installation, until

from shopwright.pipelines.erase_progress import decode
from shopwright.simulator.profile import Scale

STAGES = ("begin", "plan", "orders", "people", "log", "facts", "traces", "sweep")
RUNS = cases(3, 50)
SCALE = Scale(customers=max(30, 2 * RUNS), days=90, fulfilment_told_share=0.1)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("killed"), SCALE, seed=9)
    made.start()
    try:
        until(made.taken)
        yield made
    finally:
        made.stop()


def stage_of(installation: Installation, request_id: str) -> str | None:
    for request, stored in installation.requests.open():
        if request.request_id == request_id:
            return decode(stored).stage
    return None


def test_s20_s21_s22_a_killed_worker_is_followed_by_one_that_finishes(
    installation: Installation,
) -> None:
    rng = np.random.default_rng(5)
    killed_in: set[str] = set()
    canaries = installation.canaries()[:RUNS]
    assert len(canaries) == RUNS
    for number, canary in enumerate(canaries):
        wanted = STAGES[(number * 3 + 4) % len(STAGES)]
        installation.predict(canary)
        request_id = installation.redact(canary, number)
        reached = kill_in(installation, request_id, STAGES[STAGES.index(wanted) :])
        killed_in.add(reached)
        where = f"run {number}, killed in {reached}, customer {canary.customer_id}"
        installation.start()
        time.sleep(float(rng.uniform(0.0, 1.2)))
        installation.stop(signal.SIGKILL)
        installation.start()
        receipt = installation.await_receipt(request_id)
        assert receipt.tombstones, where
        assert installation.hits(canary.needles) == [], where
        assert not installation.keys.open_keys(installation.store_id, [canary.who]), where
    assert len(killed_in) >= 2, killed_in
    signed = installation.requests.receipts(installation.store_id)
    assert len(signed) == RUNS, "one receipt for each request, however often it was begun"


def kill_in(installation: Installation, request_id: str, stages: tuple[str, ...]) -> str:
    """Kill the worker as soon as it is seen in one of these stages; say in which."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        stage = stage_of(installation, request_id)
        if stage in stages:
            installation.stop(signal.SIGKILL)
            return str(stage_of(installation, request_id))
    raise AssertionError(f"the erasure was never seen in one of {stages}")
