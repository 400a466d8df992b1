"""What the page of a conversation shows: the thread around a post, and the work on it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from levelhead.accounts.models import Agency, Membership, User
from levelhead.analysis.domain import Assessment as Judged
from levelhead.analysis.domain import Label, SafetyHead, Span
from levelhead.doctrine.domain import Decision, Disposition, Priority
from levelhead.doctrine.triage import reason_text, reasons_for
from levelhead.inbox.family import family_of
from levelhead.inbox.judging import triage_rules
from levelhead.inbox.models import Assessment, Case, DecisionChange, Note, Post, PostRevision
from levelhead.kernel.errors import NotFound

# Posts above the one in view; a thread may be 10,000 deep.
ABOVE: Final = 12
# Of these, so many show at once.
NEAR: Final = 2
REPLIES: Final = 40
NOTES: Final = 50
REVISIONS: Final = 20
CHANGES: Final = 20
PEOPLE: Final = 500

# Ends at a depth, so that a circle of parents ends too.
_ABOVE: Final = """
WITH RECURSIVE up (id, parent_id, depth) AS (
  SELECT id, parent_id, 0 FROM inbox_post WHERE id = %s
  UNION ALL
  SELECT p.id, p.parent_id, up.depth + 1 FROM inbox_post p JOIN up ON p.id = up.parent_id
  WHERE up.depth < %s)
SELECT id, depth FROM up WHERE depth > 0 ORDER BY depth DESC"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostPage:
    """Some posts of a thread, and the id behind which the next page begins."""

    posts: list[Post]
    more_after: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    """A post and what stands around it."""

    above: list[Post]
    # More posts above than are shown.
    above_cut: bool
    answers: PostPage
    # The rest of the conversation.
    others: PostPage

    @property
    def far(self) -> list[Post]:
        """Those above that are folded away."""
        return self.above[:-NEAR]

    @property
    def near(self) -> list[Post]:
        """The last ones above, which show at once."""
        return self.above[-NEAR:]


@dataclass(frozen=True, kw_only=True, slots=True)
class WhyHere:
    """Why a case is where it is, in words."""

    reasons: list[str]
    label: str
    # Probability of the label, in percent; None where nothing was assessed.
    percent: int | None
    spans: list[tuple[int, int]]
    changes: list[DecisionChange]
    # Words of the post that spoke for the label, the strongest first.
    terms: list[str] = field(default_factory=list)
    # An invented post that is like this one, and what it is, in words.
    like: tuple[str, str] | None = None


def find_case(agency: Agency, post_id: int) -> Case:
    """The case of a post of this agency. Raises NotFound."""
    case = (
        Case.objects.select_related(
            "post__author",
            "post__channel",
            "post__conversation",
            "post__branch_forecast",
            "channel",
            "owner",
        )
        .defer("post__raw")
        .filter(agency=agency, post_id=post_id)
        .first()
    )
    if case is None:
        raise NotFound(f"There is no post {post_id} here.")
    return case


def _shown(posts: QuerySet[Post]) -> QuerySet[Post]:
    return posts.select_related("author", "case", "channel", "parent__author").defer(
        "raw", "parent__raw", "parent__text", "channel__settings", "channel__sealed_secrets"
    )


def read_thread(post: Post, *, answers_after: int | None, others_after: int | None) -> Thread:
    """The thread around a post; each part a page."""
    with connection.cursor() as cursor:
        cursor.execute(_ABOVE, [post.pk, ABOVE + 1])
        chain = [(row[0], row[1]) for row in cursor.fetchall()]
    shown = [post_id for post_id, depth in chain if depth <= ABOVE and post_id != post.pk]
    by_id = _shown(Post.objects.filter(agency_id=post.agency_id)).in_bulk(shown)
    above = [by_id[post_id] for post_id in dict.fromkeys(shown) if post_id in by_id]
    in_conversation = Post.objects.filter(conversation_id=post.conversation_id)
    return Thread(
        above=above,
        above_cut=any(depth > ABOVE for _, depth in chain),
        answers=_page(in_conversation.filter(parent=post), answers_after),
        others=_page(
            in_conversation.exclude(parent=post).exclude(pk__in=[post.pk, *by_id]), others_after
        ),
    )


