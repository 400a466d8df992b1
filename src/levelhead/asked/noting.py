"""The worker's chore: each new question that no approved answer fits is noted once, in its group.

It walks the cases from a cursor that is kept on a row, behind the search for answers. What a round
notes and how far it came are written in one transaction, so that a worker that is killed notes
nothing twice. The models read out of what the intake leaves of the encoder's allowance.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import numpy as np
import structlog
from django.db import connection, transaction
from django.db.models.functions import Left

from levelhead.accounts.models import Agency
from levelhead.asked.counting import note_counts
from levelhead.asked.domain import DAYS, name_of, place_example
from levelhead.asked.grouping import LANGUAGES, Group, Groups, Meanings, find_words
from levelhead.asked.models import AskedCursor, AskedGroup, AskedPost
from levelhead.asked.tidying import check_coverage, make_room, tidy
from levelhead.inbox.allowance import Allowance
from levelhead.inbox.domain import ASKING, Visibility
from levelhead.inbox.judging import reread_allowance
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.ids import EPOCH_MILLISECONDS, NODE_BITS, SEQUENCE_BITS, new_id
from levelhead.knowledge.domain import fold
from levelhead.knowledge.finding import language_of
from levelhead.live.actions import announce

log = structlog.get_logger(__name__)

# Cases that one round walks over, and questions that it reads at most.
WALKED: Final = 256
READ: Final = 64
# Questions a second that are read also where the intake leaves nothing.
LEAST_PER_SECOND: Final = 4
# So long the search for an answer is waited for; then the question counts as not answered.
WAIT_FOR_ANSWER: Final = timedelta(minutes=2)
# With several writers ids become visible a little out of order; so long is waited for them.
SETTLE_SECONDS: Final = 3.0
IDLE_SECONDS: Final = 2.0
UNREADABLE_SECONDS: Final = 60.0
# Agencies whose groups are kept in memory: at most 2.5 MB each.
IN_MEMORY: Final = 8
_POST_CHARACTERS: Final = 2_000
_WORDS_OF_EXAMPLE: Final = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    post_id: int
    text: str
    lang: str
    at: datetime


class _OvertakenError(Exception):
    """Another worker has gone on with the agency; nothing was written."""


@cache
def _least() -> Allowance:
    return Allowance(LEAST_PER_SECOND, LEAST_PER_SECOND)


@cache
def _meanings() -> Meanings:
    # Here, not above: the models are loaded by the first question, not by the program.
    from levelhead.analysis.encoder import load_encoder

    return Meanings(load_encoder())


def lowest_id_at(moment: datetime) -> int:
    """The lowest id that can be given at that time."""
    milliseconds = int(moment.timestamp() * 1000) - EPOCH_MILLISECONDS
    return max(0, milliseconds) << (NODE_BITS + SEQUENCE_BITS)


class AskedNotes:
    """Notes the questions of all agencies."""

    def __init__(self) -> None:
        # Agency -> how far these groups know, and the groups.
        self._kept: OrderedDict[int, tuple[int, Groups]] = OrderedDict()

    def run_round(self) -> float:
        """Note the next questions; gives the seconds until the next round is worth while."""
        cursors = _cursors()
        newest = _newest()
        worked = False
        for cursor in cursors:
            if cursor.position >= newest:
                continue
            try:
                worked = self._note_next(cursor, newest) or worked
            except _OvertakenError:
                self._kept.pop(cursor.agency_id, None)
            except Exception:
                # Its groups hold questions that were not written; made again, they are read once.
                self._kept.pop(cursor.agency_id, None)
                raise
        for cursor in cursors:
            if tidy(cursor):
                self._kept.pop(cursor.agency_id, None)
        if not check_coverage():
            return UNREADABLE_SECONDS
        return 0.0 if worked else IDLE_SECONDS

    def _note_next(self, cursor: AskedCursor, newest: int) -> bool:
        """Walk on by some cases; gives whether there is more to do at once."""
        rows, waits = _read_after(cursor, newest)
        if not rows:
            if not waits:
                # Nothing of this agency up to there: the next round need not look again.
                self._note(cursor, [], newest)
            return False
        asking = [n for n, row in enumerate(rows) if _counts(row)]
        allowed = len(asking[:READ])
        if allowed:
            allowed = reread_allowance().take(allowed) or _least().take(allowed)
            if not allowed:
                return False
        # As far as was allowed: up to the first question that must wait.
        end = asking[allowed] if allowed < len(asking) else len(rows)
        if not end:
            return False
        questions = [_question(rows[n]) for n in asking[:allowed]]
        self._note(cursor, questions, rows[end - 1]["pk"])
        return len(rows) == WALKED or end < len(rows)

    def _note(self, cursor: AskedCursor, questions: list[_Question], end: int) -> None:
        # Outside of the transaction: nobody waits for the encoder with a lock.
        read = (
            _meanings().read([one.text for one in questions], [one.lang for one in questions])
            if questions
            else None
        )
        with transaction.atomic():
            moved = AskedCursor.objects.filter(pk=cursor.pk, position=cursor.position).update(
                position=end
            )
            if moved != 1:
                raise _OvertakenError
            if read is not None:
                groups = self._groups(cursor)
                touched = _file(cursor.agency, groups, questions, read)
                groups.forget(make_room(cursor.agency_id, len(groups.groups)))
                if note_counts(cursor.agency, touched):
                    announce(agency_id=cursor.agency_id, kind="asked.changed", payload={})
                self._kept[cursor.agency_id] = (end, groups)
            elif cursor.agency_id in self._kept:
                self._kept[cursor.agency_id] = (end, self._kept[cursor.agency_id][1])
        cursor.position = end
        while len(self._kept) > IN_MEMORY:
            self._kept.popitem(last=False)

    def _groups(self, cursor: AskedCursor) -> Groups:
        known = self._kept.pop(cursor.agency_id, None)
        if known is not None and known[0] == cursor.position:
            return known[1]
        rows = AskedGroup.objects.filter(agency_id=cursor.agency_id).order_by("pk")
        return Groups(
            Group(pk, lang, _unpack(meaning), weight, _counter(words))
            for pk, lang, meaning, weight, words in rows.values_list(
                "pk", "lang", "meaning", "weight", "words"
            )
        )


def _cursors() -> list[AskedCursor]:
    """Every agency's cursor; a new agency begins with the days that count."""
    cursors = list(AskedCursor.objects.select_related("agency").order_by("pk"))
    known = {cursor.agency_id for cursor in cursors}
    since = lowest_id_at(clock.now() - timedelta(days=DAYS))
    missing = [
        AskedCursor(agency_id=pk, position=since)
        for pk in Agency.objects.exclude(pk__in=known).values_list("pk", flat=True)
    ]
    if missing:
        AskedCursor.objects.bulk_create(missing, ignore_conflicts=True)
        cursors = list(AskedCursor.objects.select_related("agency").order_by("pk"))
    return cursors


