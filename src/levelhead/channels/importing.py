"""Importing a file through the real pipeline: resumable, each line once, bad lines kept aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from django.db import transaction
from django.db.models import F

from levelhead.channels.actions import receive, set_aside
from levelhead.channels.domain import IncomingPost, ReceiveReport
from levelhead.channels.models import Channel, ImportRun
from levelhead.connectors.file.mapping import Mapping, read_item
from levelhead.connectors.file.reading import file_digest, is_csv, opened, read_lines
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid

# Lines per step: the posts are committed, then how far we are.
STEP = 1_000
# Reasons told on the screen; all are kept.
TOLD_PROBLEMS = 20


@dataclass(kw_only=True)
class ImportReport:
    """What became of a file; the numbers are of the whole file, over all attempts."""

    received: int = 0
    new: int = 0
    revised: int = 0
    duplicates: int = 0
    rejected: int = 0
    # Lines an earlier, interrupted attempt had done.
    resumed_at_line: int = 0


def import_file(
    path: Path,
    *,
    channel: Channel,
    mapping: Mapping,
    delimiter: str = ",",
    progress: Callable[[int, int], None] = lambda _done, _new: None,
    problem: Callable[[int, str], None] = lambda _number, _why: None,
) -> ImportReport:
    """File every line of `path`. `progress` gets bytes read so far and posts new so far.

    A run that was interrupted goes on after the last line it finished: what came after that line
    and was committed is recognised by its id.
    """
    if not path.is_file():
        raise Invalid(f"There is no file {path}.")
    digest = sha256(
        f"{file_digest(path)}{sorted(mapping.names.items())}{delimiter}".encode()
    ).hexdigest()
    unfinished = ImportRun.objects.filter(channel=channel, digest=digest, finished_at__isnull=True)
    run = unfinished.order_by("-pk").first() or ImportRun.objects.create(
        agency_id=channel.agency_id, channel=channel, digest=digest, file_name=path.name[:300],
        started_at=clock.now(),
    )  # fmt: skip
    resumed_at = run.lines_done
    with opened(path) as (content, file):
        batch: list[IncomingPost] = []
        rejected, number = 0, resumed_at
        for line in read_lines(content, as_csv=is_csv(path), delimiter=delimiter):
            if line.number <= resumed_at:
                continue
            number = line.number
            why = line.problem
            if not why:
                try:
                    batch.append(read_item(line.item, channel_id=channel.pk, mapping=mapping))
                except Invalid as error:
                    why = error.message
            if why:
                rejected += 1
                problem(number, why)
                set_aside(
                    channel_id=channel.pk,
                    agency_id=channel.agency_id,
                    place=f"file {path.name}, line {number}",
                    reason=why,
                    raw=line.raw or str(line.item)[:100_000],
                )
            if len(batch) + rejected >= STEP:
                _finish_step(run, batch, rejected, number)
                batch, rejected = [], 0
                progress(file.tell(), run.new)
        _finish_step(run, batch, rejected, number)
        progress(file.tell(), run.new)
    ImportRun.objects.filter(pk=run.pk).update(finished_at=clock.now())
    return ImportReport(
        received=run.received,
        new=run.new,
        revised=run.revised,
        duplicates=run.duplicates,
        rejected=run.rejected,
        resumed_at_line=resumed_at,
    )


def _finish_step(run: ImportRun, batch: list[IncomingPost], rejected: int, number: int) -> None:
    report = receive(batch) if batch else ReceiveReport()
    with transaction.atomic():
        ImportRun.objects.filter(pk=run.pk).update(
            lines_done=number,
            received=F("received") + len(batch) + rejected,
            new=F("new") + report.new,
            revised=F("revised") + report.revised + report.deleted,
            duplicates=F("duplicates") + report.duplicates,
            rejected=F("rejected") + rejected + report.rejected,
        )
    run.refresh_from_db()
