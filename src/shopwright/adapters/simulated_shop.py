"""The Admin API of simulated shops in this process: what HTTP would answer, without a wire."""

from collections.abc import Iterator, Mapping

from shopwright.core.clock import Clock
from shopwright.core.types.http import HttpAnswer
from shopwright.core.types.identity import StoreId
from shopwright.simulator.admin.api import AdminApi

_NO_SHOP = HttpAnswer(status=404, body=b'{"errors":"Not Found"}')


class SimulatedShop:
    """Shopify, as far as the simulated shops go."""

    def __init__(self, shops: Mapping[StoreId, AdminApi], clock: Clock) -> None:
        self._shops = shops
        self._clock = clock

    def ask(self, store_id: StoreId, version: str, token: str, body: bytes) -> HttpAnswer:
        """Send one GraphQL request."""
        shop = self._shops.get(store_id)
        return _NO_SHOP if shop is None else shop.ask(version, token, body, self._clock.now_us())

    def grant(self, store_id: StoreId, form: Mapping[str, str]) -> HttpAnswer:
        """Ask for an access token."""
        shop = self._shops.get(store_id)
        return _NO_SHOP if shop is None else shop.grant(form, self._clock.now_us())

    def download(self, url: str, first_byte: int) -> Iterator[bytes]:
        """Yield a file from that byte on, in pieces. Raises OSError when it is cut or refused."""
        shop = self._shops.get(StoreId(url.split("/")[2]))
        if shop is None:
            raise OSError("the file's address answers 404")
        yield from shop.state.files.read(url, first_byte, shop.state.faults, self._clock.now_us())
