"""`levelhead channel`: accounts on platforms."""

from __future__ import annotations

import json
import os
import sys

import click


@click.group("channel")
def command() -> None:
    """Accounts on platforms: add and check."""


def _pairs(given: tuple[str, ...], what: str) -> dict[str, str]:
    from levelhead.kernel.errors import Invalid

    pairs = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Invalid(f"{pair!r} is not a {what}; write name=value.")
        pairs[name] = value
    return pairs


@command.command("add")
@click.argument("platform")
@click.option("--name", required=True, help="What people call it.")
@click.option("--agency", help="Short name of the agency; needed where there are several.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting.")
@click.option(
    "--secret", "secrets", multiple=True, metavar="NAME",
    help="Name of a secret; its value is asked for, or read from LEVELHEAD_SECRET_<NAME>.",
)  # fmt: skip
def add(
    platform: str,
    name: str,
    agency: str | None,
    settings: tuple[str, ...],
    secrets: tuple[str, ...],
) -> None:
    """Add an account on PLATFORM. Secrets never stand on the command line."""
    given = {
        secret: os.environ.pop(f"LEVELHEAD_SECRET_{secret.upper()}", "")
        or click.prompt(secret, hide_input=True)
        for secret in secrets
    }
    from levelhead.config.boot import start_django

    start_django()
    from levelhead.channels.actions import add_channel
    from levelhead.channels.selecting import agency_named

    channel = add_channel(
        agency_id=agency_named(agency).pk,
        platform=platform,
        name=name,
        settings=dict(_pairs(settings, "setting")),
        secrets=given,
    )
    click.echo(f"Added {channel.name}. Prove that it works: levelhead channel check")


@command.command("check")
@click.option("--agency", help="Short name of one agency; all without it.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each channel.")
def check(agency: str | None, as_json: bool) -> None:
    """Ask every platform whether our account works; exit status 1 where one does not."""
    from levelhead.config.boot import start_django

    start_django()
    from levelhead.channels.accounts import connected
    from levelhead.channels.models import Channel
    from levelhead.channels.selecting import agency_named
    from levelhead.kernel.errors import LevelheadError

    channels = Channel.objects.select_related("agency").order_by("agency_id", "name")
    if agency:
        channels = channels.filter(agency=agency_named(agency))
    failed = False
    for channel in channels:
        try:
            with connected(channel) as connector:
                account, problem = connector.check(), ""
        except LevelheadError as error:
            account, problem, failed = "", error.message, True
        if as_json:
            told = {"channel": channel.name, "platform": channel.platform, "ok": not problem}
            click.echo(json.dumps({**told, "account": account, "problem": problem}))
        else:
            click.echo(f"{channel.name} ({channel.platform}): {problem or f'works as {account}'}")
    if failed:
        sys.exit(1)
