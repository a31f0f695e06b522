"""How a version, a telling or a packed record becomes a row of the ledger, and back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shopwright.adapters.months import month_of
from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged
from shopwright.core.types.feature import PackedRecord
from shopwright.core.types.identity import Pseudonym, StoreId
from shopwright.core.types.ledger import Telling
from shopwright.core.types.order import Line, OrderVersion
from shopwright.core.types.product import ProductVersion, Variant

ORDER_COLUMNS = (
    "store_id, order_key, version, customer, known_us, known_until_us, occurred_us, valid, "
    "gross_minor, refund_minor, lines, reconstructed, sold, discount_minor"
)
PRODUCT_COLUMNS = (
    "store_id, product_id, version, known_us, known_until_us, title, category, status, deleted, "
    "variants"
)
RECORD_COLUMNS = "store_id, view, entity, revision, received_us, state"

_Told = TypeVar("_Told")

_encode = msgspec.msgpack.Encoder().encode
_tellings = msgspec.msgpack.Decoder(tuple[Telling, ...])
_lines = msgspec.msgpack.Decoder(tuple[Line, ...])
_variants = msgspec.msgpack.Decoder(tuple[Variant, ...])


def encode_tellings(tellings: Sequence[Telling]) -> bytes:
    """Return the tellings of a document as msgpack; each says by its tag what it is."""
    return _encode(tellings)


def decode_tellings(stored: bytes, path: Path) -> tuple[Telling, ...]:
    """Return the tellings of a document; raises Damaged naming the file."""
    return _decode(_tellings, stored, path)


def from_order(version: OrderVersion, revision: int) -> tuple[Any, ...]:
    """Return a version as a row: ``ORDER_COLUMNS``, month, revision."""
    return (
        version.store_id,
        version.order,
        version.version,
        version.customer,
        version.known_us,
        version.known_until_us,
        version.occurred_us,
        version.valid,
        version.gross_minor,
        version.refund_minor,
        _encode(version.lines),
        version.reconstructed,
        version.sold,
        version.discount_minor,
        month_of(version.occurred_us),
        revision,
    )


def to_order(row: tuple[Any, ...], path: Path) -> OrderVersion:
    """Return the version of a row of ``ORDER_COLUMNS``; raises Damaged naming the file."""
    return OrderVersion(
        store_id=row[0],
        order=Pseudonym(row[1]),
        version=row[2],
        customer=None if row[3] is None else Pseudonym(row[3]),
        known_us=row[4],
        known_until_us=row[5],
        occurred_us=row[6],
        valid=bool(row[7]),
        gross_minor=row[8],
        refund_minor=row[9],
        lines=_decode(_lines, row[10], path),
        reconstructed=bool(row[11]),
        sold=bool(row[12]),
        discount_minor=row[13],
    )


def from_product(version: ProductVersion, revision: int) -> tuple[Any, ...]:
    """Return a version as a row: ``PRODUCT_COLUMNS``, revision."""
    return (
        version.store_id,
        version.product_id,
        version.version,
        version.known_us,
        version.known_until_us,
        version.title,
        version.category,
        version.status,
        version.deleted,
        _encode(version.variants),
        revision,
    )


def to_product(row: tuple[Any, ...], path: Path) -> ProductVersion:
    """Return the version of a row of ``PRODUCT_COLUMNS``; raises Damaged naming the file."""
    return ProductVersion(
        store_id=row[0],
        product_id=row[1],
        version=row[2],
        known_us=row[3],
        known_until_us=row[4],
        title=row[5],
        category=row[6],
        status=row[7],
        deleted=bool(row[8]),
        variants=_decode(_variants, row[9], path),
    )


def to_packed(row: tuple[Any, ...]) -> PackedRecord:
    """Return the packed record of a row of ``RECORD_COLUMNS``."""
    return PackedRecord(
        store_id=StoreId(row[0]),
        view=row[1],
        entity=Pseudonym(row[2]),
        revision=row[3],
        received_us=row[4],
        state=row[5],
    )


def _decode(decoder: "msgspec.msgpack.Decoder[_Told]", stored: bytes, path: Path) -> _Told:
    try:
        return decoder.decode(stored)
    except NOT_DECODABLE as error:
        raise Damaged(
            f"{path}: a row of the ledger cannot be read ({error}); "
            "`shopwright replay --adopt` builds it again from the log"
        ) from error
