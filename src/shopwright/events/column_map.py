"""Which column of a table of order lines is what, and which of its rows are not sales.

Written by the user as TOML; ``docs/importing.md`` shows a whole one. The default fits the column
names of Online Retail II (UCI data set 502) as they are after tidying: lower case, underscores.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import msgspec
from msgspec import Struct

from shopwright.core.errors import BadInput

MERCHANDISE_OF_ONLINE_RETAIL = r"^(\d{5}|DCGS)"
"""Five digits, or a gift-shop code; postage, fees, vouchers and test codes are left out."""


class Columns(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The name that the file gives to each thing; an empty name means that the file has none."""

    invoice: str = "invoice"
    """The order number; every row with the same one is a line of the same order."""
    sku: str = "sku"
    quantity: str = "quantity"
    occurred_at: str = "invoice_date"
    unit_price: str = "unit_price"
    """In major units (pounds), before tax."""
    customer_id: str = "customer_id"
    description: str = "description"
    category: str = ""

    def named(self) -> Mapping[str, str]:
        """Return role to column, for the roles that the file has."""
        roles = {role: getattr(self, role) for role in self.__struct_fields__}
        return {role: column for role, column in roles.items() if column}


REQUIRED = ("invoice", "sku", "quantity", "occurred_at", "unit_price")


class Rules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to tell a cancellation, a ledger entry and a fee from a sale."""

    cancellation_prefix: str = "C"
    """An invoice number that begins so takes back units; empty: the file has no cancellations."""
    ledger_prefixes: tuple[str, ...] = ("A",)
    """An invoice number that begins so is an entry of the bookkeeper."""
    merchandise: str = ""
    """Regular expression that the sku of a product matches; empty: every sku is a product."""
    date_format: str = ""
    """``strptime`` format of dates that are text; empty: ISO 8601."""


class ColumnMap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to read one layout of table."""

    columns: Columns = Columns()
    rules: Rules = Rules()


DEFAULT = ColumnMap(rules=Rules(merchandise=MERCHANDISE_OF_ONLINE_RETAIL))


def parse(text: str, where: str) -> ColumnMap:
    """Return the column map that a TOML text says; ``where`` names it in errors.

    What the text leaves out keeps its default, except that every sku is merchandise.
    Raises BadInput for text that is not TOML, an unknown key or a rule that cannot be followed.
    """
    try:
        found = msgspec.convert(tomllib.loads(text), ColumnMap)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadInput(
            f"{where}: not a column map: {error}; it has the tables [columns] and [rules], "
            f"with the keys {_keys(Columns)} and {_keys(Rules)}"
        ) from error
    nameless = [role for role in REQUIRED if not getattr(found.columns, role)]
    if nameless:
        raise BadInput(f"{where}: [columns] {', '.join(nameless)}: name the file's column for it")
    if "" in found.rules.ledger_prefixes:
        raise BadInput(f"{where}: an empty ledger prefix would refuse every row; remove it")
    try:
        re.compile(found.rules.merchandise)
    except re.error as error:
        raise BadInput(
            f"{where}: merchandise = {found.rules.merchandise!r} is not a regular expression: "
            f"{error}; mend it, or leave it out to take every sku"
        ) from error
    return found


def _keys(table: type[Struct]) -> str:
    return ", ".join(table.__struct_fields__)


def check_columns(columns: Columns, existing: Sequence[str], where: str) -> None:
    """Raise BadInput if the map names a column that the file does not have, or has twice."""
    named = columns.named()
    missing = {role: column for role, column in named.items() if column not in existing}
    if missing:
        told = "; ".join(_missing(role, column, existing) for role, column in missing.items())
        raise BadInput(
            f"{where}: {told}. Its columns are: {', '.join(existing)}. "
            f"Say which is which in a column map (--columns map.toml)"
        )
    doubled = sorted({column for column in named.values() if existing.count(column) > 1})
    if doubled:
        raise BadInput(f"{where}: has the column {', '.join(doubled)} twice; rename one of them")


def _missing(role: str, column: str, existing: Sequence[str]) -> str:
    near = get_close_matches(column, existing, n=1)
    guess = f" (did you mean {near[0]!r}?)" if near else ""
    optional = "" if role in REQUIRED else f', or say {role} = "" if there is none'
    return f"no column {column!r} for {role}{guess}{optional}"
