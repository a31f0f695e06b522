"""``shopwright torture``: break a real installation for some minutes, and count the damage."""

from typing import TYPE_CHECKING

import click

from shopwright.app.cli.output import emit, json_option

if TYPE_CHECKING:
    from shopwright.app.torture.report import Report


@click.command()
@click.option(
    "--minutes", type=click.FloatRange(0.1, 24 * 60), default=5.0, show_default=True,
    help="How long webhooks come.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Gives the same shops, traffic and blows.")
@click.option(
    "--rate", type=click.FloatRange(1, 10_000), default=200.0, show_default=True,
    help="Requests a second.",
)  # fmt: skip
@click.option(
    "--every", "every_seconds", type=click.FloatRange(0.2, 3_600), default=4.0, show_default=True,
    help="Mean seconds between two blows.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Web processes.")
@click.option("--keep", is_flag=True, help="Keep the data folder and all output.")
@json_option
def command(
    minutes: float,
    seed: int | None,
    rate: float,
    every_seconds: float,
    workers: int,
    keep: bool,
    as_json: bool,
) -> int:
    """Torture an installation of its own and count what was lost.

    Three simulated stores send signed webhooks to a real `shopwright up` in a temporary folder:
    repeated up to nine times, late, in the wrong order, poisoned, and again where no 200 came.
    Meanwhile processes are killed and restarted and customers are erased. Then every
    acknowledged delivery is looked for, every count and feature compared with a reference, and
    every byte searched for personal data. Exit code 1 when anything was lost, doubled or leaked.
    """
    import os  # noqa: PLC0415

    from shopwright.app.cli.program import ENTRIES  # noqa: PLC0415
    from shopwright.app.torture.actions import possible  # noqa: PLC0415
    from shopwright.app.torture.display import shown  # noqa: PLC0415
    from shopwright.app.torture.life import Order  # noqa: PLC0415
    from shopwright.app.torture.run import folder, torture  # noqa: PLC0415
    from shopwright.core.clock import SystemClock  # noqa: PLC0415

    order = Order(
        seconds=minutes * 60,
        seed=int.from_bytes(os.urandom(4)) if seed is None else seed,
        rate=rate,
        every_seconds=every_seconds,
        web_workers=workers,
        actions=possible(ENTRIES),
    )
    with folder(keep) as place:
        with shown(order.seed) as tell:
            report = torture(order, place, SystemClock(), tell)
        emit(as_json, _plain(report), lambda: _text(report))
        if keep:
            click.echo(f"kept in {place}", err=True)
    return 0 if report.passed else 1


def _plain(report: "Report") -> dict[str, object]:
    from shopwright.app.torture.report import verdict  # noqa: PLC0415

    return {"passed": report.passed, "must_be_zero": dict(verdict(report)), "report": report}


def _text(report: "Report") -> str:
    from shopwright.app.cli.output import table  # noqa: PLC0415
    from shopwright.app.torture.report import details, rows, verdict  # noqa: PLC0415

    word = "PASSED" if report.passed else "FAILED"
    again = (
        f"shopwright torture --seed {report.seed} --minutes {report.minutes:g} "
        f"--rate {report.rate:g} --every {report.every_seconds:g}"
    )
    return "\n".join(
        [
            table(("", ""), rows(report)),
            "",
            table(("must be zero", ""), verdict(report)),
            *details(report),
            f"\n{word}   (again: {again})",
        ]
    )
