"""Who is at a case and what they have written so far, as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

from levelhead.accounts.access import AgencyRequest
from levelhead.accounts.domain import Ability
from levelhead.drafts.forms import read_typed
from levelhead.drafts.models import Draft
from levelhead.drafts.queries import list_open_drafts
from levelhead.inbox.models import Case
from levelhead.presence.domain import BEAT_SECONDS, PenState
from levelhead.presence.queries import Here, who_is_here
from levelhead.replies.forms import ReplyForm, new_reply_form
from levelhead.replies.queries import find_way_out


@dataclass(kw_only=True, slots=True)
class Writing:
    """The people and the drafts at a case, seen by one person."""

    here: Here
    # One's own that are open, the last used first; a colleague's that have words.
    mine: list[Draft] = field(default_factory=list)
    theirs: list[Draft] = field(default_factory=list)
    # The one in the form; None where the form begins anew.
    current: Draft | None = None
    # Whether there is a form to write in.
    form_open: bool = False
    beat_seconds: int = BEAT_SECONDS

    @property
    def locked(self) -> bool:
        """Whether somebody else holds the pen."""
        return self.here.pen is PenState.THEIRS

    @property
    def so_far(self) -> Draft | None:
        """What the colleague who writes has so far."""
        if not self.locked or self.here.writer is None:
            return None
        writer = self.here.writer.pk
        return next((draft for draft in self.theirs if draft.owner_id == writer), None)

    @property
    def tabs(self) -> list[Draft]:
        """One's own, in the order in which they were begun."""
        return sorted(self.mine, key=lambda draft: draft.pk)

    @property
    def others(self) -> list[Draft]:
        """Drafts of colleagues who do not write just now."""
        shown = self.so_far
        return [draft for draft in self.theirs if draft is not shown]

    def resume(self) -> ReplyForm | None:
        """The form with the draft that was used last in it; None where there is none."""
        if not self.mine or not self.form_open:
            return None
        self.current = self.mine[0]
        return new_reply_form(
            text=self.current.text,
            answer_ids=tuple(int(one) for one in self.current.answers.split()),
            research_id=self.current.research,
        )


def show_writing(request: AgencyRequest, case: Case) -> Writing:
    """Three short queries at most; drafts are for those who work at the desk."""
    here = who_is_here(case, request.person)
    may_reply = request.member.may(Ability.REPLY)
    found = list_open_drafts(case) if request.member.may(Ability.WORK) or may_reply else []
    mine = [draft for draft in found if draft.owner_id == request.person.pk]
    given = read_typed(request.POST)
    current = next((draft for draft in mine if _is_of(draft, given.draft_id, given.key)), None)
    return Writing(
        here=here,
        mine=mine,
        theirs=[d for d in found if d.owner_id != request.person.pk and d.text.strip()],
        current=current,
        form_open=may_reply and not find_way_out(case).closed,
    )


def _is_of(draft: Draft, draft_id: int | None, key: str) -> bool:
    return draft.pk == draft_id or bool(key and draft.key == key)
