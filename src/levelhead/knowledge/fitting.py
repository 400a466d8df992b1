"""Which approved answer fits what people ask: looked for after filing, kept on the case.

What is still to do stands on the rows (`Case.answer_due`, `KnowledgeHead.fitted_below`), so that a
worker that is killed loses nothing, and doing it twice changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Left

from levelhead.accounts.models import Agency
from levelhead.doctrine.domain import Context
from levelhead.doctrine.triage import decide
from levelhead.inbox.actions import place_of, tally_move
from levelhead.inbox.allowance import Allowance
from levelhead.inbox.domain import ASKING, QUEUE_OF, CaseState, Queue
from levelhead.inbox.judging import reread_allowance, triage_rules
from levelhead.inbox.models import Assessment, Case
from levelhead.inbox.newest import NO_ID, newest_case_ids
from levelhead.inbox.thread import read_assessment
from levelhead.kernel import clock
from levelhead.knowledge.domain import AnswerState
from levelhead.knowledge.finding import OfferedAnswer, find_best, language_of
from levelhead.knowledge.models import Answer, KnowledgeHead
from levelhead.knowledge.queries import today_of
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

# Posts that one round reads, and cases that one round of looking again marks.
ROUND: Final = 64
MARKED: Final = 500
# Answers are looked for out of what the intake leaves of the encoder's allowance, and in a flood,
# when it leaves nothing, for so many posts a second all the same.
LEAST_PER_SECOND: Final = 4
# From so many percent on an answer counts as one that fits. In Spanish the finder's mistakes
# score up to 70, because its word pieces are English: what passes is close to a Spanish example.
SURE_FROM: Final[Mapping[str, int]] = {"en": 50, "es": 80}
IDLE_SECONDS: Final = 1.0
# The log says each time that the models cannot be read.
UNREADABLE_SECONDS: Final = 60.0
# Ids told to open screens with one round.
_LIVE_IDS: Final = 50
_POST_CHARACTERS: Final = 4_000
# What a row of the sweep is about: the open ones that ask something.
_OPEN: Final = (CaseState.OPEN,)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A case whose post asks something, as it was read."""

    case_id: int
    agency_id: int
    lang: str
    text: str
    revision: int


@cache
def _least() -> Allowance:
    return Allowance(LEAST_PER_SECOND, LEAST_PER_SECOND)


def fit_round() -> float:
    """Look for answers for some posts, as many as the allowance gives.

    Gives the seconds until the next round is worth while. Where the models cannot be read
    everything stays as it is, and is tried again.
    """
    waiting = Case.objects.filter(answer_due=True)[:ROUND].count()
    if not waiting:
        return 0.0 if look_again() else IDLE_SECONDS
    allowed = reread_allowance().take(waiting) or _least().take(waiting)
    if not allowed:
        return IDLE_SECONDS
    return 0.0 if fit_answers(allowed) else UNREADABLE_SECONDS


def fit_answers(limit: int) -> int:
    """Look for the answers of the newest `limit` posts that wait; gives how many were done."""
    rows = Case.objects.filter(answer_due=True).order_by("-post_id")
    asked: dict[tuple[int, str], list[_Asked]] = defaultdict(list)
    for case_id, agency_id, lang, text, revision in rows.values_list(
        "post_id", "agency_id", "post__lang", Left("post__text", _POST_CHARACTERS), "post__revision"
    )[:limit]:
        one = _Asked(case_id=case_id, agency_id=agency_id, lang=lang, text=text, revision=revision)
        asked[(agency_id, language_of(lang))].append(one)
    agencies = Agency.objects.in_bulk({agency_id for agency_id, _ in asked})
    done = 0
    for (agency_id, lang), posts in sorted(asked.items(), key=lambda item: item[0]):
        # Outside of the transaction: nobody waits for the encoder with a lock.
        found = find_best(agencies[agency_id], texts=[post.text for post in posts], lang=lang)
        if found is not None:
            bar = SURE_FROM.get(lang, 100)
            sure = [one if one is not None and one.percent >= bar else None for one in found]
            done += _keep(agencies[agency_id], posts, sure)
    return done


def _keep(agency: Agency, posts: Sequence[_Asked], found: Sequence[OfferedAnswer | None]) -> int:
    """Write down what was found, and decide again where it changes the decision."""
    best = {post.case_id: answer for post, answer in zip(posts, found, strict=True)}
    revisions = {post.case_id: post.revision for post in posts}
    events: list[EventToRecord] = []
    with transaction.atomic():
        # An answer that was retired while it was looked for is not written down.
        usable = set(
            Answer.objects.filter(
                agency=agency, state=AnswerState.APPROVED.value,
                pk__in={answer.id for answer in best.values() if answer is not None},
            ).values_list("pk", flat=True)
        )  # fmt: skip
        cases = (
            Case.objects.select_for_update(of=("self",))
            .filter(agency=agency, answer_due=True, pk__in=list(best))
            .select_related("post__author")
            .defer("post__raw", "post__text")
            .order_by("pk")
        )
        read = [case for case in cases if case.post.revision == revisions[case.pk]]
        assessed = Assessment.objects.in_bulk([case.pk for case in read])
        unchanged: list[int] = []
        for case in read:
            answer = best[case.pk]
            if answer is not None and answer.id not in usable:
                continue
            now_fits = answer.id if answer is not None else None
            if (case.answer_id, case.answer_percent) == (now_fits, answer.percent if answer else 0):
                unchanged.append(case.pk)
                continue
            events.append(_change(agency, case, answer, assessed.get(case.pk)))
        Case.objects.filter(pk__in=unchanged).update(answer_due=False)
        if events:
            _tell(agency, events)
    return len(read)