def _page(posts: QuerySet[Post], after: int | None) -> PostPage:
    if after:
        posts = posts.filter(pk__gt=after)
    found = list(_shown(posts).order_by("pk")[: REPLIES + 1])
    if len(found) > REPLIES:
        found.pop()
        return PostPage(posts=found, more_after=found[-1].pk)
    return PostPage(posts=found)


def explain_case(case: Case, lang: str) -> WhyHere:
    """The reasons for the decision in the person's language, and where the signs stand."""
    kept = Assessment.objects.filter(post_id=case.pk).first()
    changes = list(
        DecisionChange.objects.filter(case=case).select_related("by").order_by("-id")[:CHANGES]
    )
    rules = triage_rules()
    words = rules.label_words[Label(case.label)]
    label = words.get(lang, words["en"])
    assessed = read_assessment(kept) if kept is not None else None
    if kept is None or assessed is None:
        return WhyHere(
            reasons=[reason_text(case.rule, lang, rules=rules)],
            label=label, percent=None, spans=[], changes=changes,
        )  # fmt: skip
    # A rule or a person may have said otherwise: then the model's number is not about this label.
    agrees = assessed.label.value == case.label
    score = assessed.label_scores.get(case.label) if agrees else None
    reading = _read_reading(kept)
    return WhyHere(
        reasons=reasons_for(assessed, _decision(case), lang, rules=rules),
        label=label,
        percent=round(100 * score) if score is not None else None,
        # Offsets hold for the words that were assessed only.
        spans=(
            [(span.start, span.end) for span in assessed.spans]
            if kept.revision == case.post.revision
            else []
        ),
        changes=changes,
        terms=[str(term) for term, _ in reading.get("terms", [])]
        if agrees or not case.corrected
        else [],
        like=_read_like(reading, case.label, lang),
    )


def _read_reading(kept: Assessment) -> dict[str, Any]:
    try:
        reading = json.loads(kept.scores).get("reading", {})
    except ValueError:
        return {}
    return reading if isinstance(reading, dict) else {}


def _read_like(reading: dict[str, Any], label: str, lang: str) -> tuple[str, str] | None:
    """The example like the post; one of another label explains nothing."""
    like = reading.get("like")
    if not like or like[1] != label:
        return None
    words = triage_rules().label_words[Label(like[1])]
    return str(like[0]), words.get(lang, words["en"])


def read_assessment(kept: Assessment) -> Judged | None:
    """An assessment from its row; None where its form is not known."""
    try:
        scores: dict[str, Any] = json.loads(kept.scores)
        return Judged(
            label=Label(scores["label"]),
            label_scores=scores["label_scores"],
            reply=scores["reply"],
            urgency=scores["urgency"],
            hostility=scores["hostility"],
            crisis=scores["crisis"],
            safety=scores["safety"],
            spans=tuple(
                Span(
                    head=SafetyHead(span["head"]),
                    start=span["start"],
                    end=span["end"],
                    rule=span["rule"],
                )
                for span in scores["spans"]
            ),
            lang="und",
            model=kept.model,
        )
    except (ValueError, KeyError, TypeError):
        return None


def _decision(case: Case) -> Decision:
    return Decision(
        disposition=Disposition(case.disposition),
        priority=Priority(case.priority),
        rule=case.rule,
        rule_version=case.rule_version,
        waits_for=case.waits_for,
        ack_due=case.ack_due,
        substance_due=case.substance_due,
        show_911=case.show_911,
    )


def list_notes(case: Case) -> list[Note]:
    """The last that colleagues noted on the conversation, newest last."""
    shown = case.conversation_id
    notes = Note.objects.filter(
        conversation_id__in=family_of(shown) if case.post.conversation.shape else [shown]
    ).select_related("by")
    return list(notes.order_by("-id")[:NOTES])[::-1]


def list_revisions(post: Post) -> list[PostRevision]:
    """The words that edits replaced, newest first."""
    if post.revision == 1:
        return []
    revisions = PostRevision.objects.filter(post=post).defer("raw")
    return list(revisions.order_by("-number")[:REVISIONS])


def list_colleagues(agency: Agency) -> list[User]:
    """Who can own a case here."""
    members = Membership.objects.filter(agency=agency, active=True, user__is_active=True)
    return [m.user for m in members.select_related("user").order_by("user__name")[:PEOPLE]]
