"""When a post changes at its source: edits become revisions, deletions become history."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from levelhead.accounts.models import Agency
from levelhead.clocks.domain import EndedBy, ResumedBy
from levelhead.clocks.keeping import end_clocks, resume, start_anew
from levelhead.doctrine.domain import Priority
from levelhead.inbox.domain import (
    ASKING,
    DONE_STATES,
    QUEUE_OF,
    TOMBSTONE_HASH,
    CaseState,
    CleanPost,
    Queue,
    Visibility,
)
from levelhead.inbox.judging import Judgement, scores_json
from levelhead.inbox.lookup import KnownPost
from levelhead.inbox.models import Assessment, Case, Post, PostRevision, VisibilityChange
from levelhead.inbox.store import change_tallies, reindex_words
from levelhead.inbox.urgent import tell_urgent
from levelhead.records.append import append_events
from levelhead.records.domain import EventToRecord, channel_chain


def revise_post(
    post: CleanPost, before: KnownPost, *, judgement: Judgement, agency: Agency, at: datetime
) -> None:
    """Keep the old words, take the new ones, and decide again where nobody has decided yet."""
    old = Post.objects.only("text", "raw").get(pk=before.id)
    PostRevision.objects.create(
        agency=agency,
        post_id=before.id,
        number=before.revision,
        text=old.text,
        content_hash=before.content_hash,
        raw=old.raw,
        replaced_at=at,
    )
    Post.objects.filter(pk=before.id).update(
        text=post.text,
        raw=post.raw,
        content_hash=post.content_hash,
        edited_at=post.edited_at,
        lang=judgement.assessment.lang,
        revision=before.revision + 1,
    )
    reindex_words(before.id, old.text, post.text)
    Assessment.objects.filter(pk=before.id).update(
        model=judgement.assessment.model,
        revision=before.revision + 1,
        scores=scores_json(judgement.assessment, judgement.terms),
    )
    if before.visibility == Visibility.VISIBLE:
        _decide_again(before.id, judgement, at)
    append_events(
        agency_id=agency.pk,
        chain=channel_chain(post.channel_id),
        at=at,
        events=[
            EventToRecord(
                subject=f"post:{before.id}",
                action="channel:post:revised",
                actor=f"channel:{post.channel_id}",
                payload={
                    "revision": before.revision + 1,
                    "content": post.content_hash,
                    "raw": post.raw_hash,
                    "label": judgement.label.value,
                    "disposition": judgement.decision.disposition.value,
                    "rule": judgement.decision.rule,
                    # The deletion came first; these are the words that were deleted.
                    **({"late": True} if before.content_hash == TOMBSTONE_HASH else {}),
                },
            )
        ],
    )


def _decide_again(post_id: int, judgement: Judgement, at: datetime) -> None:
    """The new words may be another matter: open cases follow them, closed ones reopen if worse.

    What a person decided stays, unless the new words put a life in danger.
    """
    case = Case.objects.select_for_update().get(pk=post_id)
    decision, assessment = judgement.decision, judgement.assessment
    state = CaseState(case.state)
    grave = decision.priority is Priority.NOW
    if state is CaseState.SNOOZED:
        # Other words: the worker brings it back at once, whatever becomes of the decision.
        Case.objects.filter(pk=post_id).update(wake_at=at)
        case.wake_at = at
    if state is CaseState.OWN or (case.corrected and not grave):
        return
    reopens = state is CaseState.SNOOZED or (
        state in DONE_STATES and decision.priority > case.priority
    )
    if state is not CaseState.OPEN and not reopens:
        return
    same_matter = not (reopens or grave) and case.ack_met_at is not None
    tallies: Counter[tuple[int, str, str, str]] = Counter()
    tallies[(case.agency_id, case.state, case.queue, case.label)] -= 1
    before_queue = case.queue if state is CaseState.OPEN else ""
    case.state = CaseState.OPEN
    case.snoozed_until = case.wake_at = None
    case.queue = QUEUE_OF[decision.disposition]
    case.label = judgement.label
    case.disposition = decision.disposition
    case.priority = decision.priority
    case.urgency = judgement.urgency
    case.hostility = assessment.hostility
    case.may_break = judgement.may_break
    case.rule, case.rule_version = decision.rule, decision.rule_version
    case.waits_for, case.show_911 = decision.waits_for, decision.show_911
    # Another answer may fit the new words.
    case.answer_id, case.answer_percent = None, 0
    case.answer_due = judgement.label in ASKING
    case.decided_at = case.updated_at = at
    if same_matter:
        # The author wrote again, and the first word was given: the full answer is what is wanted.
        resume(case, at=at, by_what=ResumedBy.EDITED)
    else:
        start_anew(case, ack_due=decision.ack_due, substance_due=decision.substance_due, at=at)
    case.version += 1
    case.save()
    if case.queue == Queue.NOW and before_queue != Queue.NOW:
        tell_urgent(case.agency_id, [case.pk], at)
    tallies[(case.agency_id, case.state, case.queue, case.label)] += 1
    change_tallies(tallies)


def delete_post(post: CleanPost, before: KnownPost, *, agency: Agency, at: datetime) -> None:
    """The post is gone at its source; here it stays, and says so."""
    Post.objects.filter(pk=before.id).update(visibility=Visibility.DELETED)
    VisibilityChange.objects.create(
        agency=agency,
        post_id=before.id,
        visibility=Visibility.DELETED,
        seen_at=at,
        raw=post.raw,
    )
    case = Case.objects.select_for_update().get(pk=before.id)
    if case.state == CaseState.OPEN and case.queue == Queue.STAND:
        # Nothing was to be done and nothing can be: off the list. Others stay for a person.
        change_tallies(
            Counter(
                {
                    (case.agency_id, case.state, case.queue, case.label): -1,
                    (case.agency_id, CaseState.CLOSED.value, case.queue, case.label): 1,
                }
            )
        )
        case.state = CaseState.CLOSED
        end_clocks(case, by_what=EndedBy.CLOSED, at=at)
    case.version += 1
    case.updated_at = at
    case.save()
    append_events(
        agency_id=agency.pk,
        chain=channel_chain(post.channel_id),
        at=at,
        events=[
            EventToRecord(
                subject=f"post:{before.id}",
                action="channel:post:deleted",
                actor=f"channel:{post.channel_id}",
                payload={"raw": post.raw_hash},
            )
        ],
    )
