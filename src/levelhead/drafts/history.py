"""Earlier words of drafts: what was taken out or replaced, the last ones of each draft."""

from __future__ import annotations

from levelhead.drafts.domain import MOST_VERSIONS
from levelhead.drafts.models import Draft, DraftVersion
from levelhead.kernel import clock


def keep_version(draft: Draft) -> None:
    """Keep what a locked draft says now, before it says something else."""
    DraftVersion.objects.get_or_create(
        draft=draft,
        number=draft.version,
        defaults={"agency_id": draft.agency_id, "text": draft.text, "at": clock.now()},
    )
    numbers = DraftVersion.objects.filter(draft=draft).order_by("-number")
    first_out = numbers.values_list("number", flat=True)[MOST_VERSIONS : MOST_VERSIONS + 1]
    for number in list(first_out):
        DraftVersion.objects.filter(draft=draft, number__lte=number).delete()


def holds(draft: Draft, text: str) -> bool:
    """Whether these words are kept in a draft, its history, or the reply that it became."""
    wanted = text.strip()
    if wanted in draft.text:
        return True
    if draft.closed_by is not None and wanted in draft.closed_by.text:
        return True
    return any(
        wanted in kept
        for kept in DraftVersion.objects.filter(draft=draft).values_list("text", flat=True)
    )
