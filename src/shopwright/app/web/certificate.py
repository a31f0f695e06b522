"""A certificate that was renewed is used without a restart."""

import asyncio
import logging
import ssl
from pathlib import Path

from shopwright.app.settings import Settings

LOOK_SECONDS = 30.0

log = logging.getLogger("shopwright.web")


async def keep_certificate_fresh(
    context: ssl.SSLContext | None, settings: Settings, look_seconds: float = LOOK_SECONDS
) -> None:
    """Load certificate and key again when their files change; new connections use them.

    Does nothing without a context. A pair that cannot be used is told, and the old one stays.
    """
    if context is None:
        return
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    files = (Path(settings.tls_certificate_file), Path(settings.tls_key_file))
    known = _stamps(files)
    while True:
        await asyncio.sleep(look_seconds)
        found = _stamps(files)
        if found == known:
            continue
        known = found
        try:
            # A pair that does not belong together must not spoil the context that serves.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files)
            context.load_cert_chain(*files)
        except OSError as error:
            log.error("the renewed certificate cannot be used: %s", error)
        else:
            log.info("the renewed certificate is in use")


def _stamps(files: tuple[Path, ...]) -> tuple[object, ...]:
    try:
        return tuple((found.st_mtime_ns, found.st_ino) for found in (f.stat() for f in files))
    except OSError:
        return ()
