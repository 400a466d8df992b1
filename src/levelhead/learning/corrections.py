"""What people of the desk said otherwise, and what they left as it was: read from the inbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from levelhead.accounts.models import Agency
from levelhead.analysis.domain import Label
from levelhead.inbox.domain import CaseState, Visibility
from levelhead.inbox.models import Case, DecisionChange, Post, PostRevision
from levelhead.learning.domain import MOST_CORRECTIONS, MOST_KEPT

# Changes looked through for the newest corrections: most cases are changed once.
_MOST_CHANGES = 4 * MOST_CORRECTIONS
# Ids in one question to the database.
_PIECE = 500
_HANDLED = (CaseState.ANSWERED, CaseState.STOOD, CaseState.CLOSED)
_LABELS = frozenset(label.value for label in Label)


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """A post that a person labelled otherwise than the desk: the last word counts."""

    post_id: int
    # As it was when it was corrected.
    text: str
    parent_text: str | None
    lang: str
    label_before: str
    label_after: str
    # E-mail address.
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptPost:
    """A post that people dealt with and left as it was labelled."""

    post_id: int
    text: str
    parent_text: str | None
    lang: str
    label: str


def count_corrections(agency: Agency) -> int:
    """How many there are to learn from; at most MOST_CORRECTIONS."""
    return len(_last_words(agency))


def _last_words(agency: Agency) -> dict[int, tuple[str, DecisionChange]]:
    """Case -> the desk's label and the last change, newest first, where they differ."""
    changes = (
        DecisionChange.objects.filter(agency=agency)
        .exclude(case__state=CaseState.OWN)
        .only("id", "case_id", "label_before", "label_after", "at", "reason", "by_id")
        .order_by("-id")[:_MOST_CHANGES]
    )
    first: dict[int, str] = {}
    last: dict[int, DecisionChange] = {}
    for change in changes:
        last.setdefault(change.case_id, change)
        first[change.case_id] = change.label_before
    found = [
        (case_id, (first[case_id], change))
        for case_id, change in last.items()
        if change.label_after != first[case_id] and change.label_after in _LABELS
    ]
    return dict(found[:MOST_CORRECTIONS])


def list_corrections(agency: Agency) -> Iterator[Correction]:
    """The newest corrections first, at most MOST_CORRECTIONS; posts without words are left out."""
    words = _last_words(agency)
    for piece in _pieces(list(words)):
        posts = _posts(piece)
        edited = [n for n in piece if n in posts and posts[n].revision > 1]
        revisions: dict[int, list[PostRevision]] = {}
        for revision in PostRevision.objects.filter(post_id__in=edited).order_by("number"):
            revisions.setdefault(revision.post_id, []).append(revision)
        people = dict(
            DecisionChange.objects.filter(
                pk__in=[words[case_id][1].pk for case_id in piece]
            ).values_list("case_id", "by__email")
        )
        for case_id in piece:
            post = posts.get(case_id)
            if post is None:
                continue
            before, change = words[case_id]
            # Words that an edit replaced later are what the person had before them.
            text = next(
                (r.text for r in revisions.get(case_id, ()) if r.replaced_at > change.at), post.text
            )
            if text.strip():
                yield Correction(
                    post_id=case_id,
                    text=text,
                    parent_text=post.parent.text if post.parent else None,
                    lang=post.lang,
                    label_before=before,
                    label_after=change.label_after,
                    by=people.get(case_id, ""),
                    at=change.at,
                    reason=change.reason,
                )


def list_kept(agency: Agency) -> list[KeptPost]:
    """The newest posts that people dealt with without changing what they are."""
    newest: list[tuple[int, str]] = []
    for state in _HANDLED:
        # Not one question for all: each uses the index on agency and state.
        newest += (
            Case.objects.filter(agency=agency, state=state, corrected=False)
            .order_by("-pk")
            .values_list("pk", "label")[:MOST_KEPT]
        )
    labels = dict(sorted(newest, reverse=True)[:MOST_KEPT])
    found = []
    for piece in _pieces(list(labels)):
        posts = _posts(piece)
        found += [
            KeptPost(
                post_id=n,
                text=posts[n].text,
                parent_text=parent.text if (parent := posts[n].parent) else None,
                lang=posts[n].lang,
                label=labels[n],
            )
            for n in piece
            # A post that disappeared was closed by nobody.
            if n in posts
            and posts[n].visibility == Visibility.VISIBLE
            and posts[n].text.strip()
            and labels[n] in _LABELS
        ]
    return found


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _PIECE):
        yield ids[start : start + _PIECE]


def _posts(ids: Sequence[int]) -> dict[int, Post]:
    rows = Post.objects.filter(pk__in=ids).select_related("parent")
    wanted = rows.only("id", "text", "lang", "revision", "visibility", "parent__id", "parent__text")
    return {post.pk: post for post in wanted}
