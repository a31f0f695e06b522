"""The settings of the web process: where it listens, and whom it lets in."""

from typing import Annotated, Literal

from msgspec import Meta

from shopwright.app.setting import shown
from shopwright.app.settings_places import Places

ADDRESS = r"^(localhost|\d{1,3}(\.\d{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$"


class Web(Places, frozen=True, kw_only=True):
    """The doors of the installation."""

    host: Annotated[
        str,
        Meta(
            description="The address that the web process listens on. One that other machines "
            "reach needs TLS (`tls_certificate_file`) or a proxy in front (`public_url` and "
            "`trusted_proxies`), and at least one user or API key; docs/access.md says how.",
            pattern=ADDRESS,
            extra=shown("", allowed="an IP address or localhost"),
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=1, le=65_535, description="The TCP port of the web process.", extra=shown(""))
    ] = 8400
    web_workers: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Web processes that share the port; each writes its own part of the log.",
            extra=shown("processes"),
        ),
    ] = 1
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https://[^\s/]+(/\S*)?)?$",
            description="The address under which Shopify reaches this installation; empty while "
            "there is none.",
            extra=shown("URL", allowed="an address that begins with https://, or nothing"),
        ),
    ] = ""
    trusted_proxies: Annotated[
        str,
        Meta(
            pattern=r"^([0-9A-Fa-f:./]+([ ,]+[0-9A-Fa-f:./]+)*)?$",
            description="Proxies in front of the web process. Only they are believed when they say "
            "whom they speak for (`X-Forwarded-For`, `X-Forwarded-Proto`); naming a loopback "
            "address closes the open door of this machine, because a proxy stands there.",
            extra=shown("", allowed="IP addresses and networks with commas between, or nothing"),
        ),
    ] = ""
    tls_certificate_file: Annotated[
        str,
        Meta(
            pattern=r"^(/.*\S)?$",
            description="The certificate chain in PEM with which the web process speaks https "
            "itself; a renewed file is used within a minute.",
            extra=shown("file", allowed="an absolute path, or nothing"),
        ),
    ] = ""
    tls_key_file: Annotated[
        str,
        Meta(
            pattern=r"^(/.*\S)?$",
            description="The private key of the certificate, in PEM and without a passphrase.",
            extra=shown("file", allowed="an absolute path, or nothing"),
        ),
    ] = ""
    require_login: Annotated[
        Literal["outside", "always"],
        Meta(
            description="Who has to sign in or show an API key: requests from outside this "
            "machine, or all of them. `/webhooks` is signed by Shopify and is open either way.",
            extra=shown(""),
        ),
    ] = "outside"
    session_idle_hours: Annotated[
        int,
        Meta(
            ge=1,
            le=24 * 30,
            description="A session that was not used for so long has ended.",
            extra=shown("hours"),
        ),
    ] = 12
    session_days_max: Annotated[
        int,
        Meta(
            ge=1,
            le=90,
            description="A session ends after so long, however busy it is.",
            extra=shown("days"),
        ),
    ] = 7
    key_requests_per_second: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="What one API key may ask of each web process in the long run; more is "
            "answered 429.",
            extra=shown("requests per second"),
        ),
    ] = 200
    key_requests_at_once: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="What an API key that rested may ask of each web process at once.",
            extra=shown("requests"),
        ),
    ] = 400
    demo_url: Annotated[
        str,
        Meta(
            pattern=r"^(http://127\.0\.0\.1:\d{1,5})?$",
            description="Where the simulated shops of `shopwright demo` wait for clicks in the "
            "console; the demo sets it.",
            extra=shown("URL", allowed="http://127.0.0.1:PORT, or nothing"),
        ),
    ] = ""
    body_bytes_max: Annotated[
        int,
        Meta(
            ge=1 << 10,
            le=64 << 20,
            description="The longest request body that is read; a longer one is answered 413.",
            extra=shown("bytes"),
        ),
    ] = 8 << 20
