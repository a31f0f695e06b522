"""/metrics, /healthz and /readyz: for Prometheus, and for whoever restarts or routes."""

import asyncio
from collections.abc import Callable

from shopwright.app.metrics import CONTENT_TYPE, Metrics
from shopwright.app.web.api_types import Health
from shopwright.app.web.callers import Caller
from shopwright.app.web.request import Request
from shopwright.app.web.response import NO_STORE, Response, answer
from shopwright.core.types.access import Scope


class Operations:
    """The handlers of the three routes."""

    def __init__(
        self,
        metrics: Metrics,
        troubles: Callable[[], tuple[str, ...]],
        known: Callable[[Request], Caller | None],
    ) -> None:
        self._metrics = metrics
        self._troubles = troubles
        self._known = known

    async def metrics(self, _request: Request) -> Response:
        """Answer the numbers of all processes that share them."""
        text = await asyncio.to_thread(self._metrics.expose)
        return Response(200, text, CONTENT_TYPE.encode(), (NO_STORE,))

    async def healthz(self, _request: Request) -> Response:
        """Answer that the process lives; a restart would mend nothing else."""
        return answer(Health("alive"))

    async def readyz(self, request: Request) -> Response:
        """Answer whether webhooks can be stored; without a model it is still ready for them.

        Everybody may know whether; why not tells of this machine and is for those who run it.
        """
        troubles = self._troubles()
        if troubles:
            caller = self._known(request)
            may_know = caller is not None and Scope.METRICS in caller.scopes
            return answer(Health("not ready", troubles if may_know else ()), 503)
        return answer(Health("ready"))
