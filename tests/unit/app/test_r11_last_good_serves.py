"""R11: a model that is damaged on its way to serving is not served; the last good one goes on."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from made_web import STORE, Backroom, order_body
from msgspec.structs import replace
from repeatable import repeatable, seeds

from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.types.decision import Decision
from shopwright.core.types.event import Delivery
from shopwright.core.types.identity import ModelVersion, Pseudonym

NOW_US = 1_790_000_000_000_000


def spoil(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip a bit, cut, zero a block, or put something else in its place."""
    at = int(rng.integers(len(content)))
    kind = int(rng.integers(4))
    if kind == 0:
        return content[:at] + bytes([content[at] ^ 1 << int(rng.integers(8))]) + content[at + 1 :]
    if kind == 1:
        return content[:at]
    if kind == 2:
        return content[:at] + bytes(min(512, len(content) - at)) + content[at + 512 :]
    return content[:at] + rng.bytes(8) + content[at + 8 :]


def champion(backroom: Backroom, version: ModelVersion, at: int) -> None:
    backroom.decisions.record(
        Decision(
            store_id=STORE.store_id,
            task="propensity",
            model_version=version,
            verdict="champion",
            reason="made for a test",
            figures={},
            decided_us=at,
            author="test",
        )
    )
    backroom.scoring.refresh()


@pytest.fixture
def backroom(tmp_path: Path) -> Backroom:
    """Return a web process whose models lie on disk, and which serves one of them."""
    room = Backroom()
    room.registry = FileRegistry(tmp_path / "models")  # type: ignore[assignment]
    room.scoring._registry = room.registry
    room.crown()
    for number in range(1, 9):
        body = order_body(number, number % 3 + 1, NOW_US - number * 86_400_000_000)
        delivery = Delivery(
            headers=tuple(headers(body, number).items()), body=body, received_us=NOW_US
        )
        event = room.intake.receive(delivery, room.secrets.of)
        room.intake.accept([event])  # type: ignore[list-item]
    room.materialize()
    return room


def headers(body: bytes, number: int) -> dict[str, str]:
    from made_web import delivery_headers

    return delivery_headers(body, f"w{number}")


def margins(backroom: Backroom, people: Sequence[Pseudonym]) -> tuple[str, list[float]]:
    answer = backroom.scoring.score(STORE.store_id, "propensity", people, NOW_US)
    assert answer.model is not None
    found = [one.margin for one in answer.predictions if one is not None]
    assert len(found) == len(people)
    return answer.model.version, found


def test_r11_the_last_good_model_serves_whatever_is_damaged(
    backroom: Backroom, tmp_path: Path
) -> None:
    people = [backroom.scoring.pseudonym_of(STORE.store_id, str(number)) for number in (1, 2, 3)]
    before = margins(backroom, people)
    models = tmp_path / "models"
    good = backroom.registry.fetch(before[0])  # type: ignore[arg-type]
    for seed in seeds(40, 400):
        rng = np.random.default_rng([seed, 11])
        newer = replace(good.manifest, code_version=f"0.1.{seed}")
        version = backroom.registry.publish(newer, dict(good.files))
        files = sorted(path for path in (models / version).iterdir() if path.suffix == ".json")
        path = files[int(rng.integers(len(files)))]
        spoiled = spoil(path.read_bytes(), rng)
        if spoiled == path.read_bytes():
            continue
        path.write_bytes(spoiled)
        with repeatable(seed):
            champion(backroom, version, 2 + seed)
            assert margins(backroom, people) == before, path.name
        shutil.rmtree(models / version)


def test_r11_a_whole_model_takes_its_place(backroom: Backroom) -> None:
    people = [backroom.scoring.pseudonym_of(STORE.store_id, "1")]
    version, before = margins(backroom, people)
    good = backroom.registry.fetch(version)  # type: ignore[arg-type]
    newer = replace(good.manifest, code_version="0.2.0")
    champion(backroom, backroom.registry.publish(newer, dict(good.files)), 9)
    served, after = margins(backroom, people)
    assert served != version
    assert after == before
