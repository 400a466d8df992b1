"""A mistake is told in one sentence that begins with `levelhead:`, and ends with a known status."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from levelhead.cli import LazyGroup, cli
from levelhead.kernel.errors import Conflict
from tests.acceptance.commands import LEVELHEAD, environment, run

POST = b'{"id":1,"text":"The gate of the dog park does not close."}\n'


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["forcast"], "No such command 'forcast'. `levelhead --help` tells more."),
        (["watch", "--lang", "fr"], "'fr' is not one of 'en', 'es'. `levelhead watch --help`"),
        (["learn", "accept"], "Missing option '--by'. `levelhead learn accept --help`"),
        (["status", "now"], "unexpected extra argument (now). `levelhead status --help`"),
        (["restore"], "Missing argument 'FILE'. `levelhead restore --help`"),
        (["triage", "--reread", "140%"], "a percentage from 0% to 100%. `levelhead triage --help`"),
        (["init", "--slug", "x"], "Give --agency as well: a person belongs to an agency."),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(words: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, words, prog_name="levelhead")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("levelhead: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert ".." not in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["triage", "--help"], ["--version"]])
def test_help_is_no_mistake(words: list[str]) -> None:
    done = CliRunner().invoke(cli, words, prog_name="levelhead")
    assert done.exit_code == 0
    assert not done.stderr


def test_a_group_without_a_word_shows_its_help() -> None:
    done = CliRunner().invoke(cli, ["learn"], prog_name="levelhead")
    assert done.exit_code == 2
    assert "levelhead learn [OPTIONS] COMMAND" in done.stderr


class OneCommand(LazyGroup):
    """Does what the test says instead of a command of ours."""

    error: BaseException

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        def act() -> None:
            raise self.error

        return click.Command(cmd_name, callback=act)


@pytest.mark.parametrize(
    ("error", "said", "status"),
    [
        (Conflict("It was changed."), "levelhead: It was changed.\n", 2),
        (KeyboardInterrupt(), "\nlevelhead: Stopped before the end.\n", 130),
        (EOFError(), "\nlevelhead: The input ended before the question was answered.\n", 2),
        (click.ClickException("No room"), "levelhead: No room.\n", 2),
    ],
)
def test_what_ends_a_command(error: BaseException, said: str, status: int) -> None:
    group = OneCommand("levelhead")
    group.error = error
    done = CliRunner().invoke(group, ["work"])
    assert (done.stderr, done.exit_code) == (said, status)


def test_what_nobody_foresaw_keeps_its_trace() -> None:
    group = OneCommand("levelhead")
    group.error = FileNotFoundError(2, "gone")
    assert isinstance(CliRunner().invoke(group, ["work"]).exception, FileNotFoundError)


def hear_ctrl_c() -> None:
    """As from a terminal: who runs the tests in the background does not hear it, nor do its own."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    with subprocess.Popen(
        [str(LEVELHEAD), "watch"], env=environment(tmp_path), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hear_ctrl_c,
    ) as watch:  # fmt: skip
        assert watch.stdin is not None
        assert watch.stderr is not None
        # A line that is told at once says that the command is listening.
        watch.stdin.write(b"no post\n")
        watch.stdin.flush()
        assert b"line 1" in watch.stderr.readline()
        watch.send_signal(signal.SIGINT)
        said = watch.stderr.read().decode()
        assert said.strip() == "levelhead: Stopped before the end."
        assert watch.wait(20) == 130


def test_a_reader_who_leaves_ends_it_with_one(tmp_path: Path) -> None:
    with subprocess.Popen(
        [str(LEVELHEAD), "triage", "--reread", "none"], env=environment(tmp_path),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as triage:  # fmt: skip
        assert triage.stdin is not None
        assert triage.stdout is not None
        assert triage.stderr is not None
        triage.stdout.close()
        triage.stdin.write(POST)
        triage.stdin.close()
        assert triage.stderr.read() == b""
        assert triage.wait(20) == 1


def test_help_that_nobody_reads_is_no_trouble(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [str(LEVELHEAD), "--help"], env=environment(tmp_path), stdout=writing,
        stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("words", [["status"], ["learn", "status"], ["init"], ["serve"]])
@pytest.mark.parametrize("key", ["", "k" * 40])
def test_a_data_folder_that_cannot_be_made_is_named(
    tmp_path: Path, words: list[str], key: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    # With a key of its own an installation first needs the folder for the database.
    done = run(tmp_path / "file" / "data", *words, LEVELHEAD_SECRET_KEY=key)
    assert done.returncode == 2
    assert done.stderr.startswith(f"levelhead: The data folder {tmp_path / 'file' / 'data'} cannot")
    assert "LEVELHEAD_DATA" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["status"], ["init"]])
def test_a_database_that_cannot_be_opened_is_named(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "levelhead.sqlite3").mkdir()
    done = run(tmp_path, *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"levelhead: The database in the data folder {tmp_path} cannot")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_folder_of_somebody_else_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o700)
    code = (
        "import os\n"
        "from levelhead.config.environment import read_environment\n"
        "from levelhead.kernel.errors import ConfigurationError\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: read_environment()\n"
        "except ConfigurationError as error: print(error.message)\n"
    )
    done = subprocess.run(
        [str(LEVELHEAD.parent / "python"), "-c", code], env=environment(folder),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith("The data folder "), done.stderr
    assert "Permission denied" in done.stdout


def test_a_key_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_bytes(b"\xff\xfe\x00")
    done = run(tmp_path, "status")
    assert done.returncode == 2
    assert "secret.key does not hold a secret key" in done.stderr
