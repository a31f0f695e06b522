"""The command line: one file a command, each imported only when it is used."""

from shopwright.app.cli.program import main

__all__ = ["main"]
