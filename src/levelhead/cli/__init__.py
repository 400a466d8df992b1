"""The command line: one module per command, loaded only when it is asked for."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, NoReturn

import click

from levelhead.kernel.errors import LevelheadError

# Name of the command -> module below levelhead.cli that defines `command`.
COMMANDS = {
    "backup": "backup",
    "bench": "bench",
    "channel": "channel",
    "check-reply": "check_reply",
    "demo": "demo",
    "doctor": "doctor",
    "forecast": "forecast",
    "import": "import_posts",
    "init": "init",
    "learn": "learn",
    "password": "password",
    "records": "records",
    "restore": "restore",
    "serve": "serve",
    "status": "status",
    "triage": "triage",
    "watch": "watch",
}


# Exit status of a command that could not do what was asked.
ERROR_STATUS: Final = 2
# Exit status of a command whose output nobody reads any more.
UNREAD_STATUS: Final = 1
# What shells give a program that Ctrl-C ended: 128 and the number of the signal.
STOPPED_STATUS: Final = 130


class LazyGroup(click.Group):
    """Loads a command's module when it is called, so that each starts fast.

    Every error leaves it as one sentence that begins with `levelhead:`.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command; by itself it ends the program."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            done = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except LevelheadError as error:
            _end(error.message, ERROR_STATUS)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(ERROR_STATUS)
        except click.ClickException as error:
            _end(_describe_mistake(error), ERROR_STATUS)
        except click.Abort as error:
            # A question that nobody answers ends this way too, and only Ctrl-C is a wish.
            if isinstance(error.__context__, EOFError):
                _end("The input ended before the question was answered.", ERROR_STATUS)
            _end("Stopped before the end.", STOPPED_STATUS)
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
            _leave_unread()
        # What `--help` and `--version` end with; commands return nothing.
        sys.exit(done if isinstance(done, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(f"levelhead.cli.{module}").command
        return command


def _end(sentence: str, status: int) -> NoReturn:
    # Who closed standard error as well cannot be told.
    with suppress(OSError):
        click.echo(f"levelhead: {sentence}", err=True)
    sys.exit(status)


def _leave_unread() -> NoReturn:
    """End where the reader has gone; what is still in the buffer has nowhere to go."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(UNREAD_STATUS)


def _describe_mistake(error: click.ClickException) -> str:
    """What is wrong with a command line, and where its options are explained."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    # Lists of choices come on lines of their own.
    said = " ".join(error.format_message().split())
    said = said if said.endswith((".", "?", "!")) else f"{said}."
    return f"{said} `{context.command_path} --help` tells more." if context else said


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="levelhead")
def cli() -> None:
    """Levelhead: the engagement and crisis desk of a public agency."""


def main() -> None:
    """Entry point."""
    cli()
