"""The settings as a page and as the file that ``shopwright init`` writes: made from the list."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from shopwright.app.setting import Setting
from shopwright.app.settings import FILE_NAME, PREFIX

_HEAD = f"""# Settings

One file, `{FILE_NAME}` in the working folder (or `shopwright --config FILE`), and a variable
`{PREFIX}<NAME>` over each of its lines; options of the command line stand over both. Every setting
has a default, so no file is needed. An unknown name, a wrong type or a value out of range is an
error that says what is allowed. A relative path in the file begins at the file; in a variable, at
the working folder. A variable that is empty counts as not set.

"""


def page(settings: Sequence[Setting]) -> str:
    """Return the reference of every setting, in Markdown."""
    return _HEAD + "\n".join(_section(setting) for setting in settings)


def _section(setting: Setting) -> str:
    facts = [f"variable `{variable(setting)}`"]
    if setting.secret:
        facts.append("only as a variable")
    facts.append(f"default {default(setting)}")
    if setting.unit:
        facts.append(f"unit: {setting.unit}")
    facts.append(f"allowed: {setting.allowed}")
    return f"## `{setting.name}`\n\n{setting.meaning}\n\n{'; '.join(facts)}.\n"


def variable(setting: Setting) -> str:
    """Return the environment variable that stands over the file."""
    return PREFIX + setting.name.upper()


def default(setting: Setting) -> str:
    """Return the default for people."""
    return "none" if setting.default in (None, "") else f"`{setting.default}`"


def commented_file(settings: Sequence[Setting]) -> str:
    """Return a settings file in which every line is a comment: it changes nothing as it is."""
    parts = ["# Shopwright settings. Every line shows a default; take the # away to change it.\n"]
    for setting in settings:
        if not setting.secret:
            about = f"{setting.meaning} Allowed: {setting.allowed}."
            lines = textwrap.wrap(about, 96)
            parts.append("\n".join(f"# {line}" for line in lines) + f"\n# {_line(setting)}\n")
    return "\n".join(parts)


def _line(setting: Setting) -> str:
    value = setting.default
    shown = f'"{value}"' if isinstance(value, str | Path) else str(value)
    unit = f"  # {setting.unit}" if setting.unit else ""
    return f"{setting.name} = {shown}{unit}"
