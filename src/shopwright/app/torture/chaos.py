"""What is done to the installation while webhooks come, at instants that follow from the seed."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec
import numpy as np
from msgspec import Struct, field

from shopwright.app.torture.installation import Installation
from shopwright.app.torture.victims import Victim

LOOK_SECONDS = 0.05
MISSED_SECONDS = 0.2
COMMANDS_SECONDS_MAX = 180.0

Tell = Callable[[str], None]

WEIGHTS: Mapping[str, float] = {
    "kill web": 0.34,
    "kill worker": 0.24,
    "kill scheduler": 0.06,
    "kill supervisor": 0.08,
    "stop and start": 0.06,
    "rolling restart": 0.07,
    "redact": 0.07,
    "replay": 0.04,
    "backup": 0.04,
}
"""How often each is chosen; what this installation has no command for is left out."""


class Done(Struct, kw_only=True):
    """What was done."""

    actions: Counter[str] = field(default_factory=Counter)
    trouble: Counter[str] = field(default_factory=Counter)
    """Commands that ended with an error, by command; an operator would run them again."""
    stop_seconds: list[float] = field(default_factory=list)
    replays_equal: int = 0
    replays_different: int = 0
    redacted: list[Victim] = field(default_factory=list)


class Chaos:
    """Runs in a thread of its own; ``killed`` is told the instant of each blow to the gateway."""

    def __init__(
        self,
        installation: Installation,
        rng: np.random.Generator,
        *,
        every_seconds: float,
        actions: Sequence[str],
        victims: Sequence[Victim],
        killed: Callable[[float], None],
        redact_by_webhook: Callable[[Victim], None],
    ) -> None:
        self._installation = installation
        self._rng = rng
        self._every = every_seconds
        self._actions = list(actions)
        self._victims = list(victims)
        self._killed = killed
        self._redact_by_webhook = redact_by_webhook
        self._beside: list[threading.Thread] = []
        self._stop = threading.Event()
        self.done = Done()

    def run(self) -> None:
        """Torture until told to end."""
        weights = np.array([WEIGHTS[action] for action in self._actions])
        while self._rest(self._rng.exponential(self._every)):
            action = str(self._rng.choice(self._actions, p=weights / weights.sum()))
            # The victim may be on its way up just now: the blow waits for it.
            while not self._do(action):
                if not self._rest(MISSED_SECONDS):
                    return
            self.done.actions[action] += 1

    def end(self) -> None:
        """Let it end after what it is doing."""
        self._stop.set()

    def wait_for_commands(self) -> None:
        """Wait for the commands that still run beside the traffic."""
        for thread in self._beside:
            thread.join(COMMANDS_SECONDS_MAX)

    def _rest(self, seconds: float) -> bool:
        """Wait, keeping the supervisor up; False when it is time to end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._stop.wait(LOOK_SECONDS):
                return False
            self._installation.keep_up()
        return not self._stop.is_set()

    def _do(self, action: str) -> bool:
        match action.split():
            case ["kill", "supervisor"]:
                return self._told(self._installation.kill_supervisor)
            case ["kill", role]:
                return self._told(lambda: self._signal(role, signal.SIGKILL, whole=False))
            case ["rolling", _]:
                return self._signal("web", signal.SIGTERM, whole=True)
            case ["stop", *_]:
                return self._told(self._stop_all)
            case ["redact"]:
                return self._redact()
        command = {
            "replay": lambda: replay(self._installation, self.done),
            "backup": self._backup,
        }[action]
        self._run_beside(command)
        return True

    def _told(self, blow: Callable[[], bool]) -> bool:
        at = time.monotonic()
        hit = blow()
        if hit:
            self._killed(at)
        return hit

    def _signal(self, role: str, number: int, *, whole: bool) -> bool:
        """Send a signal to one process of a role; to each in turn for a rolling restart."""
        pids = self._installation.children(role)
        if not pids:
            return False
        chosen = pids if whole else [pids[int(self._rng.integers(len(pids)))]]
        for pid in chosen:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            if whole:
                self._until_replaced(role, pid, len(pids))
        return True

    def _until_replaced(self, role: str, pid: int, wanted: int) -> None:
        deadline = time.monotonic() + 15.0
        while time.monotonic() < deadline and not self._stop.wait(LOOK_SECONDS):
            self._installation.keep_up()
            living = self._installation.children(role)
            if pid not in living and len(living) >= wanted:
                return

    def _stop_all(self) -> bool:
        seconds = self._installation.stop()
        if seconds:
            self.done.stop_seconds.append(seconds)
        return bool(seconds)

    def _redact(self) -> bool:
        if not self._victims:
            return True
        victim = self._victims.pop()
        self.done.redacted.append(victim)
        if self._rng.random() < 0.5:
            self._redact_by_webhook(victim)
        else:
            self._run_beside(lambda: self._redact_by_command(victim))
        return True

    def _redact_by_command(self, victim: Victim) -> None:
        for _ in range(20):
            code, _said = self._installation.command(
                "redact", victim.customer_id, "--store", victim.store_id, "--yes"
            )
            if code == 0:
                return
            # The worker was killed while the command waited for it: an operator asks again.
            self.done.trouble["redact"] += 1
            self._stop.wait(1.0)

    def _backup(self) -> None:
        folder = self._installation.settings.home.parent / f"backup-{time.monotonic_ns()}"
        code, _said = self._installation.command("backup", str(folder))
        if code:
            self.done.trouble[f"backup ended with {code}"] += 1

    def _run_beside(self, command: Callable[[], None]) -> None:
        thread = threading.Thread(target=command, daemon=True)
        thread.start()
        self._beside.append(thread)


def replay(installation: Installation, done: Done) -> None:
    """Build the ledger again from the log, and note whether that gives the same."""
    code, said = installation.command("replay", "--json")
    try:
        found = msgspec.json.decode(said, type=_Replayed)
    except msgspec.MsgspecError:
        done.trouble[f"replay ended with {code}"] += 1
        return
    if found.equal or found.erased_meanwhile:
        done.replays_equal += found.equal
    else:
        done.replays_different += 1


class _Replayed(Struct):
    equal: bool
    erased_meanwhile: bool