def _newest() -> int:
    """The newest case of all agencies that can be relied on to have none before it to come."""
    cases = Case.objects.order_by("-pk")
    if connection.vendor != "sqlite":
        # Not the kernel's clock: ids are drawn from the wall's, whatever an exercise plays.
        settled = int((time.time() - SETTLE_SECONDS) * 1000) - EPOCH_MILLISECONDS
        cases = cases.filter(pk__lt=settled << (NODE_BITS + SEQUENCE_BITS))
    return cases.values_list("pk", flat=True).first() or 0


def _read_after(cursor: AskedCursor, newest: int) -> tuple[list[dict[str, Any]], bool]:
    """The next cases of an agency in the order of their ids, up to one that is not settled.

    Gives also whether there is such a one.
    """
    cases = Case.objects.filter(agency_id=cursor.agency_id, pk__gt=cursor.position, pk__lte=newest)
    rows: list[dict[str, Any]] = list(
        cases.order_by("pk")  # type: ignore[arg-type]
        .annotate(excerpt=Left("post__text", _POST_CHARACTERS))
        .values(
            "pk", "label", "answer_id", "answer_due", "excerpt", "post__lang",
            "post__from_agency", "post__visibility", "post__created_at", "post__received_at",
        )[:WALKED]
    )  # fmt: skip
    patient = clock.now() - WAIT_FOR_ANSWER
    for n, row in enumerate(rows):
        if row["answer_due"] and row["post__received_at"] > patient:
            return rows[:n], True
    return rows, False


