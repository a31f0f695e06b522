"""How commands print: a table or a few lines for people, one JSON document for machines."""

from collections.abc import Callable, Mapping, Sequence

import click
import msgspec

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def emit(as_json: bool, value: object, text: Callable[[], str]) -> None:
    """Print a value as JSON, or what ``text`` makes of it."""
    if as_json:
        encoded = msgspec.json.encode(value, enc_hook=str)
        click.echo(msgspec.json.format(encoded, indent=2).decode())
    else:
        click.echo(text())


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay out rows in columns; numbers to the right, everything else to the left."""
    cells = [list(headers), *([show(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headers))]
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float | None) for row in rows)
        for i in range(len(headers))
    ]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    )


def show(cell: object) -> str:
    """Write one value for people: a dash for what is not known, floats with six digits."""
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def figures_table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Lay out the scores of a model and its baselines, one row each, the model first."""
    scores = list(dict.fromkeys(score for of_one in figures.values() for score in of_one))
    names = sorted(figures, key=lambda name: (name != "model", name))
    return table(["", *scores], [[name, *map(figures[name].get, scores)] for name in names])
