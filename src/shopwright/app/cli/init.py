"""``shopwright init``: the settings file and the master key; nothing that exists is touched."""

import secrets
from pathlib import Path

import click

from shopwright.app.cli.output import emit, json_option
from shopwright.app.cli.session import Session, pass_session


@click.command()
@click.option(
    "--app",
    "with_app",
    is_flag=True,
    help="Write shopify.app.toml too: scopes, redirect address and privacy webhooks of your app.",
)
@json_option
@pass_session
def command(session: Session, with_app: bool, as_json: bool) -> None:
    """Write the settings file and the master key.

    The settings file holds every setting with its meaning, all of them commented out. The master
    key opens the key file of the data folder: keep a copy of it in another place. Files that are
    there already are left as they are.
    """
    from shopwright.app.master_key import KEY_BYTES, write_master_key  # noqa: PLC0415
    from shopwright.app.settings import FILE_NAME, every_setting  # noqa: PLC0415
    from shopwright.app.settings_page import commented_file  # noqa: PLC0415

    config = session.config or Path(FILE_NAME)
    wrote_config = _write_new(config, commented_file(every_setting()))
    settings = session.settings
    key_file = settings.master_key_file
    wrote_key = settings.master_key is None and write_master_key(
        settings, secrets.token_bytes(KEY_BYTES)
    )
    files = [(str(config), wrote_config)]
    if settings.master_key is None:
        files.append((str(key_file), wrote_key))
    if with_app:
        from shopwright.app.cli.app_file import FILE_NAME as APP_FILE  # noqa: PLC0415
        from shopwright.app.cli.app_file import app_file  # noqa: PLC0415

        files.append((APP_FILE, _write_new(Path(APP_FILE), app_file(settings.public_url))))
    emit(
        as_json,
        [{"file": name, "written": written} for name, written in files],
        lambda: "\n".join(
            [
                f"{name}: {'written' if written else 'was there, left as it is'}"
                for name, written in files
            ]
            + ["Next: shopwright connect my-store.myshopify.com (docs/connecting.md)"]
        ),
    )


def _write_new(path: Path, text: str) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
