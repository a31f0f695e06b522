"""Whether the web process may listen where the settings say, and with which certificate."""

import ssl
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from shopwright.app.settings import Settings
from shopwright.app.web.whence import is_loopback, read_networks
from shopwright.core.clock import SystemClock
from shopwright.core.errors import BadInput
from shopwright.core.ports import ApiKeys, Users


def check_listening(settings: Settings) -> None:
    """Raise BadInput when this installation would be open, or would not be private, to outsiders.

    Loopback is always allowed. Another address needs TLS here or a proxy that is named and does
    it, and somebody who can be let in.
    """
    read_networks(settings.trusted_proxies)
    has_tls = _check_tls(settings)
    if _is_loopback(settings.host):
        return
    if not has_tls and not (settings.public_url and settings.trusted_proxies):
        raise BadInput(
            f"host {settings.host!r} can be reached from other machines, and nothing would keep "
            "what is said private: set tls_certificate_file and tls_key_file, or public_url and "
            "trusted_proxies for a proxy that speaks https, or use 127.0.0.1 (docs/access.md)"
        )
    _check_somebody(settings)


def _check_somebody(settings: Settings) -> None:
    from shopwright.app.bootstrap import open_api_keys, open_users  # noqa: PLC0415

    users, keys = open_users(settings), open_api_keys(settings)
    try:
        if not is_anybody_there(users, keys, SystemClock().now_us()):
            raise BadInput(
                f"host {settings.host!r} can be reached from other machines, and nobody could be "
                "let in: add somebody with `shopwright users add NAME --role admin`, or a key with "
                "`shopwright keys create`"
            )
    finally:
        users.close()
        keys.close()


def is_anybody_there(users: Users, keys: ApiKeys, now_us: int) -> bool:
    """Whether anybody could sign in or show a key now."""
    return bool(users.all()) or any(key.is_good(now_us) for key in keys.all())


def _check_tls(settings: Settings) -> bool:
    """Whether the process speaks https itself. Raises BadInput for files that cannot be used."""
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
    if not certificate and not key:
        return False
    if not certificate or not key:
        raise BadInput("tls_certificate_file and tls_key_file belong together; set both or neither")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, _no_passphrase)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"the certificate {certificate} with the key {key} cannot be used: {error}; both are "
            "PEM files, readable for this account, and belong together"
        ) from error
    return True


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase, and nobody is there to type it")


def certificate_names(settings: Settings) -> Sequence[str]:
    """Return the names and addresses that the certificate is for; none without a certificate."""
    if not settings.tls_certificate_file:
        return ()
    from cryptography import x509  # noqa: PLC0415 - only who speaks https himself pays for it

    pem = Path(settings.tls_certificate_file).read_bytes()
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise BadInput(
            f"{settings.tls_certificate_file}: the certificate names nobody that a browser would "
            f"accept ({error}); it needs a subject alternative name"
        ) from error
    addresses = (str(address) for address in names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def check_loopback_url(url: str, what: str) -> str:
    """Return an http address of this machine without its last slash; raise BadInput otherwise."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise BadInput(f"{what} {url!r} is not an http:// address")
    if not _is_loopback(parts.hostname):
        raise BadInput(f"{what} {url!r} can be reached from other machines; use 127.0.0.1")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return is_loopback(str(ip_address(host)))
    except ValueError:
        return False
