"""`levelhead import`: posts from a file, through the real pipeline."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--channel", required=True, help="Name of the channel; made if it is not there.")
@click.option("--agency", help="Short name of the agency; needed where there are several.")
@click.option(
    "--map", "mapping_text", default="",
    help="Which column is what: text=Tweet,id=Tweet ID, or @mapping.json.",
)  # fmt: skip
@click.option("--delimiter", default=",", show_default=True, help="Between the cells of a CSV.")
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON.")
def command(
    file: Path, channel: str, agency: str | None, mapping_text: str, delimiter: str, as_json: bool
) -> None:
    """Import posts from FILE (JSON Lines or CSV, also .gz).

    Each line is filed once: an import that was interrupted is started again in the same way and
    goes on. Lines that cannot be read are kept aside with their number and the reason.
    """
    from levelhead.config.boot import start_django

    start_django()
    from levelhead.channels.importing import TOLD_PROBLEMS, ImportReport, import_file
    from levelhead.channels.selecting import channel_for_import
    from levelhead.connectors.file.mapping import Mapping, read_mapping

    mapping = read_mapping(mapping_text) if mapping_text else Mapping()
    target = channel_for_import(agency_slug=agency, name=channel)
    if file.name.lower().removesuffix(".gz").endswith(".tsv") and delimiter == ",":
        delimiter = "\t"
    told = 0

    def tell(number: int, why: str) -> None:
        nonlocal told
        told += 1
        if told <= TOLD_PROBLEMS:
            click.echo(f"line {number}: {why}", err=True)
        elif told == TOLD_PROBLEMS + 1:
            click.echo("more lines were set aside; all are listed on the channel's page", err=True)

    started = time.perf_counter()
    report: ImportReport
    with click.progressbar(
        length=max(1, file.stat().st_size), label=f"Importing {file.name}", file=sys.stderr
    ) as bar:

        def show(done: int, _new: int) -> None:
            bar.update(done - bar.pos)

        report = import_file(
            file, channel=target, mapping=mapping, delimiter=delimiter, progress=show, problem=tell
        )
    seconds = time.perf_counter() - started
    if report.resumed_at_line:
        click.echo(f"Went on after line {report.resumed_at_line} of an earlier attempt.", err=True)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "received": report.received,
                    "new": report.new,
                    "revised": report.revised,
                    "duplicates": report.duplicates,
                    "rejected": report.rejected,
                    "seconds": round(seconds, 3),
                }
            )
        )
    else:
        click.echo(
            f"{report.received} lines read in {seconds:.1f} s: {report.new} new, "
            f"{report.revised} revised, {report.duplicates} known already; "
            f"{report.rejected} lines set aside."
        )
