"""Signing in, in a real browser, before a real web process that speaks https itself."""

import ipaddress
import json
import os
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from live_console import free_port
from made_web_light import SHOP, new_home
from playwright.sync_api import Browser, Page, expect, sync_playwright

from shopwright.app.child import PROGRAM
from shopwright.app.settings import Settings, child_environment

NAME = "localhost"
PASSWORD = "seven brass lanterns"
SESSION = "__Host-shopwright-session"
SHOTS = os.environ.get("SHOPWRIGHT_TEST_SHOTS")
"""A folder for screenshots; none are taken without it."""


@dataclass(frozen=True)
class Live:
    """A running web process."""

    settings: Settings
    address: str


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for this machine and its key; both are thrown away with the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, secret


def told(settings: Settings, *arguments: str, given: str = "") -> str:
    """Run a command of Shopwright; return what it printed."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=child_environment(settings),
        input=given,
        text=True,
        capture_output=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Return a web process that asks everybody to sign in, and two people who can."""
    folder = tmp_path_factory.mktemp("login")
    certificate, key = write_certificate(folder)
    settings = new_home(
        folder / "home",
        port=free_port(),
        host="0.0.0.0",
        require_login="always",
        tls_certificate_file=str(certificate),
        tls_key_file=str(key),
        log_level="warning",
    )
    command = [*PROGRAM, "up", "--role", "web"]
    refused = subprocess.run(
        command,
        env=child_environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Nobody could be let in, so it does not open its door.
    assert refused.returncode == 2
    assert "shopwright users add" in refused.stderr
    told(settings, "users", "add", "ann", "--role", "admin", given=f"{PASSWORD}\n")
    told(settings, "users", "add", "vic", "--role", "viewer", given=f"{PASSWORD}\n")
    process = subprocess.Popen(command, env=child_environment(settings), stdout=sys.stderr)
    try:
        _wait(settings)
        yield Live(settings, f"https://{NAME}:{settings.port}")
    finally:
        process.terminate()
        try:
            process.wait(15)
        finally:
            process.kill()


def _wait(settings: Settings) -> None:
    for _ in range(300):
        connection = _connection(settings)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise AssertionError("the web process never answered")


def _connection(settings: Settings) -> HTTPSConnection:
    context = ssl.create_default_context(cafile=settings.tls_certificate_file)
    return HTTPSConnection(NAME, settings.port, timeout=10, context=context)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Return one browser for all tests of the module."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(browser: Browser, live: Live, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return a page in which no policy may be broken and no script may fail."""
    context = browser.new_context(
        base_url=live.address, ignore_https_errors=True, java_script_enabled=request.param
    )
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None,
    )
    yield opened
    context.close()
    assert faults == []


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the form and send it."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def test_a_stranger_is_asked_and_comes_back_to_where_the_way_led(page: Page, live: Live) -> None:
    page.goto(f"/console/stores/{SHOP}")
    expect(page).to_have_url(f"{live.address}/console/login?next=%2Fconsole%2Fstores%2F{SHOP}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    _shot(page, "login")
    sign_in(page, "ann", "not the password")
    expect(page.get_by_role("alert")).to_have_text("Name and password do not fit together.")
    assert [cookie["name"] for cookie in page.context.cookies()] == ["__Host-shopwright-form"]
    _shot(page, "login-refused")
    sign_in(page, "Ann", PASSWORD)
    expect(page).to_have_url(f"{live.address}/console/stores/{SHOP}")
    (cookie,) = page.context.cookies()
    assert cookie["name"] == SESSION
    assert cookie["secure"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert (cookie["path"], cookie["domain"]) == ("/", NAME)
    assert 0 < cookie["expires"] - time.time() <= 7 * 86_400 + 5


def test_signing_out_closes_the_console_on_every_tab(page: Page, live: Live) -> None:
    page.goto("/console/login")
    sign_in(page, "vic", PASSWORD)
    expect(page).to_have_url(f"{live.address}/console/")
    other = page.context.new_page()
    other.goto("/console/logout")
    expect(other.get_by_text("signed in as vic")).to_be_visible()
    _shot(other, "logout")
    (kept,) = page.context.cookies()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(f"{live.address}/console/login")
    assert SESSION not in [cookie["name"] for cookie in page.context.cookies()]
    # The session itself has ended, not only the browser's memory of it.
    page.context.add_cookies([kept])  # type: ignore[list-item]
    page.goto("/console/")
    expect(page).to_have_url(f"{live.address}/console/login?next=%2Fconsole%2F")


def test_the_console_shows_who_is_signed_in_and_its_scripts_obey_the_policy(
    browser: Browser, live: Live
) -> None:
    context = browser.new_context(base_url=live.address, ignore_https_errors=True)
    page = context.new_page()
    lines: list[str] = []
    page.on("console", lambda line: lines.append(line.text))
    page.on("pageerror", lambda error: lines.append(str(error)))
    page.goto("/console/login")
    sign_in(page, "ann", PASSWORD)
    expect(page.get_by_role("link", name="ann · Sign out")).to_be_visible()
    expect(page.get_by_role("link", name=SHOP)).to_be_visible()
    _shot(page, "console-signed-in")
    page.get_by_role("link", name=SHOP).click()
    expect(page.locator("#rows")).to_contain_text("No customer is known yet")
    page.goto(f"/console/stores/{SHOP}/customers/{'a' * 32}")
    expect(page.locator("#live")).to_have_text("live")
    assert lines == []
    # A session that ends while somebody looks leads back to the sign-in page.
    told(live.settings, "users", "password", "ann", given=f"{PASSWORD}\n")
    page.goto("/console/")
    expect(page).to_have_url(f"{live.address}/console/login?next=%2Fconsole%2F")
    context.close()


def test_a_key_made_at_the_command_line_opens_the_api_over_https(live: Live) -> None:
    made = told(live.settings, "keys", "create", "--store", SHOP, "--scope", "features", "--json")
    key = json.loads(made)["key"]
    path = f"/v1/stores/{SHOP}/features/1"
    assert _asked(live, path, key) == 200
    assert _asked(live, path, None) == 401
    assert _asked(live, "/metrics", key) == 403
    assert _asked(live, f"/v1/stores/other.{SHOP}/features/1", key) == 403
    told(live.settings, "keys", "revoke", json.loads(made)["id"])
    deadline = time.monotonic() + 5
    while _asked(live, path, key) == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _asked(live, path, key) == 401
    lines = json.loads(told(live.settings, "audit", "--json"))
    did = {line["did"] for line in lines}
    assert {"user added", "key created", "key revoked"} <= did
    assert key[20:] not in json.dumps(lines)


def _asked(live: Live, path: str, key: str | None) -> int:
    connection = _connection(live.settings)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_nobody_speaks_an_old_tls_to_it(live: Live) -> None:
    context = ssl.create_default_context(cafile=live.settings.tls_certificate_file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # What is old is what is tried.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    connection = HTTPSConnection(NAME, live.settings.port, timeout=10, context=context)
    with pytest.raises(OSError):
        connection.request("GET", "/healthz")
    connection.close()
