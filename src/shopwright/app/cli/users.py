"""``shopwright users``: people who may sign in to the console.

A password never stands on the command line, where every user of the machine could read it.
"""

import re
import secrets
import sys
from base64 import b32encode
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from shopwright.app.cli.operator import operator_name
from shopwright.app.cli.options import STORE
from shopwright.app.cli.output import emit, json_option, table
from shopwright.app.cli.session import Session, pass_session
from shopwright.core.clock import SystemClock, iso
from shopwright.core.errors import BadInput
from shopwright.core.types.access import Role, User
from shopwright.core.types.identity import StoreId
from shopwright.privacy.passwords import CHARACTERS_MAX, SALT_BYTES, check_new, keep

if TYPE_CHECKING:
    from shopwright.app.settings import Settings

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}", re.ASCII)
GENERATED_BYTES = 15
"""120 bits, as 24 letters and digits."""

generate_option = click.option(
    "--generate", is_flag=True, help="Make a password and show it once, instead of asking."
)


@click.group()
def command() -> None:
    """Add people who may sign in to the console."""


@command.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["admin", "viewer"]),
    required=True,
    help="A viewer reads; an admin also changes things.",
)
@click.option(
    "--store",
    "stores",
    type=STORE,
    multiple=True,
    help="The only stores that the person sees; may be given several times.",
)
@generate_option
@json_option
@pass_session
def add(
    session: Session,
    /,
    name: str,
    role: Role,
    stores: tuple[StoreId, ...],
    generate: bool,
    as_json: bool,
) -> None:
    """Add a person."""
    from shopwright.app.bootstrap import open_stores, open_users  # noqa: PLC0415

    settings, name = session.settings, _checked_name(name)
    users, known = open_users(settings), open_stores(settings)
    for store in stores:
        known.get(store)
    if users.get(name) is not None:
        raise BadInput(f"{name} is there already; `shopwright users password {name}` changes it")
    password = _new_password(name, generate=generate)
    now_us = SystemClock().now_us()
    user = User(
        name=name,
        role=role,
        stores=frozenset(stores) if stores else None,
        password=keep(password, secrets.token_bytes(SALT_BYTES)),
        password_us=now_us,
        made_us=now_us,
    )
    if not users.add(user):
        raise BadInput(f"{name} is there already; `shopwright users password {name}` changes it")
    _tell(settings, "user added", f"{name}, {role}, {', '.join(sorted(stores)) or 'all stores'}")
    _emit_password(user, password, f"{name} may sign in", as_json=as_json, generate=generate)


@command.command("list")
@json_option
@pass_session
def list_users(session: Session, as_json: bool) -> None:
    """List people, their roles and their stores."""
    from shopwright.app.bootstrap import open_users  # noqa: PLC0415

    users = open_users(session.settings).all()
    rows = [
        (user.name, user.role, _stores(user), iso(user.made_us)[:10], iso(user.password_us)[:10])
        for user in users
    ]
    emit(
        as_json,
        [_plain(user) for user in users],
        lambda: (
            table(["name", "role", "stores", "added", "password of"], rows)
            if rows
            else "nobody may sign in yet; add somebody with `shopwright users add`"
        ),
    )


@command.command()
@click.argument("name")
@json_option
@pass_session
def remove(session: Session, name: str, as_json: bool) -> None:
    """Remove a person; every session of theirs ends at once."""
    from shopwright.app.bootstrap import open_sessions, open_users  # noqa: PLC0415

    settings, user = session.settings, _known(session.settings, name)
    open_users(settings).remove(user.name)
    ended = open_sessions(settings).end_all(user.name)
    _tell(settings, "user removed", user.name)
    emit(
        as_json,
        {"removed": user.name, "sessions_ended": ended},
        lambda: f"{user.name} may no longer sign in; {ended} sessions ended",
    )


@command.command("password")
@click.argument("name")
@generate_option
@json_option
@pass_session
def change_password(session: Session, name: str, generate: bool, as_json: bool) -> None:
    """Change a password; every session of that person ends at once."""
    from shopwright.app.bootstrap import open_sessions, open_users  # noqa: PLC0415

    settings, user = session.settings, _known(session.settings, name)
    password = _new_password(user.name, generate=generate)
    kept = keep(password, secrets.token_bytes(SALT_BYTES))
    # Never the same instant twice: it is what tells sessions of the old password from new ones.
    now_us = max(SystemClock().now_us(), user.password_us + 1)
    open_users(settings).change(replace(user, password=kept, password_us=now_us))
    ended = open_sessions(settings).end_all(user.name)
    _tell(settings, "password changed", user.name)
    line = f"the password of {user.name} was changed; {ended} sessions ended"
    _emit_password(user, password, line, as_json=as_json, generate=generate)


@command.command()
@click.argument("name")
@json_option
@pass_session
def unlock(session: Session, name: str, as_json: bool) -> None:
    """Let a person who mistyped too often try again at once."""
    from shopwright.app.bootstrap import open_attempts  # noqa: PLC0415
    from shopwright.app.web.parts import sign_in_key  # noqa: PLC0415
    from shopwright.app.web.sign_in import attempts_key  # noqa: PLC0415

    settings, user = session.settings, _known(session.settings, name)
    key = attempts_key(sign_in_key(settings), "name", user.name)
    had = open_attempts(settings).forgive(key, times=None)
    _tell(settings, "user unlocked", user.name)
    emit(
        as_json,
        {"unlocked": user.name, "had_failures": had},
        lambda: f"{user.name} may try again at once",
    )


def _checked_name(name: str) -> str:
    folded = name.strip().casefold()
    if not _NAME.fullmatch(folded):
        raise BadInput(
            f"{name!r} is no name for an account: up to 64 letters a-z, digits and . _ @ -, "
            "beginning with a letter or digit"
        )
    return folded


def _known(settings: "Settings", name: str) -> User:
    from shopwright.app.bootstrap import open_users  # noqa: PLC0415

    user = open_users(settings).get(_checked_name(name))
    if user is None:
        raise BadInput(f"{name} is not there; `shopwright users list` shows who is")
    return user


def _new_password(name: str, *, generate: bool) -> str:
    if generate:
        return b32encode(secrets.token_bytes(GENERATED_BYTES)).decode().lower()
    if sys.stdin.isatty():
        asked = click.prompt(
            f"Password for {name}", hide_input=True, confirmation_prompt=True, err=True
        )
        return check_new(str(asked), name)
    return check_new(sys.stdin.readline(4 * CHARACTERS_MAX).rstrip("\r\n"), name)


def _emit_password(user: User, password: str, line: str, *, as_json: bool, generate: bool) -> None:
    shown = {"password": password} if generate else {}
    more = f"\npassword, shown now and never again: {password}" if generate else ""
    emit(as_json, _plain(user) | shown, lambda: line + more)


def _tell(settings: "Settings", did: str, about: str) -> None:
    from shopwright.app.bootstrap import open_audit  # noqa: PLC0415

    who = f"operator {operator_name()}"
    open_audit(settings).record(SystemClock().now_us(), who, did, None, about)


def _stores(user: User) -> str:
    return "all stores" if user.stores is None else ", ".join(sorted(user.stores))


def _plain(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role,
        "stores": None if user.stores is None else sorted(user.stores),
        "added_at": iso(user.made_us),
    }
