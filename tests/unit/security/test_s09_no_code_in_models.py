"""S9: nothing that is loaded can hold code: no pickle in the source, none opened from a folder."""

import ast
import os
import pickle
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from made_web import STORE, TASK, twelve_feature_model

from shopwright.adapters.registry_files import FileRegistry
from shopwright.core.errors import ShopwrightError
from shopwright.features.definitions import CUSTOMER
from shopwright.training.trained import manifest_of

SOURCE = Path(__file__).parents[3] / "src"
BANNED = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml"}
CALLS = {"eval", "exec", "compile", "__import__"}


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def forbidden(text: str) -> set[str]:
    tree = ast.parse(text)
    return (set(imports(tree)) & BANNED) | (set(calls(tree)) & CALLS)


def test_s09_the_source_knows_no_format_that_holds_code() -> None:
    files = list(SOURCE.rglob("*.py"))
    assert len(files) > 300
    found = {str(path): forbidden(path.read_text(encoding="utf-8")) for path in files}
    assert {path: what for path, what in found.items() if what} == {}


@pytest.mark.parametrize("line", ["import pickle", "from joblib import load", "eval('1')"])
def test_the_ban_sees_what_is_forbidden(line: str) -> None:
    assert forbidden(line)


class Bomb:
    """Says that it was opened."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def test_s09_a_pickle_is_never_opened_wherever_it_is_planted(tmp_path: Path) -> None:
    trained = twelve_feature_model()
    manifest = manifest_of(trained, STORE, view=CUSTOMER.label, log_through={}, code_version="1")
    registry = FileRegistry(tmp_path / "models")
    version = registry.publish(manifest, dict(trained.files))
    registry.point(STORE.store_id, TASK.name, "champion", version)
    marker = tmp_path / "opened"
    bomb = pickle.dumps(Bomb(marker))
    pickle.loads(bomb)
    assert marker.is_dir(), "the bomb does not work"
    marker.rmdir()
    places = [path for path in (tmp_path / "models").rglob("*") if path.is_file()]
    assert len(places) >= 4
    for place in places:
        before = place.read_bytes()
        for planted in (place, place.with_suffix(".pkl"), place.with_name("model.pkl")):
            planted.write_bytes(bomb)
            for look in (
                lambda: registry.fetch(version),
                lambda: registry.pointed(STORE.store_id, TASK.name, "champion"),
                lambda: registry.versions(STORE.store_id, TASK.name),
            ):
                with suppress(ShopwrightError):
                    look()
            assert not marker.exists()
            if planted != place:
                planted.unlink()
        place.write_bytes(before)
    assert registry.fetch(version).manifest == manifest
