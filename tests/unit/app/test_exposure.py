"""Where the web process may listen, and what it says when it may not."""

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from made_access import CHEAP, add_key, add_user
from made_web_light import new_home
from msgspec.structs import replace

from shopwright.app import bootstrap
from shopwright.app.settings import Settings
from shopwright.app.web.certificate import keep_certificate_fresh
from shopwright.app.web.exposure import certificate_names, check_listening
from shopwright.app.web.parts import open_access
from shopwright.app.web.request import HttpError, Request
from shopwright.app.web.whence import Surroundings
from shopwright.core.errors import BadInput
from shopwright.core.types.access import Scope

BEHIND = {"public_url": "https://shop.example", "trusted_proxies": "10.0.0.0/8"}


def pair(folder: Path, *names: str, password: bytes = b"") -> dict[str, str]:
    """Write a certificate for some names, with its key; return the settings."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), True)
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    folder.mkdir(exist_ok=True)
    files = {"tls_certificate_file": folder / "cert.pem", "tls_key_file": folder / "key.pem"}
    files["tls_certificate_file"].write_bytes(
        made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    )
    files["tls_key_file"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    return {name: str(file) for name, file in files.items()}


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return an installation in which nobody can be let in."""
    return new_home(tmp_path / "home")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_nothing(settings: Settings, host: str) -> None:
    check_listening(replace(settings, host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "203.0.113.9", "::ffff:10.0.0.1"])
@pytest.mark.parametrize(
    "way", [{}, {"public_url": "https://shop.example"}, {"trusted_proxies": "10.0.0.0/8"}], ids=str
)
def test_elsewhere_needs_a_private_way(settings: Settings, host: str, way: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="tls_certificate_file and tls_key_file, or public_url and"):
        check_listening(replace(settings, host=host, **way))


def test_elsewhere_needs_somebody_who_can_be_let_in(settings: Settings, tmp_path: Path) -> None:
    outside = replace(settings, host="0.0.0.0", **BEHIND)
    with pytest.raises(BadInput, match="shopwright users add NAME"):
        check_listening(outside)
    access = open_access(settings)
    add_key(access, None, Scope.METRICS, revoked_us=1)
    add_key(access, None, Scope.METRICS, expires_us=1)
    with pytest.raises(BadInput, match="shopwright keys create"):
        check_listening(outside)
    add_key(access, None, Scope.METRICS)
    check_listening(outside)


def test_with_tls_of_its_own_a_user_is_enough(settings: Settings, tmp_path: Path) -> None:
    outside = replace(settings, host="0.0.0.0", **pair(tmp_path / "tls", "shop.example"))
    with pytest.raises(BadInput, match="nobody could be let in"):
        check_listening(outside)
    add_user(replace(open_access(settings), cost=CHEAP), "ann")
    check_listening(outside)


def test_a_certificate_that_cannot_be_used_is_told_on_loopback_too(
    settings: Settings, tmp_path: Path
) -> None:
    good, other = pair(tmp_path / "a", "x"), pair(tmp_path / "b", "x")
    locked = pair(tmp_path / "c", "x", password=b"hush")
    for wrong, says in (
        ({"tls_key_file": ""}, "belong together; set both"),
        ({"tls_certificate_file": ""}, "belong together; set both"),
        ({"tls_key_file": other["tls_key_file"]}, "cannot be used"),
        ({"tls_key_file": str(tmp_path / "none")}, "cannot be used"),
        (locked, "passphrase"),
    ):
        with pytest.raises(BadInput, match=says):
            check_listening(replace(settings, **(good | wrong)))


def test_proxies_that_are_no_addresses_are_told(settings: Settings) -> None:
    for wrong in ("10.0.0.1/8", "300.1.1.1", "10.0.0.0/99", ":::"):
        with pytest.raises(BadInput, match="trusted_proxies"):
            check_listening(replace(settings, trusted_proxies=wrong))


def test_a_certificates_names_are_ours(settings: Settings, tmp_path: Path) -> None:
    files = pair(tmp_path / "tls", "shop.example", "*.pots.example", "203.0.113.9", "2001:db8::7")
    with_names = replace(settings, **files)
    ours = Surroundings(with_names, certificate_names(with_names))
    for host, is_ours in {
        b"shop.example": True, b"SHOP.example:8443": True, b"a.pots.example": True,
        b"203.0.113.9:1": True, b"[2001:db8::7]:8400": True, b"localhost:8400": True,
        b"pots.example": False, b"a.b.pots.example": False, b"xshop.example": False,
        b".pots.example": False, b"shop.example.": False, b"shop.example/": False, b"": False,
    }.items():  # fmt: skip
        scope = {"method": "GET", "headers": [(b"host", host)]}
        request = Request(scope, None, {})  # type: ignore[arg-type]
        if is_ours:
            assert ours.check_host(request) == host
        else:
            with pytest.raises(HttpError, match="not ours"):
                ours.check_host(request)
    two = Request({"method": "GET", "headers": [(b"host", b"shop.example")] * 2}, None, {})  # type: ignore[arg-type]
    with pytest.raises(HttpError):
        ours.check_host(two)


def test_a_certificate_that_names_nobody_is_told(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="subject alternative name"):
        certificate_names(replace(settings, **pair(tmp_path / "tls")))


def test_a_renewed_certificate_is_used_and_a_broken_one_is_not(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = pair(tmp_path / "tls", "old.example")
    loaded: list[Any] = []

    class Context:
        minimum_version = None

        def load_cert_chain(self, *given: Any) -> None:
            loaded.append(given)

    async def scenario() -> None:
        context = Context()
        keeping = asyncio.create_task(
            keep_certificate_fresh(context, replace(settings, **files), look_seconds=0.01)  # type: ignore[arg-type]
        )
        await asyncio.sleep(0.05)
        assert loaded == []
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        Path(files["tls_certificate_file"]).write_text("not yet whole")
        await asyncio.sleep(0.1)
        assert loaded == []
        pair(tmp_path / "tls", "new.example")
        for _ in range(200):
            if loaded:
                break
            await asyncio.sleep(0.01)
        assert len(loaded) == 1
        keeping.cancel()

    asyncio.run(scenario())
    assert "cannot be used" in caplog.text
    assert bootstrap.open_users(settings).all() == ()