def _counts(row: dict[str, Any]) -> bool:
    """Whether it is a question of these days that no approved answer fits."""
    return (
        row["label"] in _LABELS
        and row["answer_id"] is None
        and not row["post__from_agency"]
        and row["post__visibility"] == Visibility.VISIBLE
        and language_of(row["post__lang"]) in LANGUAGES
        and bool(row["excerpt"].strip())
        and row["post__created_at"] > clock.now() - timedelta(days=DAYS - 1)
    )


_LABELS: Final = frozenset(label.value for label in ASKING)


def _question(row: dict[str, Any]) -> _Question:
    return _Question(
        post_id=row["pk"],
        text=row["excerpt"],
        lang=language_of(row["post__lang"]),
        at=min(row["post__created_at"], clock.now()),
    )


def _file(
    agency: Agency, groups: Groups, questions: list[_Question], read: Any
) -> dict[int, list[datetime]]:
    """Put questions into groups, old and new; gives group -> when it was asked."""
    rows: dict[int, AskedGroup] = {}
    new: set[int] = set()
    links: list[AskedPost] = []
    touched: dict[int, list[datetime]] = {}
    # What a round that was cut off had noted is passed over.
    known = set(
        AskedPost.objects.filter(post_id__in=[one.post_id for one in questions]).values_list(
            "post_id", flat=True
        )
    )
    for one, meaning in zip(questions, read, strict=True):
        if one.post_id in known:
            continue
        words = find_words(one.text)
        placed = groups.place(meaning, words, one.lang)
        if placed.group is None:
            group = groups.begin(new_id(), meaning, words, one.lang)
            rows[group.id] = AskedGroup(
                pk=group.id, agency=agency, lang=one.lang, name=name_of(one.text),
                first_asked=one.at, last_asked=one.at,
            )  # fmt: skip
            new.add(group.id)
        else:
            group = groups.add(placed.group, meaning, words)
            if group.id not in rows:
                rows[group.id] = AskedGroup.objects.select_for_update().get(pk=group.id)
        row = rows[group.id]
        _fill(row, group, one, placed.nearness)
        links.append(AskedPost(agency=agency, group=row, post_id=one.post_id, at=one.at))
        touched.setdefault(group.id, []).append(one.at)
    AskedGroup.objects.bulk_create([row for pk, row in rows.items() if pk in new])
    for pk, row in rows.items():
        if pk not in new:
            row.save(update_fields=["name", "meaning", "weight", "words", "examples", "last_asked"])
    AskedPost.objects.bulk_create(links)
    return touched


def _fill(row: AskedGroup, group: Group, one: _Question, nearness: float) -> None:
    row.meaning = group.meaning.astype("<f2").tobytes()
    row.weight = group.weight
    row.words = dict(group.words)
    row.last_asked = max(row.last_asked, one.at)
    words = fold(one.text)[:_WORDS_OF_EXAMPLE]
    row.examples = place_example(row.examples, (one.post_id, round(nearness, 3), words))
    if row.examples[0][0] == one.post_id:
        row.name = name_of(one.text)


def _unpack(meaning: bytes | memoryview) -> Any:
    return np.frombuffer(bytes(meaning), dtype="<f2").astype(np.float32)


def _counter(words: Any) -> Counter[str]:
    return Counter(words if isinstance(words, dict) else {})
