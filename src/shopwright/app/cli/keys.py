"""``shopwright keys``: what programs show instead of signing in."""

import secrets

import click

from shopwright.app.cli.operator import operator_name
from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import US_PER_DAY, SystemClock, iso
from shopwright.core.errors import BadInput
from shopwright.core.types.access import ApiKey, Scope
from shopwright.core.types.identity import StoreId
from shopwright.privacy.api_tokens import ENTROPY_BYTES, ID_ENTROPY_BYTES, make, read, secret_hash

OF_ALL_STORES = frozenset([Scope.METRICS])
"""What speaks of every store at once."""
NOTE_MAX = 200


@click.group()
def command() -> None:
    """Make and revoke API keys."""


@command.command()
@click.option("--store", type=STORE, help="The only store that the key opens.")
@click.option("--all-stores", is_flag=True, help="Every store, later ones too.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([str(scope) for scope in Scope]),
    multiple=True,
    required=True,
    help="What the key opens; may be given several times.",
)
@click.option(
    "--expires", type=click.IntRange(1, 3_650), metavar="DAYS", help="Days until it ends."
)
@click.option("--note", default="", help="What the key is for.")
@json_option
@pass_session
def create(
    session: Session,
    /,
    store: StoreId | None,
    all_stores: bool,
    scopes: tuple[str, ...],
    expires: int | None,
    note: str,
    as_json: bool,
) -> None:
    """Make an API key; it is shown once.

    Only its hash is kept, so nobody can look it up again.
    """
    from shopwright.app.bootstrap import open_api_keys, open_audit, open_stores  # noqa: PLC0415

    wanted = frozenset(map(Scope, scopes))
    _check(store, wanted, note, all_stores=all_stores)
    settings = session.settings
    if store is not None:
        open_stores(settings).get(store)
    token, shown = make(secrets.token_bytes(ID_ENTROPY_BYTES), secrets.token_bytes(ENTROPY_BYTES))
    now_us = SystemClock().now_us()
    key = ApiKey(
        key_id=shown.key_id,
        store_id=store,
        scopes=wanted,
        secret_hash=secret_hash(shown.secret),
        note=note,
        made_by=operator_name(),
        made_us=now_us,
        expires_us=now_us + expires * US_PER_DAY if expires else None,
    )
    if not open_api_keys(settings).add(key):
        raise BadInput("that id is taken already, which is all but impossible; run it again")
    about = f"key {key.key_id}: {', '.join(sorted(wanted))}"
    open_audit(settings).record(now_us, f"operator {key.made_by}", "key created", store, about)
    emit(
        as_json,
        _plain(key) | {"key": token},
        lambda: (
            f"{token}\n\nThis key is shown now and never again. Send it as\n"
            f"  Authorization: Bearer {token[:20]}…"
        ),
    )


@command.command("list")
@json_option
@pass_session
def list_keys(session: Session, as_json: bool) -> None:
    """List API keys: what each opens and whether it still counts."""
    from shopwright.app.bootstrap import open_api_keys  # noqa: PLC0415

    keys, now_us = open_api_keys(session.settings).all(), SystemClock().now_us()
    rows = [
        (
            key.key_id,
            key.store_id or "all stores",
            ", ".join(sorted(key.scopes)),
            _state(key, now_us),
            iso(key.made_us)[:10],
            key.made_by,
            key.note,
        )
        for key in keys
    ]
    emit(
        as_json,
        [_plain(key) | {"state": _state(key, now_us)} for key in keys],
        lambda: (
            table(["id", "store", "scopes", "state", "made", "by", "note"], rows)
            if rows
            else "no API keys yet; make one with `shopwright keys create`"
        ),
    )


@command.command()
@click.argument("key", metavar="ID")
@json_option
@pass_session
def revoke(session: Session, key: str, as_json: bool) -> None:
    """Revoke an API key for good; within a second no process takes it."""
    from shopwright.app.bootstrap import open_api_keys, open_audit  # noqa: PLC0415

    token = read(key)
    key_id = token.key_id if token else key
    settings, now_us = session.settings, SystemClock().now_us()
    keys = open_api_keys(settings)
    found = keys.get(key_id)
    if found is None:
        # Not repeated: it may be a key with a typing error.
        raise BadInput("no API key has this id; `shopwright keys list` shows them")
    if not keys.revoke(key_id, now_us):
        raise BadInput(f"key {key_id} was revoked before")
    who = f"operator {operator_name()}"
    open_audit(settings).record(now_us, who, "key revoked", found.store_id, f"key {key_id}")
    emit(as_json, {"revoked": key_id}, lambda: f"key {key_id} opens nothing from now on")


def _check(store: StoreId | None, scopes: frozenset[Scope], note: str, *, all_stores: bool) -> None:
    if (store is None) is not all_stores:
        raise BadInput("say which store the key is for with --store, or --all-stores")
    wide = scopes & OF_ALL_STORES
    if wide and not all_stores:
        raise BadInput(
            f"the scope {min(wide)} speaks of all stores at once; give it to a key made with "
            "--all-stores"
        )
    if len(note) > NOTE_MAX or (not note.isprintable() and note):
        raise BadInput(f"a note is one line of at most {NOTE_MAX} characters")


def _state(key: ApiKey, now_us: int) -> str:
    if key.revoked_us is not None:
        return f"revoked {iso(key.revoked_us)[:10]}"
    if key.expires_us is None:
        return "good"
    return f"{'good until' if key.is_good(now_us) else 'expired'} {iso(key.expires_us)[:10]}"


def _plain(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.key_id,
        "store": key.store_id,
        "scopes": sorted(key.scopes),
        "note": key.note,
        "made_by": key.made_by,
        "made_at": iso(key.made_us),
        "expires_at": iso(key.expires_us) if key.expires_us else None,
    }
