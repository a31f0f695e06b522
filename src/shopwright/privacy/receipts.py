"""Proof of an erasure: canonical JSON under an Ed25519 signature (RFC 8032).

The signature covers exactly the bytes of the JSON, so a receipt can be checked with any tool that
knows Ed25519. Whoever holds the public key can check it; only the installation can make one.
"""

import base64
import binascii

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import Damaged, TooNew
from shopwright.core.types.privacy import Receipt, SignedReceipt

FORMAT = 1
FILE_FORMAT = 1
FILE_BYTES_MAX = 64 << 20


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A receipt as a file: the signed bytes stand in ``receipt`` as text."""

    format: int
    receipt: str
    signature: str
    public_key: str


class _Numbered(Struct):
    format: int


def sign(receipt: Receipt, private_key: bytes) -> SignedReceipt:
    """Return the receipt signed with a 32-byte private key; the same twice is the same bytes."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    body = msgspec.json.encode(receipt, order="sorted")
    return SignedReceipt(
        body=body, signature=key.sign(body), public_key=key.public_key().public_bytes_raw()
    )


def public_key_of(private_key: bytes) -> bytes:
    """Return the 32 bytes with which anybody can check what this key has signed."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def verify(signed: SignedReceipt) -> Receipt:
    """Return what the receipt says. Raises Damaged when a single bit is not as it was signed.

    That it is *ours* is another question: compare ``public_key``. Raises TooNew for a later format.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(signed.public_key)
        key.verify(signed.signature, signed.body)
    except (InvalidSignature, ValueError):
        raise Damaged(
            "the signature does not fit the receipt: one of them was altered; ask for it again "
            "with `shopwright privacy receipts`"
        ) from None
    return _read(signed.body)


def _read(body: bytes) -> Receipt:
    try:
        found = msgspec.json.decode(body, type=_Numbered).format
        if found > FORMAT:
            raise TooNew(f"the receipt has format {found}, this Shopwright knows {FORMAT}")
        return msgspec.json.decode(body, type=Receipt)
    except NOT_DECODABLE as error:
        raise Damaged(f"the receipt cannot be read ({error})") from None


def to_file(signed: SignedReceipt) -> bytes:
    """Write a signed receipt as a JSON file for whoever asked for the erasure."""
    file = _File(
        format=FILE_FORMAT,
        receipt=signed.body.decode(),
        signature=base64.b64encode(signed.signature).decode(),
        public_key=base64.b64encode(signed.public_key).decode(),
    )
    return msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"


def from_file(content: bytes) -> SignedReceipt:
    """Read a receipt's file; ``verify`` says whether it is true. Raises Damaged, TooNew."""
    try:
        file = msgspec.json.decode(content, type=_File)
        signed = SignedReceipt(
            body=file.receipt.encode(),
            signature=base64.b64decode(file.signature, validate=True),
            public_key=base64.b64decode(file.public_key, validate=True),
        )
    except (*NOT_DECODABLE, UnicodeError, binascii.Error) as error:
        raise Damaged(f"this is no receipt of Shopwright ({error})") from None
    if file.format > FILE_FORMAT:
        raise TooNew(f"the file has format {file.format}, this Shopwright knows {FILE_FORMAT}")
    return signed
