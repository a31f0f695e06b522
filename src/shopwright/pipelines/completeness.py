"""Compares what a backfill read with what the ledger holds: the last of three counts."""

from collections.abc import Collection, Iterator, Sequence

from msgspec.structs import replace

from shopwright.admin import documents
from shopwright.core.ports import KeyStore, Ledger, LedgerHistory, Slices
from shopwright.core.types.connection import Slice
from shopwright.core.types.identity import Pseudonym
from shopwright.core.types.ledger import Document
from shopwright.pipelines.backfill import Taken, checksum

BATCH = 1_000


def prove(
    taken: Sequence[Taken], ledger: Ledger, history: LedgerHistory, keys: KeyStore, slices: Slices
) -> list[Slice]:
    """Return each slice as proven, or as a mismatch that says what is missing.

    People who were erased here are kept out on purpose: what is theirs is not missing.
    """
    listed = {
        document.key.decode()
        for one in taken
        if one.slice.kind == "products"
        for document in one.documents
    }
    return [_prove(one, listed, ledger, history, keys, slices) for one in taken]


def _prove(
    one: Taken,
    products: Collection[str],
    ledger: Ledger,
    history: LedgerHistory,
    keys: KeyStore,
    slices: Slices,
) -> Slice:
    if one.slice.state == "mismatch":
        return one.slice
    if one.slice.kind == documents.STOCK and (unlisted := _unlisted(one, products, history)):
        why = f"{unlisted:,} inventory items that products name are not in Shopify's list"
        failed = replace(one.slice, state="mismatch", why=why)
        slices.put(failed)
        return failed
    held: list[Document] = []
    erased = 0
    for read, subjects in _batches(one):
        told = ledger.tellings(read)
        held += [document for document in read if document in told]
        absent = [s for d, s in zip(read, subjects, strict=True) if d not in told]
        erased += _erased(one.slice, absent, keys)
    whole = len(held) + erased == one.slice.read_count
    if not erased:
        whole = whole and checksum(held) == one.slice.read_checksum
    missing = one.slice.read_count - len(held) - erased
    proven = replace(
        one.slice,
        state="proven" if whole else "mismatch",
        held_count=len(held) + erased,
        why=""
        if whole
        else f"{missing:,} of {one.slice.read_count:,} {one.slice.kind} are not "
        "held here: `shopwright dead-letters list` shows what could not be read",
    )
    slices.put(proven)
    return proven


def _unlisted(one: Taken, products: Collection[str], history: LedgerHistory) -> int:
    """Count the items that products named before the list was made, and that are not in it.

    Shopify counts no inventory items, but each variant names its own. Where the same run read the
    products, those are meant: one that is held may have been deleted in the shop since.
    """
    newest = {version.product_id: version for version in history.products(one.slice.store_id)}
    named = {
        variant.inventory_item_id
        for version in newest.values()
        if not version.deleted
        and version.known_us < one.slice.started_us
        and (not products or version.product_id in products)
        for variant in version.variants
        if variant.inventory_item_id is not None
    }
    return len(named - one.listed)


def _batches(one: Taken) -> Iterator[tuple[list[Document], list[Pseudonym | None]]]:
    for start in range(0, len(one.documents), BATCH):
        end = start + BATCH
        yield list(one.documents[start:end]), list(one.subjects[start:end])


def _erased(one: Slice, subjects: Sequence[Pseudonym | None], keys: KeyStore) -> int:
    named = [subject for subject in subjects if subject is not None]
    if not named:
        return 0
    alive = keys.open_keys(one.store_id, named)
    return sum(subject not in alive for subject in named)
