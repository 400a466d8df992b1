"""`levelhead backup`: a copy of everything, while the desk is at work."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("backup")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--with-key",
    is_flag=True,
    help="Put the secret key in as well; whoever has the file can then use the channels.",
)
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
def command(file: Path | None, with_key: bool, as_json: bool) -> None:
    """Write a backup to FILE (.tar.gz), or to the folder `backups` in the data folder."""
    from levelhead.config.boot import start_django

    start_django()
    from django.conf import settings

    from levelhead.cli.progress import ClickBar
    from levelhead.ops.backup import default_target, make_backup

    data = settings.ENVIRONMENT.data
    with ClickBar() as bar:
        made = make_backup(file or default_target(data), with_key=with_key, bar=bar)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "file": str(made.file),
                    "bytes": made.bytes,
                    "key_included": made.key_included,
                    "counts": dict(made.manifest.counts),
                }
            )
        )
    else:
        counts = made.manifest.counts
        click.echo(
            f"{made.file}: {counts['inbox_post']:,} posts, "
            f"{counts['records_recordevent']:,} records, {made.bytes / 1e6:.1f} MB."
        )
    if with_key:
        click.echo(
            "The file holds the secret key: keep it where only administrators can read it.",
            err=True,
        )
    else:
        click.echo(
            f"The secret key is not in it. Keep a copy of {data / 'secret.key'} in another safe "
            "place: without it, every channel must be connected again after a restore.",
            err=True,
        )
