"""The command line: one module per command, loaded only when it is asked for."""

from __future__ import annotations

import importlib
import sys

import click

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
    "records": "records",
    "restore": "restore",
    "serve": "serve",
    "status": "status",
    "triage": "triage",
    "watch": "watch",
}


class LazyGroup(click.Group):
    """Loads a command's module when it is called, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(f"levelhead.cli.{module}").command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="levelhead")
def cli() -> None:
    """Levelhead: the engagement and crisis desk of a public agency."""


def main() -> None:
    """Entry point: runs the command, and says errors of ours in one sentence."""
    from levelhead.kernel.errors import LevelheadError

    try:
        cli()
    except LevelheadError as error:
        click.echo(f"levelhead: {error.message}", err=True)
        sys.exit(2)
