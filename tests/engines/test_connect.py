"""A new user connects stores of a simulated Shopify over real HTTP, by the commands alone."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from byte_search import of_text, search

from shopwright.admin.subscriptions import TOPICS

STORE = "harbour-gifts.myshopify.com"
OTHER = "kinari-tea.myshopify.com"
ID = "simulated-app"
SECONDS_MAX = 90
PROGRAM = [sys.executable, "-m", "shopwright"]


class Installation:
    """A folder with an installation beside a simulated Shopify."""

    def __init__(self, folder: Path, port: int, shopify_port: int) -> None:
        self.folder = folder
        self.port, self.shopify_port = port, shopify_port
        self.simulated = folder / "simulated"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SHOPWRIGHT_PORT": str(port),
            "SHOPWRIGHT_ADMIN_URL": f"http://127.0.0.1:{shopify_port}",
            "SHOPWRIGHT_TRAIN_EVERY_HOURS": "0",
            "SHOPWRIGHT_ARCHIVE_EVERY_SECONDS": "1",
            "SHOPWRIGHT_MLFLOW_EVERY_SECONDS": "0",
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def run(self, *words: str, code: int | None = 0, given: str = "") -> str:
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert code in (None, done.returncode), (words, done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stdout + done.stderr

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{words[0]}.log").open("wb")
        process = subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=log,
            stderr=log,
            process_group=0,
        )
        log.close()
        self.processes.append(process)
        return process

    def stop(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)

    def connect(self, store: str, *more: str, code: int = 0) -> str:
        secret = str(self.simulated / "client-secret")
        given = ("--client-id", ID, "--client-secret-file", secret)
        return self.run("connect", store, *(more or given), code=code)


def wait_for(what: str, is_so: Any) -> Any:
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        found = is_so()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen in {SECONDS_MAX} s")


def answers(port: int, path: str) -> bool:
    return 0 < _get(port, path)[0] < 500


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    import socket

    def free() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    one = Installation(tmp_path_factory.mktemp("connect"), free(), free())
    try:
        one.start(
            "simulate-shopify", "--fast", "--port", str(one.shopify_port), "--rate", "3",
            "--folder", str(one.simulated),
            "--webhooks-at", f"http://127.0.0.1:{one.port}/webhooks",
        )  # fmt: skip
        one.run("init")
        one.start("up")
        wait_for("the simulated Shopify", (one.simulated / f"{OTHER}.token").exists)
        wait_for("the gateway", lambda: answers(one.port, "/healthz"))
        yield one
    finally:
        one.stop()


@pytest.mark.timeout(300)
def test_from_nothing_to_a_proof_and_live_webhooks(installed: Installation) -> None:
    said = installed.connect(STORE)
    (found,) = re.findall(r"([\d,]+) of ([\d,]+) orders match Shopify", said)
    assert found[0] == found[1]
    assert int(found[0].replace(",", "")) > 1_000
    assert re.search(r"Ask Shopify for a token \(\d+\.\d s\)", said)

    def webhooks() -> int:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{installed.port}/metrics", timeout=5
        ) as page:
            text = page.read().decode()
        counts = re.findall(r'webhooks_total\{result="stored",topic="orders/create"\} (\d+)', text)
        return sum(map(int, counts))

    assert wait_for("live webhooks", lambda: webhooks() >= 5)
    (healed,) = json.loads(installed.run("reconcile", STORE, "--compare", "--json"))
    assert healed["trouble"] == ""
    assert healed["gone"] == 0
    findings = installed.run("doctor", STORE)
    assert f"{len(TOPICS)} webhook subscriptions are right" in findings
    assert "history is whole" in findings
    # Whether so small a shop's model beats its baselines is not the question here.
    report = installed.run("train", "--store", STORE, "--task", "propensity", code=None)
    assert re.search(r"propensity: [\d,]+ rows, [\d,]+ positives", report)


def test_a_static_token_works_too_and_disconnecting_lets_go(installed: Installation) -> None:
    token = installed.simulated / f"{OTHER}.token"
    said = installed.connect(OTHER, "--token-file", str(token))
    assert "signatures need the app's client secret" in said
    gone = json.loads(installed.run("disconnect", OTHER, "--json"))
    assert gone["subscriptions_removed"] == len(TOPICS)
    assert "not connected" in installed.run("reconcile", OTHER, code=1)


def test_each_wrong_credential_is_told_apart(installed: Installation) -> None:
    wrong = installed.folder / "wrong"
    wrong.write_text("not-the-secret")
    secret = str(installed.simulated / "client-secret")
    store = OTHER
    said = installed.connect(store, "--client-id", ID, "--client-secret-file", str(wrong), code=1)
    assert "client id and secret" in said
    said = installed.connect(store, "--token-file", str(wrong), code=1)
    assert "static access token" in said
    said = installed.connect(
        "no-such-shop", "--client-id", ID, "--client-secret-file", secret, code=1
    )
    assert "no such shop" in said
    said = installed.connect("evil.example.com", "--client-id", ID, code=2)
    assert "is not a store" in said
    assert "not connected yet" in installed.run("connect", "never-met", code=2)
    for text in (wrong.read_text(), Path(secret).read_text()):
        assert text not in said


@pytest.mark.timeout(200)
def test_a_merchant_approves_in_the_browser(installed: Installation) -> None:
    store = "ridgeline-outdoor.myshopify.com"
    secret = str(installed.simulated / "client-secret")
    waiting = installed.start(
        "connect", store, "--client-id", ID, "--client-secret-file", secret, "--oauth"
    )
    start = f"/oauth/start?shop={store}"
    wait_for("the link", lambda: _get(installed.port, start)[0] == 302)
    status, headers, _ = _get(installed.port, start)
    consent = headers["location"]
    jar = headers["set-cookie"].partition(";")[0]
    assert status == 302
    assert "read_all_orders" in consent
    _, _, page = _get(installed.shopify_port, _path(consent))
    assert "read_all_orders" in page
    _, back, _ = _get(installed.shopify_port, _path(consent), method="POST")
    callback = _path(back["location"])
    assert _get(installed.port, callback)[0] == 400, "another browser is believed"
    status, _, page = _get(installed.port, callback.replace("code=", "code=0"), cookie=jar)
    assert (status, "The signature fits no client secret" in page) == (400, True)
    status, _, page = _get(installed.port, callback.replace("code=", "kode="), cookie=jar)
    assert (status, "It needs" in page) == (400, True)
    assert _get(installed.port, callback.replace(store, STORE), cookie=jar)[0] == 400
    status, _, page = _get(installed.port, callback, cookie=jar)
    assert (status, "is connected" in page) == (200, True)
    assert waiting.wait(SECONDS_MAX) == 0
    said = (installed.folder / "connect.log").read_text()
    assert "with a refresh token" in said
    assert "orders match Shopify" in said
    for bad in ("evil.example.com", f"{store}.evil.example", "x", f"{store}/a"):
        assert _get(installed.port, f"/oauth/start?shop={bad}")[0] == 400
    assert _get(installed.port, "/oauth/start?shop=unknown.myshopify.com")[0] == 404
    _erase(installed, store)


@pytest.mark.timeout(300)
def test_what_shopify_asks_about_people_is_done_and_proven(installed: Installation) -> None:
    installed.connect(STORE)
    _, asked_of, *_, forgotten = _simulate(installed, "customers")
    assert _simulate(installed, "data-request", customer=asked_of) == 1
    assert _simulate(installed, "redact", customer=forgotten) == 1
    (waiting,) = wait_for(
        "the data request",
        lambda: [
            one
            for one in json.loads(installed.run("privacy", "requests", "--json"))
            if one["kind"] == "report"
        ],
    )
    out = installed.folder / "report.json"
    installed.run("privacy", "report", "--request", waiting["request_id"], "--out", str(out))
    assert str(asked_of) in out.read_text()

    def erasure() -> bool:
        told = json.loads(installed.run("privacy", "requests", "--json"))
        return any("late writers" in one["state"] for one in told)

    # The receipt is written once whatever was on its way has been looked through again.
    assert wait_for("the erasure", erasure)
    # History that is read again does not bring anybody back, and nobody is missed.
    assert "orders match Shopify" in installed.run("backfill", STORE)
    again = installed.run("privacy", "report", str(forgotten), "--store", STORE, code=None)
    assert "erased" in again or "nothing" in again


def _simulate(installed: Installation, what: str, **given: Any) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{installed.shopify_port}/{STORE}/simulate/{what}",
        json.dumps(given).encode(),
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())["said"]


def test_no_secret_is_written_anywhere_in_the_clear(installed: Installation) -> None:
    installed.connect(STORE)
    secret = (installed.simulated / "client-secret").read_text()
    token = (installed.simulated / f"{OTHER}.token").read_text()
    places = [installed.folder / ".shopwright", *installed.folder.glob("*.log")]
    assert search(places, of_text("secret", secret) | of_text("token", token)) == []


def _erase(installed: Installation, store: str) -> None:
    """Erase a connected store: its credential is let go of too."""
    assert "oauth" in installed.run("doctor", store)
    installed.run("redact", "--store", store, "--whole-store", "--yes")
    assert "erased" in installed.run("reconcile", store, code=1) or "not connected" in (
        installed.run("reconcile", store, code=1)
    )
    assert "was erased" in installed.connect(store, code=1)


def _get(
    port: int, path: str, *, method: str = "GET", cookie: str = ""
) -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, headers={"cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, answer.read().decode()
    except OSError:
        return 0, {}, ""
    finally:
        connection.close()


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]
