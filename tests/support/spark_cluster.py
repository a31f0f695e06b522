"""A standalone Spark cluster on loopback: one master and two workers of one core each."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

TOOLS = Path(__file__).parents[2] / ".venv-transform"


class SparkCluster:
    """Started from the pyspark package; everything that it writes lies in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (home,) = TOOLS.glob("lib/python*/site-packages/pyspark")
        self.environment = os.environ | {
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}",
            # Without this the workers' own Python would be looked for on the PATH of the machine.
            "PYSPARK_PYTHON": str(TOOLS / "bin" / "python"),
        }
        self._class = home / "bin" / "spark-class"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.url = ""

    def start(self) -> None:
        """Start master and workers; wait until both workers are registered."""
        port = _free_port()
        self.url = f"spark://127.0.0.1:{port}"
        deploy = "org.apache.spark.deploy"
        where = ["--host", "127.0.0.1", "--webui-port", "0"]
        self._run("master", f"{deploy}.master.Master", *where, "--port", str(port))
        self._wait_for("elected leader", 1)
        for name in ("one", "two"):
            size = ["--cores", "1", "--memory", "1g", "--work-dir", str(self.folder / name)]
            self._run(name, f"{deploy}.worker.Worker", *where, *size, self.url)
        self._wait_for("Registering worker", 2)

    def stop(self) -> None:
        """Stop everything that was started, executors too."""
        for process in self._processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)

    def applications(self) -> int:
        """Return how many programs have run on the cluster."""
        return self._log().count("Registered app")

    def executors(self) -> set[str]:
        """Return the workers that have done work for a program."""
        return {n for n in ("one", "two") if list((self.folder / n).glob("app-*"))}

    def _run(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    [str(self._class), *command],
                    cwd=self.folder,
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def _wait_for(self, text: str, times: int) -> None:
        for _ in range(600):
            if self._log().count(text) >= times:
                return
            assert self._processes[0].poll() is None, self._log()[-2_000:]
            time.sleep(0.1)
        raise AssertionError(f"Spark did not come up in a minute: {self._log()[-2_000:]}")

    def _log(self) -> str:
        return (self.folder / "master.log").read_text("utf-8", "replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
