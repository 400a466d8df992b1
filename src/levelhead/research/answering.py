"""What a colleague does by the link or by mail: answers once, or names somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.research.actions import check_email, pass_on, policy_of
from levelhead.research.domain import ANSWER_LIMIT, REASON_LIMIT, RequestState
from levelhead.research.files import Given, KeptFile, add_rows, keep_files
from levelhead.research.models import ResearchRequest
from levelhead.research.recording import lock_row, move, read_text, save, stop_mails

# So many hands may hold one question in turn without the desk's word; then the desk is asked.
PASSED_ON_AT_MOST = 3
COLLEAGUE = "colleague"


class LinkClosedError(Conflict):
    """The link opens nothing any more."""

    code = "link_closed"


def answer_by_link(
    *, request: ResearchRequest, link_number: int, text: str, files: Sequence[Given]
) -> ResearchRequest:
    """Take an answer from whoever holds the link. Raises Invalid, LinkClosedError."""
    text = read_answer(text)
    kept = keep_files(request, files)
    if not text and not kept:
        raise Invalid(_("Write the answer, or attach a file, first."))
    with transaction.atomic():
        locked = lock_open_link(request, link_number)
        return take_answer(locked, text=text, files=kept, sender=locked.to_email, way="link")


def take_answer(
    locked: ResearchRequest, *, text: str, files: Sequence[KeptFile], sender: str, way: str
) -> ResearchRequest:
    """Put an answer down on a locked request. In the caller's transaction."""
    move(locked, RequestState.ANSWERED)
    locked.answer, locked.answered_at, locked.answered_by = text, clock.now(), sender
    locked.bounced_at = None
    stop_mails(locked)
    rows = add_rows(locked, files)
    return save(
        locked,
        "colleague:research:answered",
        actor=COLLEAGUE,
        payload={
            "answer": text,
            "from": sender,
            "way": way,
            "files": [{"name": row.name, "sha256": row.sha256, "size": row.size} for row in rows],
        },
    )


def not_mine(
    *, request: ResearchRequest, link_number: int, to_email: str, note: str
) -> ResearchRequest:
    """The colleague names somebody else: the desk is asked, or it goes on by the agency's choice.

    Raises Invalid, LinkClosedError.
    """
    to_email = check_email(to_email)
    note = read_text(note, REASON_LIMIT)
    with transaction.atomic():
        locked = lock_open_link(request, link_number)
        if to_email.lower() == locked.to_email.lower():
            raise Invalid(_("That is the address that was asked. Give somebody else's."))
        sender = locked.to_email
        locked.proposed_email, locked.proposed_note = to_email, note
        if policy_of(locked.agency).passes_on and locked.link_number <= PASSED_ON_AT_MOST:
            return pass_on(request=locked, to_email=to_email, to_name="", by=None, actor=COLLEAGUE)
        if locked.state != RequestState.NOT_MINE:
            move(locked, RequestState.NOT_MINE)
        stop_mails(locked)
        return save(
            locked,
            "colleague:research:not_mine",
            actor=COLLEAGUE,
            payload={"from": sender, "ask": to_email, "reason": note},
        )


def lock_open_link(request: ResearchRequest, link_number: int) -> ResearchRequest:
    """The request, locked, if its link is open still. In the caller's transaction."""
    locked = lock_row(request.pk, agency_id=request.agency_id)
    if not locked.link_is_live or locked.link_number != link_number:
        raise LinkClosedError(
            _("This link is closed by now; nothing was sent. Copy your words before you leave.")
        )
    return locked


def read_answer(text: str) -> str:
    """An answer that was typed. Raises Invalid where it is too long."""
    return read_text(text, ANSWER_LIMIT)
