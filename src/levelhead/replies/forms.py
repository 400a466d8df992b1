"""What a reply form carries."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import get_language

from levelhead.accounts.models import User
from levelhead.inbox.models import Case
from levelhead.replies.actions import LONGEST
from levelhead.replies.checking import Shown, check_draft, show_findings
from levelhead.replies.domain import REASON_LIMIT, find_unfilled

TOKEN_LIMIT = 40
FULL_BY_LIMIT = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyForm:
    """The words and the token that makes the same form sent twice one reply."""

    text: str
    token: str
    # The approved answers that it is written from.
    answer_ids: tuple[int, ...] = ()
    # Why it goes although the reply check holds it.
    all_the_same: str = ""
    # A first word only, and by when the full answer comes, as it was typed.
    holding: bool = False
    full_by: str = ""
    # The colleague's answer, released by the desk, that it is written from.
    research_id: int | None = None

    @property
    def answers(self) -> str:
        """The ids as the form carries them."""
        return " ".join(map(str, self.answer_ids))

    @property
    def unfilled(self) -> list[str]:
        """The parts that are still to fill in."""
        return find_unfilled(self.text)


def new_reply_form(
    *, text: str = "", answer_ids: tuple[int, ...] = (), research_id: int | None = None
) -> ReplyForm:
    """A form with a token of its own: empty, or with the answer that was chosen."""
    return ReplyForm(
        text=text,
        token=secrets.token_urlsafe(18),
        answer_ids=answer_ids,
        research_id=research_id,
    )


def read_reply_form(given: QueryDict) -> ReplyForm:
    """The form as it was sent; the action checks it."""
    text = given.get("text", "").replace("\r\n", "\n")
    research = given.get("research", "")
    return ReplyForm(
        text=text[: LONGEST + 1],
        research_id=(
            int(research)
            if research.isascii() and research.isdigit() and len(research) < 19
            else None
        ),
        token=given.get("form_token", "")[: TOKEN_LIMIT + 1],
        answer_ids=tuple(
            int(one)
            for one in given.get("answers", "")[:200].split()
            if one.isascii() and one.isdigit() and len(one) < 19
        ),
        all_the_same=given.get("all_the_same", "")[: REASON_LIMIT + 1],
        holding=given.get("holding", "") == "yes",
        full_by=given.get("full_by", "")[:FULL_BY_LIMIT],
    )


def show_check(case: Case, form: ReplyForm, *, person: User) -> list[Shown]:
    """What the form shows of the reply check; nothing while there are no words."""
    text = form.text.strip()
    if not text:
        return []
    lang = get_language() or "en"
    return show_findings(check_draft(case, form.text, lang=lang), form.text, person=person)
