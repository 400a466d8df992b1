"""`levelhead restore`: puts a backup back and proves it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Set aside data that is there, and restore over it.")
@click.option("--no-verify", is_flag=True, help="Do not walk the chains of records afterwards.")
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
def command(file: Path, force: bool, no_verify: bool, as_json: bool) -> None:
    """Restore FILE into the data folder; exit status 1 where the record does not hold."""
    from levelhead.config.environment import read_environment

    environment = read_environment()
    from levelhead.cli.progress import ClickBar
    from levelhead.ops.restore import restore

    with ClickBar() as bar:
        done = restore(file, environment, force=force, bar=bar)
    for note in done.notes:
        click.echo(note, err=True)
    if done.set_aside is not None:
        click.echo(f"The database that was here is in {done.set_aside}.", err=True)
    if not done.key_fits:
        click.echo(
            "The secret key is not the one of the backup: put that secret.key into the data "
            "folder, or connect every channel again. People must sign in again.",
            err=True,
        )
    if done.to_look_up:
        click.echo(
            f"{done.to_look_up} messages had not left when the backup was made; each is looked up "
            "on its platform before it is sent.",
            err=True,
        )
    holds = None if no_verify else _verify()
    if as_json:
        click.echo(
            json.dumps(
                {
                    "counts": dict(done.manifest.counts),
                    "key_fits": done.key_fits,
                    "to_look_up": done.to_look_up,
                    "records_hold": holds,
                }
            )
        )
    else:
        counts = done.manifest.counts
        click.echo(
            f"Restored {counts['inbox_post']:,} posts and {counts['records_recordevent']:,} "
            f"records as of {done.manifest.made_at}."
        )
    if holds is False:
        sys.exit(1)


def _verify() -> bool:
    from levelhead.records.verify import count_events, verify_records

    with click.progressbar(
        length=max(1, count_events()), label="Verifying", file=sys.stderr
    ) as bar:
        found = verify_records(progress=bar.update)
    for one in found.breaks:
        click.echo(f"agency {one.agency_id}, chain {one.chain}: {one.what}", err=True)
    return found.holds
