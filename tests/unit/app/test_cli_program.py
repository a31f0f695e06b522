"""The command line as a whole: fast help, one line an error, exit codes."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from shopwright.app import bootstrap
from shopwright.app.cli.program import ENTRIES, program, run
from shopwright.core.errors import Busy

HEAVY = {
    "cryptography", "duckdb", "lmdb", "mlflow", "numpy", "pandas", "prometheus_client", "pyarrow",
    "rich", "scipy", "sqlalchemy", "uvicorn", "xgboost",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_help_of_everything_imports_no_engine() -> None:
    code = (
        "import sys\n"
        "from shopwright.app.cli.program import ENTRIES, run\n"
        f"heavy = {HEAVY!r}\n"
        "for arguments in [['--help'], *([name, '--help'] for name in ENTRIES)]:\n"
        "    assert run(arguments) == 0\n"
        "    loaded = heavy & set(sys.modules)\n"
        "    assert not loaded, (arguments, loaded)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_list_of_commands_imports_no_command() -> None:
    code = (
        "import sys\n"
        "from shopwright.app.cli.program import ENTRIES, run\n"
        "run(['--help'])\n"
        "loaded = {entry.module for entry in ENTRIES.values()} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ENTRIES)
def test_the_summary_in_the_list_is_the_first_sentence_of_the_command(name: str) -> None:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    assert command.help is not None
    assert command.help.splitlines()[0] == ENTRIES[name].summary


def test_help_answers_where_the_settings_are_broken(capsys: pytest.CaptureFixture[str]) -> None:
    Path("shopwright.toml").write_text("port = 'x'\n")
    assert run(["up", "--help"]) == 0
    assert "--public-url" in capsys.readouterr().out
    assert run(["stores", "list"]) == 2
    assert capsys.readouterr().err.startswith("shopwright: shopwright.toml: port: 'x' is not a")


WRONG_USE = [
    (["nonsense"], "No such command 'nonsense'. Try `shopwright --help`."),
    (["--nonsense"], "No such option '--nonsense'. Try `shopwright --help`."),
    (["up", "--role", "king"], "Invalid value for '--role'"),
    (["up", "--port", "x"], "Invalid value for '--port'"),
    (["up", "--port", "0"], "command line: port: 0 is not a whole number from 1 to 65,535"),
    (["up", "--workers", "99"], "command line: web_workers: 99 is not a whole number from 1 to 64"),
    (["up", "--host", "0.0.0.0"], "host '0.0.0.0' can be reached from other machines"),
    (["up", "--public-url", "x"], "command line: public_url: 'x' is not an address"),
    (["--config", "no.toml", "stores", "list"], "no.toml: cannot be read: No such file"),
    (["train"], "Name a store with --store, or all of them with --all."),
    (["train", "--all", "--store", "a"], "Name a store with --store, or all of them with --all."),
    (["train", "--store", "a", "--seed", "-1"], "Invalid value for '--seed'"),
    (["train", "--store", "a", "--task", "love"], "Invalid value for '--task'"),
    (["train", "--store", "a"], "a.myshopify.com: this store is not known here"),
    (["predict"], "Missing option '--store'"),
    (["predict", "--store", "a b"], "'a b' is not a store; expected my-store.myshopify.com"),
    (["predict", "--store", "evil.com"], "'evil.com' is not a store"),
    (["predict", "--store", "a", "--out", "p.csv"], "p.csv: name the file .parquet"),
    (["predict", "--store", "a", "--out", "no/p.parquet"], "there is no folder no"),
    (["predict", "--store", "a"], "a.myshopify.com: this store is not known here"),
    (["features", "get", "--store", "a", "1"], "a.myshopify.com: this store is not known here"),
    (["features", "history", "--store", "a"], "Give a file with --spine, or --every"),
    (["features", "history", "--store", "a", "--spine", "no.csv"], "File 'no.csv' does not exist"),
    (["models", "show", "abc", "--store", "a"], "a.myshopify.com: this store is not known here"),
    (["models", "promote", "abc", "--store", "a"], "Missing option '--reason'"),
    (["stores", "add", "a"], "Missing option '--currency'"),
    (["stores", "show", "a"], "a.myshopify.com: this store is not known here"),
    (["stores", "secrets", "add", "a", "shpss_1"], "Got unexpected extra argument"),
    (["import", "x.csv"], "Missing option '--store'"),
    (["import", "x.csv", "--store", "a"], "a.myshopify.com: this store is not known here"),
    (
        ["import", "x.csv", "--store", "a", "--currency", "GBP"],
        "--currency and --timezone together",
    ),
    (["dead-letters", "--limit", "0"], "Invalid value for '--limit'"),
    (["doctor", "a/b"], "'a/b' is not a store"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG_USE)
def test_wrong_use_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init"]) == 0
    capsys.readouterr()
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("shopwright: ")
    assert said.err.count("\n") == 1
    assert message in said.err


def test_no_command_at_all_shows_the_help_and_is_wrong_use(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([]) == 2
    assert "Commands:" in capsys.readouterr().err


def raising(error: BaseException) -> object:
    def raises(*_: object) -> None:
        raise error

    return raises


SHOWS = "`shopwright --debug …` shows where"
ERRORS = [
    (Busy("a process holds it"), 1, "a process holds it"),
    (KeyboardInterrupt(), 130, "stopped"),
    (OSError(28, "No space left on device", "/x/y"), 1, "/x/y: No space left on device"),
    (OSError(5, "Input/output error"), 1, "Input/output error"),
    (KeyError("x"), 1, f"unexpected error: KeyError: 'x'; {SHOWS}"),
    (ValueError("two\nlines"), 1, f"unexpected error: ValueError: two lines; {SHOWS}"),
    (ZeroDivisionError(), 1, f"unexpected error: ZeroDivisionError; {SHOWS}"),
]


@pytest.mark.parametrize(
    ("error", "code", "message"), ERRORS, ids=lambda value: type(value).__name__
)
def test_errors_are_one_line_each(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bootstrap, "open_stores", raising(error))
    assert run(["stores", "list"]) == code
    # Click ends the terminal's "^C" with a line of its own.
    assert capsys.readouterr().err.lstrip("\n") == f"shopwright: {message}\n"


@pytest.mark.parametrize("error", [KeyError("x"), Busy("held")])
def test_debug_shows_where(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "open_stores", raising(error))
    assert run(["--debug", "stores", "list"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.splitlines()[-1].startswith("shopwright: ")


def test_a_reader_that_goes_away_is_not_an_error_message() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from shopwright.app.cli import main; main()", "features", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1
    assert said == b""


def test_home_on_the_command_line_stands_over_everything(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPWRIGHT_HOME", "elsewhere")
    assert run(["--home", "mine", "init"]) == 0
    assert Path("mine.key").exists()
    assert not Path("elsewhere.key").exists()
    capsys.readouterr()
