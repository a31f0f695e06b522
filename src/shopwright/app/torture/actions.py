"""Which blows this program can be dealt: some of them are commands of its own."""

from collections.abc import Container

from shopwright.app.torture.chaos import WEIGHTS

COMMANDS = ("redact", "replay", "backup")


def possible(commands: Container[str]) -> tuple[str, ...]:
    """Return the actions for which there is everything they need."""
    return tuple(action for action in WEIGHTS if action not in COMMANDS or action in commands)
