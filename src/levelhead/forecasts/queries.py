"""What screens show of branches that may turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import get_language

from levelhead.accounts.models import Agency
from levelhead.analysis.conversation.cues import load_cues
from levelhead.forecasts.models import BranchForecast
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case, Post
from levelhead.kernel import clock

# An older branch has gone one way or the other.
FRESH: Final = timedelta(hours=24)
_QUOTED: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Warned:
    """One thing that warns: the words, and what they do."""

    words: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BranchLine:
    """A branch on a list."""

    case: Case
    percent: int


def warnings_of(case: Case, posts: Sequence[Post]) -> list[Warned]:
    """What warns in the branch that ends with this post; `posts` are those that are shown."""
    # Read together with the case; there is one or none.
    row: BranchForecast | None = getattr(case.post, "branch_forecast", None)
    if row is None:
        return []
    texts = {post.pk: post.text for post in posts}
    lang = (get_language() or "en")[:2]
    rules = {rule.id: rule for rule in load_cues()}
    found: dict[str, Warned] = {}
    for cue in row.cue_list:
        rule = rules.get(cue.cue)
        if rule is not None:
            words = texts.get(cue.post_id, "")[cue.start : cue.end][:_QUOTED]
            found.setdefault(rule.id, Warned(words=words, why=rule.why.get(lang, rule.why["en"])))
    return list(found.values())


def list_branches(agency: Agency, *, limit: int) -> list[BranchLine]:
    """Branches of the last day that may turn and that nobody has dealt with."""
    return _lines(BranchForecast.objects.filter(agency=agency), limit)


def list_branches_of(
    agency: Agency, conversations: Sequence[int], *, limit: int
) -> list[BranchLine]:
    """Those of some conversations."""
    if not conversations:
        return []
    rows = BranchForecast.objects.filter(agency=agency, conversation_id__in=conversations)
    return _lines(rows, limit)


def _lines(rows: QuerySet[BranchForecast], limit: int) -> list[BranchLine]:
    found = (
        rows.filter(at__gte=clock.now() - FRESH, post__case__state=CaseState.OPEN.value)
        .select_related("post__case__post__author", "post__case__channel")
        .defer("post__raw", "post__case__post__raw")
        .order_by("-percent", "-post_id")
    )
    return [BranchLine(case=row.post.case, percent=row.percent) for row in found[:limit]]
