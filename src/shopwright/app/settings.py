"""Every setting, said once; and the only place that reads the environment.

A field of ``Places``, ``Web``, ``Work`` or ``Engines`` is the whole truth about a setting: its
type, range, default, unit and meaning. The file that ``shopwright init`` writes,
``docs/settings.md`` and every error message are made from it. Order of authority: command line,
``SHOPWRIGHT_…`` variable, ``shopwright.toml``, default.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from shopwright.app.setting import Setting, settings_of
from shopwright.app.settings_engines import Engines
from shopwright.core.errors import BadInput

FILE_NAME = "shopwright.toml"
PREFIX = "SHOPWRIGHT_"


class Settings(Engines, frozen=True, kw_only=True):
    """How this installation behaves. Made by ``load``, so every value has been checked."""

    @property
    def run_folder(self) -> Path:
        """Where locks, the schedule and metrics of running processes lie; safe to delete."""
        return self.home / "run"


def every_setting() -> tuple[Setting, ...]:
    """Return every setting in the order in which it is declared."""
    return settings_of(Settings)


def load(
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    given: Mapping[str, object] | None = None,
) -> Settings:
    """Read the settings; raise BadInput naming where, which key, and what is allowed.

    ``config`` None means ``shopwright.toml`` in the working folder, if it is there. A path in the
    file is relative to the file, one in a variable to the working folder. ``given`` holds what
    stood on the command line. An empty variable counts as not set.
    """
    known = {setting.name: setting for setting in every_setting()}
    values = _from_file(known, config)
    values |= _from_environment(known, os.environ if environ is None else environ)
    for name, value in (given or {}).items():
        if value is not None:
            values[name] = known[name].read(value, f"command line: {name}", text=False)
    home = values.setdefault("home", Settings().home)
    values.setdefault("master_key_file", home.with_name(f"{home.name}.key"))
    values.setdefault("erasure_journal", home.with_name(f"{home.name}.erasures"))
    return Settings(**values)


def _from_file(known: Mapping[str, Setting], config: Path | None) -> dict[str, Any]:
    path = config or Path(FILE_NAME)
    if config is None and not path.exists():
        return {}
    values: dict[str, Any] = {}
    for key, raw in _toml(path).items():
        if key not in known:
            raise BadInput(f"{path}: {_unknown(key, known)}")
        setting = known[key]
        if setting.secret:
            raise BadInput(
                f"{path}: {key} does not belong in a file that is shared; "
                f"set {PREFIX}{key.upper()} or use master_key_file"
            )
        value = setting.read(raw, f"{path}: {key}", text=False)
        values[key] = path.parent / value if isinstance(value, Path) else value
    return values


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: is not TOML: {error}") from error


def _from_environment(known: Mapping[str, Setting], environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, raw in environ.items():
        if not variable.startswith(PREFIX) or not raw:
            continue
        key = variable.removeprefix(PREFIX).lower()
        if key not in known:
            raise BadInput(f"environment: {variable}: {_unknown(key, known)}")
        values[key] = known[key].read(raw, f"environment: {variable}", text=True)
    return values


def _unknown(key: str, known: Mapping[str, Setting]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake pays for it

    near = get_close_matches(key, known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"allowed are {', '.join(known)}"
    return f"{key} is not a setting; {meant}"


def silence_telemetry() -> None:
    """Turn off what MLflow would report to its makers; it reads this when it is imported."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"


def child_environment(settings: Settings, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which a child process loads exactly these settings."""
    ours = {
        PREFIX + name.upper(): str(value.absolute() if isinstance(value, Path) else value)
        for name, value in msgspec.structs.asdict(settings).items()
        if value not in (None, "")
    }
    others = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
    return others | ours | dict(more or {})
