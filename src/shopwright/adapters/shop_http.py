"""Shopify's Admin API over HTTPS.

One pool of connections for every store. Certificates are checked, redirects are not followed (a
token must go nowhere else), nothing is tried again here, and no address with a secret in it is ever
repeated in an error.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from shopwright.admin.grants import FORM_HEADERS
from shopwright.core.errors import BadInput
from shopwright.core.types.http import HttpAnswer
from shopwright.core.types.identity import StoreId

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
ANSWER_BYTES_MAX = 64 << 20
PIECE_BYTES = 1 << 16
_USER_AGENT = "Shopwright"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class HttpShop:
    """The Admin API, at its own address or at that of a simulated one on this machine."""

    def __init__(self, address: str = "") -> None:
        """``address`` is ``http://127.0.0.1:PORT`` of simulated shops; empty for Shopify itself.

        Raises BadInput for any other address.
        """
        parts = urlsplit(address)
        if address and (parts.scheme != "http" or parts.hostname not in _LOOPBACK):
            raise BadInput(
                f"{address}: tokens are sent to Shopify over https, or to a simulated shop on this "
                "machine (http://127.0.0.1:PORT), and to nothing else"
            )
        self._address = address.rstrip("/")
        self._allows_plain = bool(address)
        self._pool = urllib3.PoolManager(
            num_pools=64,
            maxsize=4,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            headers={"user-agent": _USER_AGENT},
        )

    def ask(self, store_id: StoreId, version: str, token: str, body: bytes) -> HttpAnswer:
        """Send one GraphQL request."""
        return self._post(
            f"{self._base(store_id)}/admin/api/{version}/graphql.json",
            body,
            {
                "content-type": "application/json",
                "accept": "application/json",
                "x-shopify-access-token": token,
            },
        )

    def grant(self, store_id: StoreId, form: Mapping[str, str]) -> HttpAnswer:
        """Ask for an access token."""
        url = f"{self._base(store_id)}/admin/oauth/access_token"
        return self._post(url, urlencode(form).encode(), FORM_HEADERS)

    def download(self, url: str, first_byte: int) -> Iterator[bytes]:
        """Yield a file from that byte on, in pieces. Raises OSError when it is cut or refused."""
        parts = urlsplit(url)
        plain = self._allows_plain and parts.hostname in _LOOPBACK
        if parts.scheme != "https" and not plain:
            raise OSError("a file is fetched over https only")
        headers = {"range": f"bytes={first_byte}-"} if first_byte else {}
        try:
            answer = self._pool.request("GET", url, headers=headers, preload_content=False)
            try:
                if answer.status == 416:
                    return
                if answer.status != (206 if first_byte else 200):
                    raise OSError(f"the file's address answers {answer.status}")
                yield from answer.stream(PIECE_BYTES)
            finally:
                answer.release_conn()
        except HTTPError as error:
            # Its text would repeat the address, whose query is a key to the file.
            raise OSError(f"the download was cut ({type(error).__name__})") from None

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    def _base(self, store_id: StoreId) -> str:
        return f"{self._address}/{store_id}" if self._address else f"https://{store_id}"

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        try:
            answer = self._pool.request(
                "POST", url, body=body, headers=dict(headers), redirect=False, preload_content=False
            )
            try:
                text = answer.read(ANSWER_BYTES_MAX + 1)
            finally:
                answer.release_conn()
        except HTTPError as error:
            return HttpAnswer(status=0, why=type(error).__name__)
        if len(text) > ANSWER_BYTES_MAX:
            return HttpAnswer(status=0, why="the answer is too long to be true")
        return HttpAnswer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=text,
        )
