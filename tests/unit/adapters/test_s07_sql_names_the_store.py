"""S7: every statement that touches a table of stores says which store, or has a reason not to.

The statements are read from the source of the adapters, so one that is added later is asked too.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import shopwright.adapters

FOLDER = Path(shopwright.adapters.__file__).parent
_STATEMENT = re.compile(r"^\s*(SELECT|INSERT|REPLACE|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+(\w+)", re.IGNORECASE)
_MADE = re.compile(
    r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)\s*\((.*?)\)\s*(?:STRICT|WITHOUT|$)", re.DOTALL
)

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("api_keys_sqlite.py", "api_keys WHERE key_id = ?"): "a key's id says which store it is for",
    ("api_keys_sqlite.py", "WHERE key_id = ? AND revoked_us"): "as above",
    ("api_keys_sqlite.py", "api_keys ORDER BY"): "the operator's list of all keys",
    ("audit_sqlite.py", "FROM audit"): "the operator's trail of the whole installation",
    ("connections_sqlite.py", "FROM connections ORDER BY"): "the healer goes through all of them",
    ("dead_letters_sqlite.py", "WHERE partition = ? AND offset = ?"): "a place in the log",
    ("ledger_commit.py", "WHERE partition = ? AND offset = ?"): "a place in the log",
    ("decisions_sqlite.py", "FROM decisions WHERE"): "built from the columns that were given",
    ("key_destruction.py", "FROM destroyed_stores"): "stores to erase again after a restore",
    ("key_destruction.py", "FROM store_keys WHERE wrapped"): "as above",
    ("keys_check.py", "FROM subject_keys"): "the doctor opens every key, and says how many",
    ("keys_check.py", "FROM store_keys"): "as above",
    ("keys_sqlite.py", "FROM revived"): "people of any store to erase again after a restore",
    ("keys_sqlite.py", "INTO store_keys VALUES"): "writes the store as its first value",
    ("ledger_content.py", "ORDER BY"): "compares two whole ledgers",
    ("ledger_feed_sqlite.py", "revision"): "copies go through all stores by revision",
    ("ledger_feed_sqlite.py", "FROM dead_letters"): "the operator's list",
    ("ledger_forget.py", "documents SET"): "by ids that were just read for one store",
    ("ledger_forget.py", "FROM documents WHERE id"): "as above",
    ("ledger_schema.py", "EXISTS (SELECT 1"): "an upgrade asks whether there is anything to copy",
    ("ledger_schema.py", "SET sold = valid"): "an upgrade of every row",
    ("log_reader.py", "FROM events"): "the log is read in the order of arrival; bodies are sealed",
    ("log_retention.py", "max(row) FROM events"): "a place in the log",
    ("log_count.py", "max(row) FROM events"): "a place in the log",
    ("log_writer.py", "FROM events WHERE"): "delivery keys are hashes that begin with the store",
    ("privacy_requests_sqlite.py", "WHERE request = x"): "finishes what a crash interrupted",
    ("privacy_requests_sqlite.py", "ORDER BY number"): "the worker's list of open requests",
    ("privacy_requests_sqlite.py", "WHERE request_id = ?"): "one request, by its id",
    ("restored_subjects.py", "SELECT"): "a restore looks for erased people of every store",
    ("secrets_sqlite.py", "FROM secrets ORDER BY"): "one look for all, or the time would tell",
    ("stores_sqlite.py", "FROM stores ORDER BY"): "the list of stores itself",
}
"""(file, part of the statement) to why it may speak of every store at once."""


class Statement(NamedTuple):
    """One SQL text in the source."""

    file: str
    line: int
    sql: str

    @property
    def says_which_store(self) -> bool:
        """Whether it writes the store, or reads or removes only rows of one."""
        if re.match(r"(INSERT|REPLACE)\b", self.sql, re.IGNORECASE):
            return re.search(r"\bstore_id\b", self.sql) is not None
        return re.search(r"\bstore_id\s*(=|IN\b)|\bstore_id, \w+\) (=|IN)", self.sql) is not None

    @property
    def tables(self) -> set[str]:
        """Return the tables that it names."""
        return set(_TABLE.findall(self.sql))


def _text(node: ast.AST, names: dict[str, str]) -> str | None:
    """Return what a string expression says; a part that is not known becomes ``?name?``."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, names) or "" for part in node.values)
    if isinstance(node, ast.FormattedValue):
        named = node.value.id if isinstance(node.value, ast.Name) else ""
        return names.get(named, f"?{named}?")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left, names), _text(node.right, names)
        return None if left is None or right is None else left + right
    return None


def _named(tree: ast.Module) -> dict[str, str]:
    """Return the texts that a module gives names to."""
    return {
        target.id: text
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and (text := _text(node.value, {})) is not None
    }


@cache
def statements() -> tuple[Statement, ...]:
    """Return every SQL statement of the adapters."""
    return tuple(_statements())


def _statements() -> Iterator[Statement]:
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.py"))}
    everywhere = {name: text for tree in trees.values() for name, text in _named(tree).items()}
    for path, tree in trees.items():
        names = everywhere | _named(tree)
        inside = {
            id(child)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr | ast.BinOp)
            for child in ast.walk(node)
            if child is not node
        }
        for node in ast.walk(tree):
            text = None if id(node) in inside else _text(node, names)
            if text and _STATEMENT.match(text) and _TABLE.search(text):
                yield Statement(path.name, node.lineno, " ".join(text.split()))  # type: ignore[attr-defined]


@cache
def tables_of_stores() -> set[str]:
    """Return every table that has a column for the store."""
    found: set[str] = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = _text(node, {})
            for name, columns in _MADE.findall(text) if text and "CREATE TABLE" in text else ():
                if re.search(r"\bstore_id\b", columns):
                    found.add(name)
    return found


def test_s07_there_are_tables_and_statements_to_look_at() -> None:
    assert {"orders", "secrets", "subjects"} & tables_of_stores()
    assert len(tables_of_stores()) >= 8
    assert sum(bool(one.tables & tables_of_stores()) for one in statements()) >= 30


def test_s07_every_statement_says_which_store() -> None:
    tables = tables_of_stores()
    silent = [
        one
        for one in statements()
        if one.tables & tables and not one.says_which_store and not _excused(one)
    ]
    assert [f"{one.file}:{one.line}: {one.sql}" for one in silent] == []


def test_s07_no_exception_is_left_over() -> None:
    found = statements()
    for file, part in EXCEPTIONS:
        assert any(one.file == file and part in one.sql for one in found), (file, part)


def _excused(one: Statement) -> bool:
    return any(file == one.file and part in one.sql for file, part in EXCEPTIONS)


if __name__ == "__main__":
    print(sorted(tables_of_stores()))
    for one in statements():
        print(one.tables & tables_of_stores() and one.says_which_store, one)
