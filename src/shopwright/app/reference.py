"""The reference pages, made from the program itself: commands, settings, metrics, features.

``python -m shopwright.app.reference docs`` writes them, and the feature models of the dbt package;
tests compare them with what is there.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from shopwright.app import metrics, settings_page
from shopwright.app.cli.lazy import LazyGroup
from shopwright.app.cli.program import program
from shopwright.app.dbt_package import package_folder
from shopwright.app.settings import every_setting
from shopwright.features.catalogue import page
from shopwright.features.definitions import VIEWS
from shopwright.features.item_catalogue import item_page
from shopwright.features.items import ITEM_VIEWS
from shopwright.features.model_files import model_files

CLI_HEAD = """\
# Command line

Exit codes: 0 done, 1 failed or refused, 2 wrong use, 130 stopped by Ctrl-C. Results go to standard
output, progress and errors to standard error; an error is one line that says what to do next.
`--json` prints JSON for machines. `--as-of` and the like take `2026-11-23`, midnight in the store's
zone, or `2026-11-23T18:30:00Z`.

"""

METRICS_HEAD = """\
# Metrics

`GET /metrics` shows these for all processes of an installation together. No label carries anything
that an outsider can choose, and none names a customer.

"""


def pages() -> dict[str, str]:
    """Return every reference page by its name in ``docs``."""
    return {
        "cli.md": CLI_HEAD + "\n".join(_sections(program, "shopwright", None)),
        "settings.md": settings_page.page(every_setting()),
        "metrics.md": METRICS_HEAD + metrics.reference(),
        "features.md": f"{page(VIEWS)}\n{item_page(ITEM_VIEWS)}",
    }


def write(folder: Path) -> None:
    """Write the pages into a folder, and the feature models into the dbt package."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, text in model_files().items():
        (package_folder() / name).write_text(text, encoding="utf-8")


def _sections(command: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, info_name=path.rsplit(" ", 1)[-1], parent=parent)
    yield _section(command, path, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not _is_hidden(command, name):
                yield from _sections(child, f"{path} {name}", context)


def _is_hidden(group: click.Group, name: str) -> bool:
    return isinstance(group, LazyGroup) and group.entries[name].hidden


def _section(command: click.Command, path: str, context: click.Context) -> str:
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    parts = [f"## `{path}`", "", f"    {usage}", "", _prose(command.help or ""), ""]
    options = [
        record
        for option in command.get_params(context)
        if "--help" not in option.opts and (record := option.get_help_record(context)) and record[1]
    ]
    if options:
        parts += ["| option | meaning |", "|---|---|"]
        parts += [f"| `{_cell(names)}` | {_cell(meaning)} |" for names, meaning in options]
        parts.append("")
    return "\n".join(parts)


def _prose(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
