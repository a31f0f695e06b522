"""Reads a form with a file, as a browser would post it: ``multipart/form-data``.

https://www.rfc-editor.org/rfc/rfc7578
"""

from email import message_from_bytes
from email.message import Message
from email.policy import HTTP

from msgspec import Struct

from shopwright.core.errors import BadInput

FIELDS_MAX = 100


class Form(Struct, frozen=True, kw_only=True):
    """The fields that stand before the file, and the file; fields behind it do not count."""

    fields: list[tuple[str, str]]
    file: bytes


def read_form(content_type: str, body: bytes) -> Form:
    """Return the form. Raises BadInput for anything else."""
    if not content_type.lower().startswith("multipart/form-data"):
        raise BadInput("the upload is no multipart/form-data")
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    whole = message_from_bytes(head + body, policy=HTTP)
    parts = whole.get_payload()
    if whole.defects or not isinstance(parts, list):
        raise BadInput("the upload's parts cannot be told apart")
    fields: list[tuple[str, str]] = []
    for part in parts[:FIELDS_MAX]:
        if not isinstance(part, Message):
            continue
        name, content = _name(part), part.get_payload(decode=True)
        if not isinstance(content, bytes):
            raise BadInput(f"the upload's part {name!r} has no content")
        if name == "file":
            return Form(fields=fields, file=content)
        fields.append((name, content.decode("utf-8", "replace")))
    raise BadInput("the upload has no field named file")


def _name(part: Message) -> str:
    return str(part.get_param("name", "", "content-disposition"))
