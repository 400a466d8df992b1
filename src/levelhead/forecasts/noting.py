"""What the worker's watch does with answers: it looks ahead in the branch that each one ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection

from levelhead.analysis.conversation.domain import Turn
from levelhead.analysis.conversation.forecast import Assessor, forecast
from levelhead.forecasts.domain import TURNS, keep_cues, may_turn
from levelhead.forecasts.models import BranchForecast
from levelhead.inbox.domain import Visibility
from levelhead.inbox.models import Post
from levelhead.kernel import clock
from levelhead.live.actions import announce

# Conversations that one event names; a screen that shows another is told by what comes next.
TOLD: Final = 50
# The branch above each of several posts, no further than is looked at.
_BRANCHES = """
WITH RECURSIVE up (leaf, id, parent_id, depth) AS (
  SELECT id, id, parent_id, 0 FROM inbox_post WHERE id IN ({})
  UNION ALL
  SELECT up.leaf, p.id, p.parent_id, up.depth + 1
  FROM inbox_post p JOIN up ON p.id = up.parent_id WHERE up.depth < %s)
SELECT leaf, id FROM up ORDER BY leaf, depth DESC"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ahead:
    """What was seen in some branches, to be written down."""

    # Posts that were answered: no ends of branches any more.
    answered: set[int]
    rows: list[BranchForecast]


def look_ahead(*, agency_id: int, post_ids: Sequence[int], assessor: Assessor) -> Ahead:
    """Look ahead from each of these posts that answers another; nothing is written.

    A post that was answered since is no end of a branch.
    """
    answers = {
        pk: (parent, conversation)
        for pk, parent, conversation in Post.objects.filter(
            pk__in=list(post_ids), parent__isnull=False
        ).values_list("pk", "parent_id", "conversation_id")
    }
    above = {parent for parent, _ in answers.values()}
    branches = _read_branches([pk for pk in answers if pk not in above])
    found = forecast([turns for _, turns in branches.values()], assessor=assessor)
    rows = [
        BranchForecast(
            agency_id=agency_id,
            post_id=leaf,
            conversation_id=answers[leaf][1],
            percent=round(one.derails * 100),
            cues=json.dumps([[c.cue, c.post_id, c.start, c.end] for c in keep_cues(one, path)]),
            at=clock.now(),
        )
        for (leaf, (path, turns)), one in zip(branches.items(), found, strict=True)
        if may_turn(turns, one)
    ]
    return Ahead(answered=above, rows=rows)


def write_ahead(agency_id: int, ahead: Ahead) -> None:
    """Keep what was seen, and tell the screens; in the caller's transaction."""
    if ahead.answered:
        BranchForecast.objects.filter(post_id__in=ahead.answered).delete()
    if not ahead.rows:
        return
    BranchForecast.objects.bulk_create(
        ahead.rows, update_conflicts=True, unique_fields=["post"],
        update_fields=["percent", "cues", "at", "conversation"],
    )  # fmt: skip
    conversations = sorted({str(row.conversation_id) for row in ahead.rows})
    announce(
        agency_id=agency_id,
        kind="forecast.changed",
        payload={"conversations": conversations[:TOLD]},
    )


def _read_branches(leaves: Sequence[int]) -> dict[int, tuple[list[int], list[Turn]]]:
    """Leaf -> the posts of its branch from the top, and their words."""
    if not leaves:
        return {}
    with connection.cursor() as cursor:
        # Only the number of places comes from outside.
        cursor.execute(
            _BRANCHES.format(", ".join(["%s"] * len(leaves))),
            [*leaves, TURNS - 1],
        )
        pairs = cursor.fetchall()
    posts = {
        pk: (text, f"us:{agency}" if ours else f"them:{author}")
        for pk, text, author, ours, agency in Post.objects.filter(
            pk__in={pk for _, pk in pairs}, visibility=Visibility.VISIBLE
        ).values_list("pk", "text", "author_id", "from_agency", "agency_id")
    }
    branches: dict[int, tuple[list[int], list[Turn]]] = {}
    for leaf, pk in pairs:
        path, turns = branches.setdefault(leaf, ([], []))
        if pk in posts:
            path.append(pk)
            turns.append(Turn(text=posts[pk][0], author=posts[pk][1]))
    return {leaf: branch for leaf, branch in branches.items() if branch[0][-1:] == [leaf]}
