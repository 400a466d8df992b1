"""What the page of a conversation shows of drafts by a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.functional import Promise

from levelhead.accounts.access import AgencyRequest
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency
from levelhead.drafting.domain import MadeState
from levelhead.drafting.grounding import draft_language, has_grounds
from levelhead.drafting.models import DraftingChoice, MadeDraft
from levelhead.drafting.wording import KINDS, STRUCK, TROUBLES
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.knowledge.finding import offer_answers
from levelhead.replies.forms import ReplyForm, new_reply_form

_SHOWN = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceShown:
    """A source, with where it can be opened."""

    number: int
    kind: str | Promise
    title: str
    text: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StruckShown:
    """A sentence that was taken out, and why."""

    text: str
    why: str | Promise
    what: str


@dataclass(kw_only=True, slots=True)
class MadeShown:
    """A draft that was asked for, as screens show it."""

    made: MadeDraft
    # Those that what was kept stands on; those that were sent along.
    sources: list[SourceShown] = field(default_factory=list)
    given: int = 0
    struck: list[StruckShown] = field(default_factory=list)
    # Sentences whose source is in another language.
    translated: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Where it stands; one whose process died is over."""
        if self.made.state == MadeState.ASKING and self.made.deadline_at < clock.now():
            return MadeState.FAILED.value
        return self.made.state

    @property
    def answers(self) -> str:
        """The approved answers that it stands on, as the reply form carries them."""
        return " ".join(map(str, answers_in(self.made)))

    @property
    def trouble(self) -> str | Promise:
        """Why there is none."""
        return TROUBLES.get(self.made.trouble or "stopped", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Drafting:
    """Drafts by a model at a case."""

    # Whether one can be asked for here.
    may_ask: bool
    # Why not, where it is on and the person may: "language" or "sources".
    why_not: str
    # One's own newest, unless it was cancelled or has been sent; else a colleague's that is ready.
    current: MadeShown | None
    # Whether words of drafts wait for somebody to say that they are right.
    unread: bool
    # Replies that were written from one, the newest first.
    sent: list[MadeShown]


def drafting_of(
    request: AgencyRequest, case: Case, answers: Sequence[object] | None = None
) -> Drafting | None:
    """None where the agency never turned drafting on; else two queries, four at most.

    `answers` are the approved answers that fit, where the page has them at hand.
    """
    if not request.agency.drafts:
        return None
    choice = DraftingChoice.objects.filter(agency=request.agency).first()
    if choice is None:
        return None
    rows = list(
        MadeDraft.objects.filter(case=case)
        .select_related("by", "reply__by", "read_by")
        .order_by("-pk")[:_SHOWN]
    )
    may_reply = request.member.may(Ability.REPLY)
    current = _current(rows, request.person.pk) if may_reply else None
    why_not = _why_not(request, case, choice, answers) if choice.on and may_reply else "off"
    return Drafting(
        may_ask=not why_not,
        why_not=why_not,
        current=show_made(current, request.agency) if current is not None else None,
        unread=any(_waits(one) and one.read_by_id is None for one in rows),
        sent=[show_made(one, request.agency) for one in rows if one.reply_id is not None],
    )


def _waits(made: MadeDraft) -> bool:
    return made.state == MadeState.READY and made.reply_id is None


def _current(rows: Sequence[MadeDraft], person_id: int) -> MadeDraft | None:
    mine = next((one for one in rows if one.by_id == person_id), None)
    if mine is not None and mine.reply_id is None and mine.state != MadeState.CANCELLED:
        return mine
    # Its words may be in the form by way of a draft that was handed over.
    return next((one for one in rows if _waits(one)), None)


def _why_not(
    request: AgencyRequest, case: Case, choice: DraftingChoice, answers: Sequence[object] | None
) -> str:
    if draft_language(case) not in choice.languages:
        return "language"
    if answers is None:
        answers = offer_answers(
            request.agency, text=case.post.text, lang=draft_language(case)
        ).answers
    return "" if answers or has_grounds(case) else "sources"


def drafted_form(request: AgencyRequest, drafting: Drafting | None) -> ReplyForm | None:
    """The form with the model's draft in it, for a page without scripts that asked for it."""
    current = drafting.current if drafting is not None else None
    if current is None or current.state != MadeState.READY:
        return None
    if request.GET.get("drafted") != str(current.made.pk):
        return None
    return new_reply_form(text=current.made.text, answer_ids=answers_in(current.made))


def answers_in(made: MadeDraft) -> tuple[int, ...]:
    """The approved answers that what was kept stands on: their uses are counted at sending."""
    used = _used(made)
    return tuple(
        int(one["id"]) for one in made.sources if one["kind"] == "answer" and one["number"] in used
    )


def _used(made: MadeDraft) -> set[int]:
    return {number for one in made.sentences if not one["struck"] for number in one["cites"]}


def show_made(made: MadeDraft, agency: Agency) -> MadeShown:
    """A draft with its sources and what was struck."""
    used = _used(made)
    return MadeShown(
        made=made,
        sources=[
            SourceShown(
                number=one["number"], kind=KINDS[one["kind"]], title=one["title"],
                text=one["text"], address=_address(one, made, agency),
            )
            for one in made.sources
            if one["number"] in used
        ],
        given=len(made.sources),
        struck=[
            StruckShown(text=one["text"], why=STRUCK.get(one["struck"], ""), what=one["what"])
            for one in made.sentences
            if one["struck"]
        ],
        translated=[
            one["text"] for one in made.sentences if one["translated"] and not one["struck"]
        ],
    )  # fmt: skip


def _address(source: dict[str, str], made: MadeDraft, agency: Agency) -> str:
    if source["kind"] == "answer":
        return reverse("answer", args=[agency.slug, int(source["id"])])
    if source["kind"] == "research":
        return reverse("question", args=[agency.slug, int(source["id"])])
    if source["kind"] == "fact":
        return reverse("issue-fact-sheet", args=[agency.slug, int(source["within"])])
    return ""