def _change(
    agency: Agency, case: Case, answer: OfferedAnswer | None, kept: Assessment | None
) -> EventToRecord:
    before = place_of(case)
    case.answer_id = answer.id if answer is not None else None
    case.answer_percent = answer.percent if answer is not None else 0
    case.answer_due = False
    changed = ["answer", "answer_percent", "answer_due", *_decide_again(agency, case, kept)]
    case.save(update_fields=changed)
    tally_move(before, place_of(case))
    return EventToRecord(
        subject=f"case:{case.pk}",
        action="system:case:answer_found" if answer else "system:case:answer_gone",
        actor="system",
        payload={
            "answer": case.answer_id,
            "percent": case.answer_percent,
            "rule": case.rule,
            "disposition": str(case.disposition),
        },
    )


def _decide_again(agency: Agency, case: Case, kept: Assessment | None) -> list[str]:
    """What the rules say now that it is known whether an answer fits; gives the changed fields.

    What a person decided stays, and so does what is not open.
    """
    assessed = read_assessment(kept) if kept is not None else None
    if assessed is None or case.corrected or case.state != CaseState.OPEN:
        return []
    author = case.post.author
    decision = decide(
        assessed,
        Context(
            received_at=case.post.received_at,
            from_agency=case.post.from_agency,
            author_followers=author.followers if author is not None else None,
            answer_fits=case.answer_id is not None,
        ),
        rules=triage_rules(),
        schedule=agency.office_schedule,
    )
    # Only where the answer makes the difference: rules may have changed since, and the case is
    # where people left it.
    if decision.rule == case.rule or QUEUE_OF[decision.disposition] is not Queue.NEEDS:
        return []
    case.disposition, case.priority = decision.disposition, decision.priority
    case.rule, case.rule_version = decision.rule, decision.rule_version
    case.waits_for, case.show_911 = decision.waits_for, decision.show_911
    case.ack_due, case.substance_due = decision.ack_due, decision.substance_due
    case.due_at = decision.ack_due or decision.substance_due
    case.decided_at = case.updated_at = clock.now()
    case.version += 1
    return [
        "disposition", "priority", "rule", "rule_version", "waits_for", "show_911", "ack_due",
        "substance_due", "due_at", "decided_at", "updated_at", "version",
    ]  # fmt: skip


def _tell(agency: Agency, events: Sequence[EventToRecord]) -> None:
    append_events(agency_id=agency.pk, chain=DESK_CHAIN, at=clock.now(), events=events)
    ids = [event.subject.partition(":")[2] for event in events]
    announce(
        agency_id=agency.pk,
        kind="answers.fitted",
        payload={"count": len(ids), "ids": ids[:_LIVE_IDS]},
    )


def look_again() -> int:
    """Mark some open questions of agencies whose answers changed; gives how many.

    Newest first, and from the top again where an answer changes meanwhile.
    """
    marked = 0
    for head in _to_sweep():
        with transaction.atomic():
            locked = KnowledgeHead.objects.select_for_update(of=("self",)).select_related("agency")
            marked += _sweep(locked.get(pk=head))
    return marked


def _to_sweep() -> list[int]:
    """Heads whose open questions were not all looked at since the answers changed."""
    heads = KnowledgeHead.objects.select_related("agency").filter(
        Q(fitted_below__isnull=False) | ~Q(version=F("fitted_version")) | Q(fitted_on__isnull=True)
    )
    found = list(heads.values_list("pk", flat=True))
    others = KnowledgeHead.objects.select_related("agency").exclude(pk__in=found)
    # A day ended: an answer may have passed its review date with it.
    found += [
        head.pk
        for head in others
        if head.fitted_on is not None and head.fitted_on < today_of(head.agency)
    ]
    return found


def _sweep(head: KnowledgeHead) -> int:
    today = today_of(head.agency)
    if head.version != head.fitted_version or _went_stale(head):
        head.fitted_version, head.fitted_below = head.version, NO_ID
    head.fitted_on = today
    marked = 0
    if head.fitted_below is not None:
        ids = _asking_below(head.agency_id, head.fitted_below)
        Case.objects.filter(pk__in=ids).update(answer_due=True)
        marked = len(ids)
        head.fitted_below = min(ids) if marked == MARKED else None
    head.save(update_fields=["fitted_version", "fitted_on", "fitted_below"])
    return marked


def _went_stale(head: KnowledgeHead) -> bool:
    """Whether an answer passed its review date since the day of the last look."""
    if head.fitted_on is None:
        return True
    return Answer.objects.filter(
        agency_id=head.agency_id, state=AnswerState.APPROVED.value,
        review_on__gte=head.fitted_on, review_on__lt=today_of(head.agency),
    ).exists()  # fmt: skip


def _asking_below(agency_id: int, below: int) -> list[int]:
    ids: set[int] = set()
    for label in sorted(ASKING):
        ids.update(
            newest_case_ids(
                agency_id=agency_id, states=_OPEN, queues=(), label=label.value, before=below,
                limit=MARKED,
            )
        )  # fmt: skip
    return sorted(ids, reverse=True)[:MARKED]
