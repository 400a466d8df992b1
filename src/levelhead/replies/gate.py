"""What may hold a reply at the door: asked by `send_reply`, so that no way out goes round it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import transaction

from levelhead.accounts.models import User
from levelhead.inbox.models import Case
from levelhead.kernel.errors import Conflict
from levelhead.replies.models import Reply


class Waits(Conflict):
    """The reply was not sent: it waits for somebody else's word, and that was kept.

    A caller that knows nothing of it treats it as any conflict: nothing was sent, and the message
    says what happens next.
    """

    code = "waits_for_approval"

    def __init__(self, message: str, *, request_id: int) -> None:
        super().__init__(message, approval=str(request_id))
        self.request_id = request_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A reply that is whole and allowed, before it is written to the outbox; its case is locked."""

    case: Case
    text: str
    by: User
    form_token: str
    answer_ids: Sequence[int]
    holding: bool
    full_answer_due: datetime | None
    # As the record is to say it: rules of the reply check, and why it goes all the same.
    overruled: Mapping[str, object]
    # As how many posts the author agreed that it may leave.
    posts: int = 1


class Door(Protocol):
    """One look at whether replies of an agency are held; all within the sending transaction."""

    def hold(self, outgoing: Outgoing) -> Waits | None:
        """Keep the reply and say that it waits; None lets it go. May raise to refuse it."""

    def let_out(self, reply: Reply) -> None:
        """The reply is on its way."""

    def hold_retry(self, reply: Reply) -> None:
        """Raise where a reply that failed may not be tried again as it is."""


# Gives the door of an agency, or None where nothing holds; raises Waits for a form that waits.
Keeper = Callable[[int, str], Door | None]
_keepers: list[Keeper] = []


def keep_door(keeper: Keeper) -> None:
    """Have `keeper` asked before every reply."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def open_doors(agency_id: int, form_token: str) -> list[Door]:
    """The doors that a reply of this agency has to pass. Raises Waits where its form waits."""
    return [door for keeper in _keepers if (door := keeper(agency_id, form_token)) is not None]


def hold(doors: Sequence[Door], outgoing: Outgoing) -> Waits | None:
    """The first word that holds it."""
    return next((waits for door in doors if (waits := door.hold(outgoing)) is not None), None)


def would_wait(doors: Sequence[Door], outgoing: Outgoing) -> Waits | None:
    """The word that would hold it if it left now; nobody is asked, nothing is kept."""
    if not doors:
        return None
    with transaction.atomic():
        waits = hold(doors, outgoing)
        transaction.set_rollback(True)
    return waits


def let_out(doors: Sequence[Door], reply: Reply) -> None:
    """Tell the doors that it left."""
    for door in doors:
        door.let_out(reply)
