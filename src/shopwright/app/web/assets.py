"""The console's own pages, styles and scripts: files of the package, read once.

They load nothing from anywhere else and run nothing that is written into a page: the policy of
``protection.py`` makes the browser refuse it. None of them holds anything that is not public.
"""

import hashlib
from importlib.resources import files

from shopwright.app.web.request import HttpError, Request
from shopwright.app.web.response import Header, Response

TYPES = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
}
ASK_AGAIN: Header = (b"cache-control", b"no-cache")


class Assets:
    """Every file of ``console_assets`` by name."""

    def __init__(self) -> None:
        folder = files("shopwright.app.web") / "console_assets"
        self._files = {
            entry.name: _file(entry.name, entry.read_bytes())
            for entry in folder.iterdir()
            if entry.name.rpartition(".")[2] in TYPES
        }

    def get(self, name: str, request: Request) -> Response:
        """Return a file, or 304 when the browser has this very one. Raises HttpError 404."""
        found = self._files.get(name)
        if found is None:
            raise HttpError(404, "the console has no such file")
        tag = dict(found.headers)[b"etag"]
        if request.header(b"if-none-match") == tag:
            return Response(304, b"", found.content_type, found.headers)
        return found


def _file(name: str, body: bytes) -> Response:
    tag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
    kind = TYPES[name.rpartition(".")[2]]
    return Response(200, body, kind, (ASK_AGAIN, (b"etag", tag)))
