"""The dbt package, with the files and stores of this installation written into it.

The package is the folder ``transform`` of the project. Its feature models are made from the
definitions; where the history lies, and what is asked of it, is one file of macros.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import shopwright
from shopwright.core.errors import BadInput
from shopwright.core.money import minor_per_major
from shopwright.core.types.store import Store
from shopwright.features.item_view import start_column
from shopwright.features.items import ITEM_VIEWS
from shopwright.features.local_days import day_of, midnight_us
from shopwright.features.model_files import model_files

EXPORTED = "macros/exported.sql"
_MARK = "dbt_project.yml"
_NOT_OURS = ("target", "logs", "__pycache__")


def package_folder() -> Path:
    """Return the folder of the package: inside an installation, or beside the source."""
    home = Path(shopwright.__file__).parent
    installed = home / "transform"
    return installed if (installed / _MARK).is_file() else home.parents[1] / "transform"


def write_package(
    folder: Path,
    offline: Path,
    files: Mapping[str, Sequence[str]],
    stores: Sequence[Store],
    as_of_us: int,
) -> None:
    """Write the package into a folder that is new, empty, or holds an earlier export.

    What dbt made there (``target``, a database) stays. Raises BadInput for a folder of anything
    else.
    """
    if folder.exists() and any(folder.iterdir()) and not _is_ours(folder):
        raise BadInput(
            f"{folder} holds something else than an export of ours; name a folder that is new"
        )
    shutil.copytree(
        package_folder(), folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_NOT_OURS)
    )
    texts = {**model_files(), EXPORTED: exported_macros(offline, files, stores, as_of_us)}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def exported_macros(
    offline: Path, files: Mapping[str, Sequence[str]], stores: Sequence[Store], as_of_us: int
) -> str:
    """Return the macros that say where the history lies and what is asked of it."""
    macros = {
        "shopwright_lake_folder": str(offline),
        "shopwright_lake_files": files,
        "shopwright_stores": [_asked(store, as_of_us) for store in stores],
    }
    return "\n".join(
        f"{{% macro {name}() %}}{{{{ return({json.dumps(value)}) }}}}{{% endmacro %}}\n"
        for name, value in macros.items()
    )


def _is_ours(folder: Path) -> bool:
    mark = folder / _MARK
    return mark.is_file() and mark.read_text("utf-8").startswith("name: shopwright\n")


def _asked(store: Store, as_of_us: int) -> dict[str, str | int]:
    today = day_of(store.timezone, as_of_us)
    starts = sorted({start for view in ITEM_VIEWS for start in view.starts})
    return {
        "store_id": store.store_id,
        "as_of_us": as_of_us,
        "minor_per_major": minor_per_major(store.currency),
        **{start_column(days): midnight_us(store.timezone, today - days) for days in starts},
    }
