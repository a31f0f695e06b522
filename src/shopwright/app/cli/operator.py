"""Who sits at the command line, for decisions that are recorded with a name."""

import os
import pwd


def operator_name() -> str:
    """Return the name of the account that runs this process, or its number where it has none."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
