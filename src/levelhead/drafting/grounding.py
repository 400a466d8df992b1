"""What a draft may stand on: approved answers, facts, released answers, the agency's contacts."""

from __future__ import annotations

from dataclasses import dataclass

from levelhead.accounts.models import Agency
from levelhead.drafting.domain import (
    LANGUAGES,
    MOST_ABOVE,
    MOST_SOURCES,
    POST_LIMIT,
    SOURCE_LIMIT,
    Sends,
    Source,
    SourceKind,
)
from levelhead.drafting.masking import mask
from levelhead.drafting.models import DraftingChoice
from levelhead.inbox.domain import Visibility
from levelhead.inbox.family import family_of
from levelhead.inbox.models import Case, Post
from levelhead.inbox.thread import read_thread
from levelhead.issues.domain import FactState, IssueState
from levelhead.issues.models import IssueFact
from levelhead.issues.queries import FACTS_FOR_REPLY
from levelhead.kernel.text import clean_text
from levelhead.knowledge.finding import language_of, offer_answers
from levelhead.knowledge.models import Answer
from levelhead.research.domain import RequestState
from levelhead.research.models import ResearchRequest

_RESEARCH = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Grounds:
    """What a request for a draft carries."""

    lang: str
    sources: tuple[Source, ...]
    # (who, masked text), from the top of the thread to the post that is answered.
    posts: tuple[tuple[str, str], ...]


def draft_language(case: Case) -> str:
    """The language in which a post is answered; "und" counts as English."""
    return language_of(case.post.lang)


def find_grounds(case: Case, agency: Agency, choice: DraftingChoice) -> Grounds:
    """All that may be said, numbered, and the thread without what identifies people."""
    lang = draft_language(case)
    found = [
        *_answers(case, agency, lang),
        *_facts(case),
        *_research(case),
        *_contact(choice),
    ][:MOST_SOURCES]
    sources = tuple(
        Source(
            number=number, kind=kind, id=row_id, title=clean_text(title, 200),
            text=clean_text(text, SOURCE_LIMIT), version=version, within=within,
        )
        for number, (kind, row_id, title, text, version, within) in enumerate(found, 1)
    )  # fmt: skip
    return Grounds(
        lang=lang if lang in LANGUAGES else "en",
        sources=sources,
        posts=_posts(case, choice, [one.text for one in sources]),
    )


def has_grounds(case: Case) -> bool:
    """Whether there is a fact or a released answer; approved answers the page knows itself."""
    return bool(_research(case) or _facts(case))


# Kind, id, title, text, version, the issue of a fact.
Found = tuple[SourceKind, int, str, str, int, int]


def _answers(case: Case, agency: Agency, lang: str) -> list[Found]:
    offered = offer_answers(agency, text=case.post.text, lang=lang).answers
    versions = dict(
        Answer.objects.filter(agency=agency, pk__in=[one.id for one in offered]).values_list(
            "pk", "version"
        )
        if offered
        else ()
    )
    return [
        (SourceKind.ANSWER, one.id, one.title, one.text, versions.get(one.id, 0), 0)
        for one in offered
    ]


def _facts(case: Case) -> list[Found]:
    """As `issues.queries.facts_for`, with what a source must say of itself."""
    rows = (
        IssueFact.objects.filter(
            agency_id=case.agency_id,
            state=FactState.APPROVED.value,
            issue__state=IssueState.OPEN.value,
            issue__conversation_links__conversation_id__in=family_of(case.conversation_id),
        )
        .order_by("-pk")
        .values_list("pk", "issue_id", "issue__name", "text")
        .distinct()[:FACTS_FOR_REPLY]
    )
    return [(SourceKind.FACT, pk, name, text, 0, issue) for pk, issue, name, text in rows]


def _research(case: Case) -> list[Found]:
    rows = (
        ResearchRequest.objects.filter(
            agency_id=case.agency_id,
            case__conversation_id=case.conversation_id,
            state__in=[RequestState.RELEASED.value, RequestState.POSTED.value],
        )
        .order_by("-pk")
        .values_list("pk", "question", "released_text", "version")[:_RESEARCH]
    )
    return [
        (SourceKind.RESEARCH, pk, question[:80], text, version, 0)
        for pk, question, text, version in rows
        if text.strip()
    ]


def _contact(choice: DraftingChoice) -> list[Found]:
    return [(SourceKind.CONTACT, 0, "", choice.contact, 0, 0)] if choice.contact.strip() else []


def _posts(case: Case, choice: DraftingChoice, known: list[str]) -> tuple[tuple[str, str], ...]:
    """Only what the public can see leaves: a post of another kind than visible does not."""
    above: list[Post] = []
    if choice.sends == Sends.THREAD:
        above = read_thread(case.post, answers_after=None, others_after=None).above[-MOST_ABOVE:]
    shown = [one for one in [*above, case.post] if one.visibility == Visibility.VISIBLE]
    names = {
        name
        for one in shown
        if one.author is not None and not one.from_agency
        for name in (one.author.name, one.author.handle)
        if name
    }
    return tuple(
        (
            "agency" if one.from_agency else "resident",
            mask(one.text[:POST_LIMIT], names=names, known=known),
        )
        for one in shown
    )
