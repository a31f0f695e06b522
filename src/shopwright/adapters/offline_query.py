"""Portable SQL run by DuckDB over relations that are files or tables, the text as it is."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from msgspec import Struct

from shopwright.adapters.arrow_columns import to_columns, to_table
from shopwright.adapters.offline_rows import SCHEMAS, SPINES, VIEWS
from shopwright.adapters.offline_spill import spill_folder
from shopwright.core.errors import BadInput, NotReady
from shopwright.core.ports import Columns

DefineRelations = Callable[[Any], None]
"""Given a DuckDB connection, makes the relations of ``SCHEMAS`` in it."""


class Limits(Struct, frozen=True, kw_only=True):
    """What a query may use."""

    threads: int = 2
    memory_mb: int = 1_024
    """Beyond it DuckDB spills to disk, and refuses what cannot be spilled."""


def run(
    sql: str,
    define: DefineRelations,
    spine: Columns | None,
    limits: Limits,
    spill: Path | None = None,
) -> Columns:
    """Return the answer by column; what does not fit in memory goes to the folder ``spill``.

    Each query has a database of its own in memory: nothing of one, such as pages of an erased
    person, is kept for the next. Raises BadInput for a text that cannot run, NotReady when it needs
    more memory or disk than there is.
    """
    with spill_folder(spill) as scratch:
        connection = duckdb.connect(":memory:", config=_config(limits, str(scratch)))
        try:
            if spine is not None:
                table = to_table(spine)
                for name in SPINES:
                    connection.register(name, table)
            define(connection)
            for view, meaning in VIEWS.items():
                connection.execute(f"CREATE TEMPORARY VIEW {view} AS {meaning}")
            return to_columns(connection.sql(sql).to_arrow_table())
        except duckdb.OutOfMemoryException as error:
            raise NotReady(
                f"the query needs more than {limits.memory_mb} MB; "
                "ask for fewer stores or rows at once, or allow it more memory"
            ) from error
        except (duckdb.ProgrammingError, duckdb.NotSupportedError, duckdb.DataError) as error:
            raise BadInput(f"the query cannot be run; correct its text: {error}") from error
        except duckdb.Error as error:
            raise NotReady(
                f"DuckDB could not finish the query ({error}); free some disk space and try again"
            ) from error
        finally:
            connection.close()


def define_files(files: Mapping[str, Sequence[Path]]) -> DefineRelations:
    """Return what makes each relation a view of its files, and an empty one of no files."""

    def define(connection: Any) -> None:
        for relation, schema in SCHEMAS.items():
            paths = [str(path) for path in files.get(relation, ())]
            if paths:
                connection.read_parquet(paths, hive_partitioning=False).create_view(relation)
            else:
                connection.register(relation, schema.empty_table())

    return define


def define_tables(tables: Mapping[str, Any]) -> DefineRelations:
    """Return what makes each relation an Arrow table."""

    def define(connection: Any) -> None:
        for relation, table in tables.items():
            connection.register(relation, table)

    return define


def _config(limits: Limits, scratch: str) -> dict[str, Any]:
    return {
        "threads": limits.threads,
        "memory_limit": f"{limits.memory_mb}MB",
        "temp_directory": scratch,
        # No download at run time, and no variable of ours read as a table.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
    }
