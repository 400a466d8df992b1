"""Reading drafts: those of a case, one of one's own, and a colleague's."""

from __future__ import annotations

from levelhead.accounts.models import Agency, User
from levelhead.drafts.domain import MOST_SHOWN, MOST_VERSIONS, DraftState
from levelhead.drafts.models import Draft, DraftVersion
from levelhead.inbox.models import Case
from levelhead.kernel.errors import NotFound


def list_drafts(case: Case) -> list[Draft]:
    """The drafts of a case, whoever wrote them, the one that was used last first."""
    drafts = Draft.objects.filter(case=case).select_related("owner", "closed_by__by")
    return list(drafts.order_by("-opened_at", "-pk")[:MOST_SHOWN])


def list_open_drafts(case: Case) -> list[Draft]:
    """Those that are open, with words or begun by hand."""
    drafts = Draft.objects.filter(case=case, state=DraftState.OPEN).select_related("owner")
    return list(drafts.order_by("-opened_at", "-pk")[:MOST_SHOWN])


def find_draft(agency: Agency, draft_id: int) -> Draft:
    """A draft of this agency. Raises NotFound."""
    draft = Draft.objects.select_related("case", "owner").filter(agency=agency, pk=draft_id).first()
    if draft is None:
        raise NotFound(f"There is no draft {draft_id} here.")
    return draft


def find_own_draft(agency: Agency, draft_id: int, person: User) -> Draft:
    """One of a person's own. Raises NotFound."""
    draft = find_draft(agency, draft_id)
    if draft.owner_id != person.pk:
        raise NotFound(f"There is no draft {draft_id} here.")
    return draft


def list_versions(drafts: list[Draft]) -> dict[int, list[DraftVersion]]:
    """The earlier words of drafts, newest first: one query for all of them."""
    found: dict[int, list[DraftVersion]] = {}
    versions = DraftVersion.objects.filter(draft__in=[draft.pk for draft in drafts])
    for version in versions.order_by("-number")[: MOST_SHOWN * MOST_VERSIONS]:
        found.setdefault(version.draft_id, []).append(version)
    return found
