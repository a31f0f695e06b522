"""The three processes of the system, each runnable alone: web, worker, scheduler."""

from collections.abc import Sequence

from shopwright.app.log_lines import set_up
from shopwright.app.settings import Settings, child_environment
from shopwright.app.stopping import Stop, end_with_parent
from shopwright.core.clock import SystemClock


def run_role(
    role: str,
    settings: Settings,
    *,
    number: int = 0,
    lifeline: int | None = None,
    listener: int | None = None,
) -> int:
    """Run a role in this process until it is asked to stop; return the exit code.

    ``number`` tells web processes apart. ``lifeline``, and for a web process ``listener``, are the
    file descriptors that a supervisor hands to its children.
    """
    set_up("up" if role == "all" else role, settings.log_level)
    if lifeline is not None:
        end_with_parent(lifeline)
    if role == "all":
        from shopwright.app.supervisor import supervise  # noqa: PLC0415

        return supervise(settings)
    if role == "web":
        from shopwright.app.web.server import serve  # noqa: PLC0415

        serve(settings, number, listener=listener)
    elif role == "worker":
        _work(settings)
    else:
        _schedule(settings)
    return 0


def _work(settings: Settings) -> None:
    from shopwright.app.chores import chores_of  # noqa: PLC0415
    from shopwright.app.metrics import Metrics  # noqa: PLC0415
    from shopwright.app.owner import own  # noqa: PLC0415
    from shopwright.app.worker import Worker  # noqa: PLC0415

    metrics = Metrics()
    with Stop() as stop, own(settings) as owner, chores_of(owner, metrics) as chores:
        worker = Worker(
            owner.materializer,
            owner.archiver,
            chores,
            clock=SystemClock(),
            metrics=metrics,
            batch_records_max=settings.batch_records_max,
            archive_every_seconds=settings.archive_every_seconds,
        )
        worker.run(stop)


def _schedule(settings: Settings) -> None:
    from shopwright.app.bootstrap import (  # noqa: PLC0415
        open_connections,
        open_decisions,
        open_outbox,
        open_slices,
        open_stores,
    )
    from shopwright.app.child import PROGRAM  # noqa: PLC0415
    from shopwright.app.job import Job  # noqa: PLC0415
    from shopwright.app.lock import hold  # noqa: PLC0415
    from shopwright.app.metrics import Metrics  # noqa: PLC0415
    from shopwright.app.scheduler import Scheduler  # noqa: PLC0415

    environment = child_environment(settings)

    def start(arguments: Sequence[str], seconds_max: float) -> Job:
        return Job(
            [*PROGRAM, *arguments], environment, nice=settings.train_nice, seconds_max=seconds_max
        )

    with Stop() as stop, hold(settings.run_folder / "scheduler.lock", "the schedule"):
        scheduler = Scheduler(
            settings=settings,
            connections=open_connections(settings),
            slices=open_slices(settings),
            stores=open_stores(settings),
            decisions=open_decisions(settings),
            outbox=open_outbox(settings),
            start=start,
            clock=SystemClock(),
            metrics=Metrics(),
        )
        scheduler.run(stop)
