"""One setting as people see it: read from the annotation of its field, never written twice."""

import re
import typing
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Meta, Struct

from shopwright.core.errors import BadInput

_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)


class Secret(str):
    """Text that is never shown: not in a log line, not in a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


class Setting(Struct, frozen=True, kw_only=True):
    """Name, meaning, unit, range and default of one setting."""

    name: str
    kind: Any
    """The annotated type, as msgspec reads it."""
    default: Any
    meaning: str
    unit: str
    allowed: str
    """What may stand there, in words."""
    secret: bool
    """Only the environment may hold it."""

    def read(self, raw: object, where: str, *, text: bool) -> Any:
        """Return the checked value; raise BadInput saying where, what was found, what is allowed.

        ``text`` is true where every value is a string, as in the environment.
        """
        try:
            number = text and isinstance(self.default, int) and _WHOLE.fullmatch(str(raw))
            return msgspec.convert(raw, self.kind, strict=not number, dec_hook=_from_text)
        except msgspec.ValidationError as error:
            found = "a value that is not" if self.secret else f"{_short(raw)} is not"
            raise BadInput(f"{where}: {found} {self.allowed}") from error


def _from_text(kind: Any, raw: object) -> Any:
    if not isinstance(raw, str) or not raw.strip() or "\0" in raw:
        raise ValueError("not text")
    try:
        return Path(raw).expanduser() if issubclass(kind, Path) else kind(raw)
    except RuntimeError as error:  # ~somebody who has no home
        raise ValueError("not a path") from error


def _short(raw: object) -> str:
    shown = repr(raw)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def shown(unit: str, *, allowed: str = "", secret: bool = False) -> dict[str, Any]:
    """Return what a field says of itself besides its range: unit, words, whether it is secret."""
    return {"unit": unit, "allowed": allowed, "secret": secret}


def settings_of(struct: type[Struct]) -> tuple[Setting, ...]:
    """Return the settings that a struct's annotated fields declare."""
    hints = typing.get_type_hints(struct, include_extras=True)
    return tuple(
        _setting(field.name, hints[field.name], field.default)
        for field in msgspec.structs.fields(struct)
    )


def _setting(name: str, hint: Any, default: object) -> Setting:
    kind, meta = typing.get_args(hint)
    extra = meta.extra or {}
    return Setting(
        name=name,
        kind=hint,
        default=default,
        meaning=re.sub(r"\s+", " ", meta.description),
        unit=extra["unit"],
        allowed=extra["allowed"] or _allowed(kind, meta),
        secret=extra["secret"],
    )


def _allowed(kind: Any, meta: Meta) -> str:
    if kind is int:
        return f"a whole number from {meta.ge:,} to {meta.le:,}"
    if typing.get_origin(kind) is typing.Literal:
        return "one of " + ", ".join(typing.get_args(kind))
    return "a path" if kind is Path else "text"
