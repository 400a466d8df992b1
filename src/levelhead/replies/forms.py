"""What a reply form carries."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import get_language

from levelhead.accounts.models import User
from levelhead.doctrine.reply.domain import Finding, RuleName
from levelhead.inbox.models import Case
from levelhead.kernel.text import without_overrides
from levelhead.knowledge.domain import AnswerState
from levelhead.knowledge.models import Answer
from levelhead.knowledge.outcomes import originals_of
from levelhead.replies.checking import Shown, check_draft, show_findings
from levelhead.replies.domain import REASON_LIMIT, TYPED, find_sentence, find_unfilled
from levelhead.replies.limits import offer_for, with_limit
from levelhead.replies.models import Reply
from levelhead.replies.parts import MOST_PARTS
from levelhead.replies.queries import find_way_out
from levelhead.replies.standing import Standing, standing_of

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
    # As how many posts it was shown to leave.
    posts: int = 1
    # The scheduled reply that it takes the place of.
    scheduled_id: int | None = None

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
        text=without_overrides(text),
        token=secrets.token_urlsafe(18),
        answer_ids=answer_ids,
        research_id=research_id,
    )


def form_again(reply: Reply) -> ReplyForm:
    """The words of a reply that was taken back or did not leave, to be sent anew."""
    return ReplyForm(
        text=reply.written,
        token=secrets.token_urlsafe(18),
        answer_ids=tuple(reply.answers_used.values_list("answer_id", flat=True)),
        holding=reply.holding,
        full_by=_typed(reply.full_answer_due),
    )


def _without_approved(
    found: list[Finding], text: str, agency_id: int, answer_ids: tuple[int, ...]
) -> list[Finding]:
    """Without the wish for a source where an approved answer says the sentence: that is one."""
    if not answer_ids or all(one.rule is not RuleName.SOURCE_MISSING for one in found):
        return found
    answers = Answer.objects.filter(
        agency_id=agency_id, pk__in=answer_ids[:10], state=AnswerState.APPROVED.value
    )
    originals = [" ".join(one.split()) for answer in answers for one in originals_of(answer)]

    def is_approved(finding: Finding) -> bool:
        start, end = find_sentence(text, *finding.span)
        sentence = " ".join(text[start:end].split())
        return any(sentence in original for original in originals)

    return [one for one in found if one.rule is not RuleName.SOURCE_MISSING or not is_approved(one)]


def _typed(moment: datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""


def read_reply_form(given: QueryDict) -> ReplyForm:
    """The form as it was sent; the action checks it."""
    text = without_overrides(given.get("text", "").replace("\r\n", "\n"))
    research, scheduled = given.get("research", ""), given.get("scheduled", "")
    return ReplyForm(
        text=text[:TYPED],
        research_id=(
            int(research)
            if research.isascii() and research.isdigit() and len(research) < 19
            else None
        ),
        scheduled_id=(
            int(scheduled)
            if scheduled.isascii() and scheduled.isdigit() and len(scheduled) < 19
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
        posts=_read_posts(given.get("posts", "")),
        full_by=given.get("full_by", "")[:FULL_BY_LIMIT],
    )


def _read_posts(text: str) -> int:
    return int(text) if text in {str(number) for number in range(1, MOST_PARTS + 1)} else 1


def show_check(
    case: Case, form: ReplyForm | None, *, person: User, standing: Standing | None = None
) -> list[Shown]:
    """What the form shows of the reply check; only the limit while there are no words."""
    standing = standing or standing_of(case)
    text = form.text if form is not None else ""
    lang = get_language() or "en"
    offer = offer_for(case, standing.choice)
    if form is None or not text.strip():
        found = with_limit([], "", replies=standing.replies, offer=offer)
        return show_findings(found, text, person=person, offer=offer)
    found = check_draft(case, text, lang=lang, person=person, standing=standing)
    if find_way_out(case).threads:
        # What is too long for one post goes as several; the form says how many, or why not.
        found = [finding for finding in found if finding.rule is not RuleName.TOO_LONG]
    found = _without_approved(found, text, case.agency_id, form.answer_ids)
    return show_findings(found, text, person=person, offer=offer)
