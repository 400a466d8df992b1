"""`levelhead records`: proving the record."""

from __future__ import annotations

import json
import sys

import click


@click.group("records")
def command() -> None:
    """What happened, on the record."""


@command.command("verify")
@click.option("--agency", help="Short name of one agency; all without it.")
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
def verify(agency: str | None, as_json: bool) -> None:
    """Recompute every event and walk every chain; exit status 1 where something was changed."""
    from levelhead.config.boot import start_django

    start_django()
    from levelhead.channels.selecting import agency_named
    from levelhead.records.verify import count_events, verify_records

    agency_id = agency_named(agency).pk if agency else None
    with click.progressbar(
        length=max(1, count_events(agency_id)), label="Verifying", file=sys.stderr
    ) as bar:
        found = verify_records(agency_id, progress=bar.update)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "holds": found.holds,
                    "chains": found.chains,
                    "events": found.events,
                    "breaks": [
                        {"agency": b.agency_id, "chain": b.chain, "seq": b.seq, "what": b.what}
                        for b in found.breaks
                    ],
                }
            )
        )
    else:
        for b in found.breaks:
            place = "head" if b.seq is None else f"event {b.seq}"
            click.echo(f"agency {b.agency_id}, chain {b.chain}, {place}: {b.what}")
        verdict = "The record holds" if found.holds else "The record was changed"
        click.echo(f"{verdict}: {found.events} events in {found.chains} chains.")
    if not found.holds:
        sys.exit(1)
