"""Reading what people of a desk share."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from levelhead.accounts.models import Agency, User
from levelhead.inbox.choice import Choice
from levelhead.inbox.queries import count_chosen
from levelhead.kernel.errors import NotFound
from levelhead.teamwork.domain import COUNTED_TO, MOST_OWN, MOST_SHARED
from levelhead.teamwork.models import SavedView
from levelhead.teamwork.saving import choice_of


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownView:
    """A saved view as the head of the list shows it."""

    view: SavedView
    address: str
    # Whether the list shows it now.
    open: bool
    # How many cases it holds, in words such as "7" or "99+"; empty where they were not counted.
    count: str = ""


def list_views(
    agency: Agency, person: User, choice: Choice, *, counted: bool = False
) -> list[ShownView]:
    """The person's own views, then those of the agency, by name."""
    views = (
        SavedView.objects.filter(agency=agency, deleted_at__isnull=True)
        .filter(Q(shared=True) | Q(owner=person))
        .select_related("owner")
        .order_by("shared", "name", "id")
    )
    shown = []
    for view in views[: MOST_OWN + MOST_SHARED]:
        kept = choice_of(view)
        count = ""
        if counted:
            number, more = count_chosen(agency, person, kept, most=COUNTED_TO)
            count = f"{number}+" if more else str(number)
        shown.append(
            ShownView(
                view=view,
                address=kept.address,
                open=kept.parameters == choice.parameters,
                count=count,
            )
        )
    return shown


def find_view(agency: Agency, view_id: int) -> SavedView:
    """A view of this agency, deleted ones too. Raises NotFound."""
    view = SavedView.objects.filter(agency=agency, pk=view_id).first()
    if view is None:
        raise NotFound(f"There is no view {view_id} here.")
    return view
