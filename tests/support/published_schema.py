"""Shopify's published Admin schema and scope table, where the machine has them."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from absent import absent
from graphql import GraphQLSchema, build_schema

FOLDER = Path(__file__).parents[3] / "shared" / "shopify"


def _bytes(name: str) -> bytes:
    path = FOLDER / name
    if not path.exists():
        absent(f"../shared/shopify/{name}", "is not on this machine")
    return gzip.decompress(path.read_bytes())


@cache
def published_schema() -> GraphQLSchema:
    """Return the whole schema of 2026-10; parsing takes seconds, so once a session."""
    text = _bytes("admin_schema_2026-10.min.graphql.gz").decode()
    return build_schema(text, assume_valid=True, assume_valid_sdl=True, no_location=True)


@cache
def scope_table() -> dict[str, list[str]]:
    """Return which scopes open each type: any one of them is enough."""
    table: dict[str, Any] = json.loads(_bytes("admin_scopes_2026-10.json.gz"))
    return {name: list(entry["scopes"]) for name, entry in table.items()}


@cache
def webhook_schemas() -> dict[str, Any]:
    """Return schema and example of each topic."""
    found: dict[str, Any] = json.loads(_bytes("webhook_schemas_2026-07.json.gz"))
    topics: dict[str, Any] = found["topics"]
    return topics
