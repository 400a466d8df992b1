"""What came after an answer was used: looked at for a week, counted for the answer alone.

Nothing is kept of the person who asked: each use carries four yes or no.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from levelhead.analysis.domain import Label
from levelhead.channels.models import OutboxState
from levelhead.inbox.domain import ASKING, Visibility
from levelhead.inbox.models import Post
from levelhead.kernel import clock
from levelhead.knowledge.domain import PART
from levelhead.knowledge.models import Answer, AnswerUse
from levelhead.records.domain import time_text
from levelhead.records.models import RecordEvent

# So long what follows counts as coming from the answer.
WATCHED: Final = timedelta(days=7)
# A use is looked at so often, and so many in one round.
EVERY: Final = timedelta(hours=1)
ROUND: Final = 50
# Posts of a thread, or of a person, that are read after a use.
_AFTERWARDS: Final = 100
# As hostile as this a later post of the thread turns on somebody: insulting and up.
HOSTILE: Final = 0.6
_REOPENED: Final = "person:case:reopened"
_COMPARED: Final = 4_000
_THREAD_LABELS: Final = (Label.ABUSE.value, Label.REMOVABLE.value)


def measure_change(said: str, originals: Iterable[str]) -> int | None:
    """How much of the nearest original was changed, in whole percents; parts filled in are none."""
    words = said[:_COMPARED].split()
    nearest: float | None = None
    for original in originals:
        rows = PART.sub(" ", original)[:_COMPARED].split()
        if not rows:
            continue
        # Blocks that stand in both, against the longer one: an added greeting changes little.
        alike = difflib.SequenceMatcher(None, rows, words, autojunk=False)
        same = sum(block.size for block in alike.get_matching_blocks())
        share = same / max(len(rows), len(words))
        nearest = share if nearest is None else max(nearest, share)
    return None if nearest is None else round(100 * (1 - nearest))


def originals_of(answer: Answer) -> list[str]:
    """Everything that an answer may have been sent as."""
    return [
        *(text for _, text in answer.texts_in_order),
        *(text for _, _, text in answer.forms_in_order),
    ]


def look_after_uses() -> bool:
    """Look at what came after some uses; gives whether there may be more to look at now."""
    now = clock.now()
    due = AnswerUse.objects.filter(look_at__isnull=False, look_at__lte=now)
    uses = list(
        due.select_related("reply__outbox_item", "reply__case__post").order_by("look_at")[:ROUND]
    )
    for use in uses:
        _look(use)
    return len(uses) == ROUND


def _look(use: AnswerUse) -> None:
    now = clock.now()
    item = use.reply.outbox_item
    over = now >= use.at + WATCHED
    if item.state == OutboxState.SENT and item.sent_at is not None:
        over = now >= item.sent_at + WATCHED
        found = _read(use)
    else:
        found = {}
    with transaction.atomic():
        AnswerUse.objects.filter(pk=use.pk, look_at=use.look_at).update(
            look_at=None if over else now + EVERY,
            # What was seen once stays seen: a post may be taken down meanwhile.
            **{name: True for name, seen in found.items() if seen},
        )


def _read(use: AnswerUse) -> dict[str, bool]:
    case = use.reply.case
    since = use.reply.outbox_item.sent_at or use.at
    later = Post.objects.filter(
        agency_id=use.agency_id, from_agency=False, visibility=Visibility.VISIBLE,
        received_at__gt=since, received_at__lte=since + WATCHED,
    ).exclude(pk=case.pk)  # fmt: skip
    thread = list(
        later.filter(conversation_id=case.conversation_id)
        .order_by("pk")
        .values_list("author_id", "case__label", "case__hostility")[:_AFTERWARDS]
    )
    author = case.post.author_id
    own = [label for by, label, _ in thread if author is not None and by == author]
    asking = {label.value for label in ASKING}
    again = any(label in asking for label in own)
    if author is not None and not again:
        # Elsewhere it is the same question where the same answer fits it.
        again = later.filter(
            Q(case__answer_id=use.answer_id), author_id=author, case__label__in=asking
        ).exists()
    return {
        "asked_again": again,
        "thanked": Label.PRAISE.value in own,
        "derailed": any(
            label in _THREAD_LABELS or (hostility or 0.0) >= HOSTILE
            for _, label, hostility in thread
        ),
        "reopened": RecordEvent.objects.filter(
            agency_id=use.agency_id, subject=f"case:{case.pk}", action=_REOPENED,
            # Kept as text of one form, so that later is also greater.
            at__gt=time_text(since), at__lte=time_text(since + WATCHED),
        ).exists(),
    }  # fmt: skip
