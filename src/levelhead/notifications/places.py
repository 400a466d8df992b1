"""Where the things are looked at that notifications tell of."""

from __future__ import annotations

from django.urls import reverse

from levelhead.accounts.models import Agency
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case


def slug_of(agency_id: int) -> str:
    """An agency's part of every address."""
    return Agency.objects.values_list("slug", flat=True).get(pk=agency_id)


def address_of_case(slug: str, case_id: int) -> str:
    """A case's page, whatever list it stands in."""
    return reverse("conversation", args=[slug, case_id]) + "?view=all"


def address_of_conversation(agency_id: int, conversation_id: int) -> tuple[int | None, str]:
    """The newest case of a conversation that is not the agency's own post, and its page."""
    slug = slug_of(agency_id)
    cases = Case.objects.filter(agency_id=agency_id, conversation_id=conversation_id)
    theirs = cases.exclude(state=CaseState.OWN.value).order_by("-post_id")
    found = theirs.values_list("pk", flat=True).first()
    if found is None:
        found = cases.order_by("-post_id").values_list("pk", flat=True).first()
    if found is None:
        return None, reverse("inbox", args=[slug])
    return found, address_of_case(slug, found)
