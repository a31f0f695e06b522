"""Bulk mutations: one mutation, run once for each line of an uploaded file of variables.

https://shopify.dev/docs/api/usage/bulk-operations/imports
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    validate,
    visit,
)

from shopwright.core.decoding import NOT_DECODABLE
from shopwright.core.errors import BadInput

IDENTIFIER_LENGTHS = (10, 255)
CONNECTIONS_MAX = 1

Run = Callable[[DocumentNode, dict[str, Any], int], dict[str, Any]]
"""Executes a document with variables at an instant; returns ``data`` and ``errors``."""

_encode = msgspec.json.Encoder().encode


class Unfit(BadInput):
    """A bulk mutation that cannot be started; ``field`` and ``code`` are the API's."""

    def __init__(self, message: str, code: str | None, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class BulkMutation:
    """A checked mutation and the variables of each of its runs."""

    def __init__(self, document: DocumentNode, file: bytes, run: Run) -> None:
        """Raises Unfit for a file that cannot be read as variables."""
        self._document = document
        self._lines = _variables(file)
        self._run = run

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int, now_us: int) -> bytes:
        """Run the mutation with the variables of one line; return the line of the result."""
        variables = msgspec.json.decode(self._lines[number], type=dict[str, Any])
        told = self._run(self._document, variables, now_us)
        return _encode(told | {"__lineNumber": number})


def check_identifier(text: str | None) -> None:
    """Raise Unfit for a ``clientIdentifier`` that is too short or too long."""
    low, high = IDENTIFIER_LENGTHS
    if text is not None and len(text) < low:
        said = f"is too short (minimum is {low} characters)"
        raise Unfit(said, "INVALID_MUTATION", "clientIdentifier")
    if text is not None and len(text) > high:
        said = f"is too long (maximum is {high} characters)"
        raise Unfit(said, "INVALID_MUTATION", "clientIdentifier")


def checked(schema: GraphQLSchema, text: str) -> DocumentNode:
    """Return the document of a mutation that may run in bulk. Raises Unfit."""
    try:
        document = parse(text)
    except GraphQLError as error:
        said = f"Failed to parse the mutation - {error.message}"
        raise Unfit(said, "INVALID_MUTATION") from None
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if [one.operation for one in operations] != [OperationType.MUTATION]:
        said = "Invalid operation type. Only `mutation` operations are supported."
        raise Unfit(said, "INVALID_MUTATION")
    fields = operations[0].selection_set.selections
    if len(fields) != 1 or not isinstance(fields[0], FieldNode):
        raise Unfit("You must specify a single top level mutation.", None, "mutation")
    if fields[0].name.value.startswith("bulkOperation"):
        raise Unfit("You must use an allowed mutation name.", None, "mutation")
    problems = validate(schema, document)
    if problems:
        raise Unfit(problems[0].message, "INVALID_MUTATION", "mutation")
    if _connections(schema, document) > CONNECTIONS_MAX:
        said = f"Bulk mutations cannot contain more than {CONNECTIONS_MAX} connection."
        raise Unfit(said, None, "mutation")
    return document


def _connections(schema: GraphQLSchema, document: DocumentNode) -> int:
    info = TypeInfo(schema)
    found = 0

    class Counts(Visitor):
        def enter_field(self, _node: FieldNode, *_: object) -> None:
            nonlocal found
            kind = info.get_type()
            found += kind is not None and get_named_type(kind).name.endswith("Connection")

    visit(document, TypeInfoVisitor(info, Counts()))
    return found


def _variables(file: bytes) -> Sequence[bytes]:
    """Return the lines of a file: each of them is looked at before any of them is run."""
    lines = file.splitlines()
    if not lines:
        raise Unfit("The input file is empty.", "INVALID_STAGED_UPLOAD_FILE")
    for number, line in enumerate(lines):
        try:
            msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        except NOT_DECODABLE:
            said = f"The input file is no JSONL: line {number} is no JSON object."
            raise Unfit(said, "INVALID_STAGED_UPLOAD_FILE") from None
    return lines
