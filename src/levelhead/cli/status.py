"""`levelhead status`: how much there is and where it stands."""

from __future__ import annotations

import json

import click


@click.command("status")
@click.option("--agency", help="Short name of one agency; all without it.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
def command(agency: str | None, as_json: bool) -> None:
    """Posts, conversations, open cases, the outbox and the channels."""
    from levelhead.config.boot import start_django

    start_django()
    from levelhead.accounts.models import Agency
    from levelhead.channels.selecting import agency_named
    from levelhead.ops.standing import standing

    found = standing(agency_named(agency) if agency else None)
    if as_json:
        click.echo(json.dumps(found.as_json()))
        return
    agencies = Agency.objects.order_by("slug").values_list("slug", flat=True)
    click.echo(f"Agencies       {', '.join(agencies) or 'none yet'}")
    click.echo(f"Posts          {found.posts:,}")
    click.echo(f"Conversations  {found.conversations:,}")
    click.echo(f"Open cases     {found.open_total:,}")
    for label, cases in found.open_by_label.items():
        click.echo(f"  {label:<12} {cases:,}")
    waiting = ", ".join(f"{count:,} {state}" for state, count in found.outbox.items() if count)
    click.echo(f"Outbox         {waiting or 'empty'}")
    for channel in found.channels:
        health = f"{channel['failures']} failures in a row" if channel["failures"] else "well"
        click.echo(
            f"Channel        {channel['name']} ({channel['platform']}, {channel['agency']}): "
            f"{channel['state']}, {health}"
        )
