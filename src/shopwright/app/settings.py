"""Every setting, said once; and the only place that reads the environment.

A field of ``Settings`` is the whole truth about a setting: its type, range, default, unit and
meaning. The file that ``shopwright init`` writes, ``docs/settings.md`` and every error message are
made from it. Order of authority: command line, ``SHOPWRIGHT_…`` variable, ``shopwright.toml``,
default.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from shopwright.app.setting import Secret, Setting, settings_of
from shopwright.core.errors import BadInput

FILE_NAME = "shopwright.toml"
PREFIX = "SHOPWRIGHT_"
ADDRESS = r"^(localhost|\d{1,3}(\.\d{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$"


def _unit(unit: str, *, allowed: str = "", secret: bool = False) -> dict[str, Any]:
    return {"unit": unit, "allowed": allowed, "secret": secret}


class Settings(Struct, frozen=True, kw_only=True):
    """How this installation behaves. Made by ``load``, so every value has been checked."""

    home: Annotated[
        Path,
        Meta(description="The data folder.", extra=_unit("folder")),
    ] = Path(".shopwright")
    master_key_file: Annotated[
        Path,
        Meta(
            description="The file with the master key, which opens `keys.db`. Left out, it is the "
            "data folder's name with `.key` behind it, beside the data folder: a backup of the "
            "data folder alone opens nothing.",
            extra=_unit("file"),
        ),
    ] = Path(".shopwright.key")
    master_key: Annotated[
        Secret | None,
        Meta(
            description="The master key itself, instead of the file: 32 bytes in base64.",
            extra=_unit("base64", secret=True),
        ),
    ] = None
    erasure_journal: Annotated[
        Path,
        Meta(
            description="The file in which every erasure is noted once more, so that an old copy "
            "of the data folder brings nobody back. Left out, it is the data folder's name with "
            "`.erasures` behind it, beside the data folder; it must lie outside of it.",
            extra=_unit("file"),
        ),
    ] = Path(".shopwright.erasures")
    host: Annotated[
        str,
        Meta(
            description="The address that the web process listens on. One that other machines "
            "reach needs TLS (`tls_certificate_file`) or a proxy in front (`public_url` and "
            "`trusted_proxies`), and at least one user or API key; docs/access.md says how.",
            pattern=ADDRESS,
            extra=_unit("", allowed="an IP address or localhost"),
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=1, le=65_535, description="The TCP port of the web process.", extra=_unit(""))
    ] = 8400
    web_workers: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Web processes that share the port; each writes its own part of the log.",
            extra=_unit("processes"),
        ),
    ] = 1
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https://[^\s/]+(/\S*)?)?$",
            description="The address under which Shopify reaches this installation; empty while "
            "there is none.",
            extra=_unit("URL", allowed="an address that begins with https://, or nothing"),
        ),
    ] = ""
    trusted_proxies: Annotated[
        str,
        Meta(
            pattern=r"^([0-9A-Fa-f:./]+([ ,]+[0-9A-Fa-f:./]+)*)?$",
            description="Proxies in front of the web process. Only they are believed when they say "
            "whom they speak for (`X-Forwarded-For`, `X-Forwarded-Proto`); naming a loopback "
            "address closes the open door of this machine, because a proxy stands there.",
            extra=_unit("", allowed="IP addresses and networks with commas between, or nothing"),
        ),
    ] = ""
    tls_certificate_file: Annotated[
        str,
        Meta(
            pattern=r"^(/.*\S)?$",
            description="The certificate chain in PEM with which the web process speaks https "
            "itself; a renewed file is used within a minute.",
            extra=_unit("file", allowed="an absolute path, or nothing"),
        ),
    ] = ""
    tls_key_file: Annotated[
        str,
        Meta(
            pattern=r"^(/.*\S)?$",
            description="The private key of the certificate, in PEM and without a passphrase.",
            extra=_unit("file", allowed="an absolute path, or nothing"),
        ),
    ] = ""
    require_login: Annotated[
        Literal["outside", "always"],
        Meta(
            description="Who has to sign in or show an API key: requests from outside this "
            "machine, or all of them. `/webhooks` is signed by Shopify and is open either way.",
            extra=_unit(""),
        ),
    ] = "outside"
    session_idle_hours: Annotated[
        int,
        Meta(
            ge=1,
            le=24 * 30,
            description="A session that was not used for so long has ended.",
            extra=_unit("hours"),
        ),
    ] = 12
    session_days_max: Annotated[
        int,
        Meta(
            ge=1,
            le=90,
            description="A session ends after so long, however busy it is.",
            extra=_unit("days"),
        ),
    ] = 7
    key_requests_per_second: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="What one API key may ask of each web process in the long run; more is "
            "answered 429.",
            extra=_unit("requests per second"),
        ),
    ] = 200
    key_requests_at_once: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="What an API key that rested may ask of each web process at once.",
            extra=_unit("requests"),
        ),
    ] = 400
    demo_url: Annotated[
        str,
        Meta(
            pattern=r"^(http://127\.0\.0\.1:\d{1,5})?$",
            description="Where the simulated shops of `shopwright demo` wait for clicks in the "
            "console; the demo sets it.",
            extra=_unit("URL", allowed="http://127.0.0.1:PORT, or nothing"),
        ),
    ] = ""
    body_bytes_max: Annotated[
        int,
        Meta(
            ge=1 << 10,
            le=64 << 20,
            description="The longest request body that is read; a longer one is answered 413.",
            extra=_unit("bytes"),
        ),
    ] = 8 << 20
    batch_records_max: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Log records that the worker takes into one transaction of the ledger.",
            extra=_unit("records"),
        ),
    ] = 2_000
    archive_every_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=86_400,
            description="How long a change may wait until it is copied to the Parquet history.",
            extra=_unit("seconds"),
        ),
    ] = 5
    train_every_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=24 * 366,
            description="How often the scheduler trains each task of each store; 0 never trains.",
            extra=_unit("hours"),
        ),
    ] = 24
    train_retry_minutes: Annotated[
        int,
        Meta(
            ge=1,
            le=7 * 24 * 60,
            description="The wait after a training that failed, or that had too little data. It "
            "doubles with each further failure, up to `train_every_hours`.",
            extra=_unit("minutes"),
        ),
    ] = 30
    train_minutes_max: Annotated[
        int,
        Meta(
            ge=1,
            le=7 * 24 * 60,
            description="The longest that the scheduler lets one training run; then it is stopped "
            "and counts as failed.",
            extra=_unit("minutes"),
        ),
    ] = 60
    train_nice: Annotated[
        int,
        Meta(
            ge=0,
            le=19,
            description="How far a training steps back behind other processes (see `man nice`).",
            extra=_unit(""),
        ),
    ] = 10
    checkpoint_every_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=24 * 366,
            description="How often the worker has a verified copy of the ledger made, from which "
            "`shopwright replay` can begin; 0 never makes one.",
            extra=_unit("hours"),
        ),
    ] = 24
    keep_log_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_600,
            description="Log segments older than this are removed once a verified checkpoint and "
            "every consumer lie beyond them; 0 keeps them for ever, 1 to 6 count as 7. Segments "
            "that hold a dead letter stay.",
            extra=_unit("days"),
        ),
    ] = 0
    erase_settle_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=86_400,
            description="After an erasure the log is searched again this much later, for what a "
            "process with an old key in memory may have written in between.",
            extra=_unit("seconds"),
        ),
    ] = 30
    erase_models_days_max: Annotated[
        int,
        Meta(
            ge=0,
            le=30,
            description="A model that had learned from an erased person is removed after so many "
            "days at the latest, even when no newer one serves in its place.",
            extra=_unit("days"),
        ),
    ] = 7
    mlflow_every_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=86_400,
            description="How often waiting models are mirrored to MLflow; 0 never mirrors them.",
            extra=_unit("seconds"),
        ),
    ] = 30
    free_disk_mb_min: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 30,
            description="Below this much free disk under the data folder `shopwright doctor` fails "
            "(below twice as much it warns).",
            extra=_unit("MiB"),
        ),
    ] = 512
    lag_seconds_max: Annotated[
        int,
        Meta(
            ge=1,
            le=86_400 * 30,
            description="The oldest webhook may wait this long for its features before "
            "`shopwright doctor` warns.",
            extra=_unit("seconds"),
        ),
    ] = 60
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least serious lines that the processes print.", extra=_unit("")),
    ] = "info"

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
