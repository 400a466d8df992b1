"""Writing the corrections out, for who wants to look at them or learn from them elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from django.db import transaction

from levelhead.accounts.models import Agency
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.learning.corrections import list_corrections
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


def export_corrections(agency: Agency, file: Path) -> tuple[int, str]:
    """Write them as JSON Lines, readable by this account only; gives how many and the SHA-256.

    That they left is recorded. Raises Invalid where the file is taken or cannot be written.
    """
    if file.exists():
        raise Invalid(f"{file} is there already; an export never replaces a file.")
    new = file.with_name(f"{file.name}.new")
    digest, count = hashlib.sha256(), 0
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            for correction in list_corrections(agency):
                line = json.dumps(
                    {
                        "id": str(correction.post_id),
                        "text": correction.text,
                        "parent_text": correction.parent_text,
                        "lang": correction.lang,
                        "label_before": correction.label_before,
                        "label_after": correction.label_after,
                        "corrected_by": correction.by,
                        "corrected_at": correction.at.isoformat(),
                        "reason": correction.reason,
                    }
                ).encode()
                out.write(line + b"\n")
                digest.update(line + b"\n")
                count += 1
            out.flush()
            os.fsync(out.fileno())
        # On the record before it is there to be taken.
        with transaction.atomic():
            append_events(
                agency_id=agency.pk,
                chain=DESK_CHAIN,
                at=clock.now(),
                events=[
                    EventToRecord(
                        subject=f"agency:{agency.pk}",
                        action="system:learning:corrections_exported",
                        actor="system",
                        payload={"corrections": count, "sha256": digest.hexdigest()},
                    )
                ],
            )
        new.replace(file)
    except OSError as error:
        raise Invalid(f"{file} cannot be written ({error.strerror}).") from error
    finally:
        new.unlink(missing_ok=True)
    return count, digest.hexdigest()
