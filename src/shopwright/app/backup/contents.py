"""What a copied ledger says of itself."""

from contextlib import closing
from pathlib import Path

from shopwright.adapters.data_files import NEWEST, format_of
from shopwright.adapters.ledger_content import SqliteLedgerContent
from shopwright.adapters.sqlite_file import LEDGER
from shopwright.pipelines.digest import ledger_digest


def read_ledger(place: Path) -> tuple[int, dict[str, int]]:
    """Return a copied ledger's revision, and the log position that it has taken."""
    with closing(SqliteLedgerContent(place, still=True)) as content:
        return content.revision(), dict(content.through())


def digest_of_ledger(place: Path) -> str:
    """Return the digest of a copied ledger's content; empty for an older format.

    Only the format of this Shopwright can be read without migrating the copy, which must stay as it
    is. Raises Damaged, TooNew.
    """
    if format_of(place, LEDGER, still=True) != NEWEST[LEDGER]:
        return ""
    with closing(SqliteLedgerContent(place, still=True)) as content:
        return ledger_digest(content)
