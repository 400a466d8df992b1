"""Filing posts: what is new is stored with its decision, what is known changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F

from levelhead.accounts.models import Agency
from levelhead.analysis.domain import PostText
from levelhead.doctrine.clocks import Schedule
from levelhead.inbox.copies import Copies, Seen, copy_memory
from levelhead.inbox.domain import ASKING, QUEUE_OF, CaseState, CleanPost, Queue, Visibility
from levelhead.inbox.judging import Judgement, ToJudge, judge, scores_json
from levelhead.inbox.linking import conversations_of, hold_threads, link_waiting
from levelhead.inbox.lookup import (
    Key,
    Known,
    KnownAuthor,
    KnownPost,
    author_memory,
    look_up_posts,
    look_up_rest,
)
from levelhead.inbox.models import Author, Case, PostRevision
from levelhead.inbox.revising import delete_post, revise_post
from levelhead.inbox.store import CHUNK, change_tallies, index_words, insert_rows, time_value
from levelhead.inbox.threading import ThreadPlan, plan_threads
from levelhead.inbox.urgent import tell_urgent
from levelhead.inbox.waking import wake_in
from levelhead.kernel.ids import new_id, new_ids
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import EventToRecord, channel_chain

# Ids told to open screens with one batch; a screen that needs more asks for its list again.
LIVE_IDS = 50

_POST = (
    "id", "agency_id", "channel_id", "external_id", "conversation_id", "author_id", "parent_id",
    "parent_external_id", "text", "lang", "url", "from_agency", "created_at", "edited_at",
    "doubtful_time", "received_at", "revision", "visibility", "content_hash", "raw",
)  # fmt: skip
_ASSESSMENT = ("post_id", "agency_id", "model", "revision", "scores")
_CASE = (
    "post_id", "agency_id", "channel_id", "conversation_id", "state", "queue", "label",
    "disposition", "priority", "urgency", "hostility", "rule", "rule_version", "waits_for",
    "show_911", "ack_due", "substance_due", "due_at", "may_break", "cluster",
    "corrected", "reply_failed", "version", "decided_at", "updated_at", "answer_due",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """What filing needs to know of a channel."""

    agency: Agency
    schedule: Schedule


@dataclass(kw_only=True)
class Sorted:
    """The posts of a batch by what they are to us."""

    new: list[CleanPost] = field(default_factory=list)
    revised: list[tuple[CleanPost, KnownPost]] = field(default_factory=list)
    deleted: list[tuple[CleanPost, KnownPost]] = field(default_factory=list)
    duplicates: int = 0


def sort_posts(posts: Sequence[CleanPost], known: Mapping[Key, KnownPost]) -> Sorted:
    """Tell news from repetition. Each key occurs once in `posts`."""
    outcome = Sorted()
    for post in posts:
        filed = known.get(post.key)
        if filed is None:
            outcome.new.append(post)
        elif post.deleted:
            if filed.visibility == Visibility.DELETED:
                outcome.duplicates += 1
            else:
                outcome.deleted.append((post, filed))
        elif post.content_hash == filed.content_hash or _is_older(post, filed):
            outcome.duplicates += 1
        else:
            outcome.revised.append((post, filed))
    _drop_known_words(outcome)
    return outcome


def _is_older(post: CleanPost, filed: KnownPost) -> bool:
    """An edit that comes late, or the first words after their edit."""
    if filed.edited_at is None:
        return False
    return post.edited_at is None or post.edited_at <= filed.edited_at


def _drop_known_words(outcome: Sorted) -> None:
    """Without a time of edit, words that an edit already replaced are a late repetition."""
    undated = [filed.id for post, filed in outcome.revised if post.edited_at is None]
    if not undated:
        return
    earlier: set[tuple[int, str]] = set()
    for start in range(0, len(undated), CHUNK):
        earlier.update(
            PostRevision.objects.filter(post_id__in=undated[start : start + CHUNK]).values_list(
                "post_id", "content_hash"
            )
        )
    news = [
        (post, filed)
        for post, filed in outcome.revised
        if post.edited_at is not None or (filed.id, post.content_hash) not in earlier
    ]
    outcome.duplicates += len(outcome.revised) - len(news)
    outcome.revised = news


def file_posts(
    posts: Sequence[CleanPost], *, facts: Mapping[int, ChannelFacts], received_at: datetime
) -> Sorted:
    """File one batch in one transaction; each key occurs once in it.

    Raises IntegrityError where another writer filed one of them in the meantime, and ThreadsMoved
    where one of their threads changed: nothing of the batch is kept then, and it must be filed
    again.
    """
    known = Known(posts=look_up_posts(posts))
    batch = sort_posts(posts, known.posts)
    look_up_rest(batch.new, known)
    judgements = _judge_batch(batch, known, facts, received_at)
    if not (batch.new or batch.revised or batch.deleted):
        return batch
    authors: dict[Key, KnownAuthor] = {}
    with transaction.atomic():
        filed, copies = _file_new(batch.new, known, judgements, facts, received_at, authors)
        for post, before in batch.revised:
            revise_post(
                post,
                before,
                judgement=judgements[post.key],
                agency=facts[post.channel_id].agency,
                at=received_at,
            )
        for post, before in batch.deleted:
            delete_post(post, before, agency=facts[post.channel_id].agency, at=received_at)
        _announce_batch(batch, filed, facts)
    author_memory.keep(authors)
    copy_memory.keep(copies)
    return batch


def _judge_batch(
    batch: Sorted, known: Known, facts: Mapping[int, ChannelFacts], received_at: datetime
) -> dict[Key, Judgement]:
    to_judge = [*batch.new, *(post for post, _ in batch.revised)]
    if not to_judge:
        return {}
    texts = {post.key: post.text for post in to_judge}

    def parent_text(post: CleanPost) -> str | None:
        if not post.parent_external_id:
            return None
        key = (post.channel_id, post.parent_external_id)
        if key in texts:
            return texts[key]
        filed = known.posts.get(key)
        return filed.text if filed else None

    judged = judge(
        [
            ToJudge(
                text=PostText(
                    text=post.text, parent_text=parent_text(post), lang=post.lang or None
                ),
                agency_id=facts[post.channel_id].agency.pk,
                from_agency=post.from_agency,
                author_followers=post.author_followers,
                schedule=facts[post.channel_id].schedule,
            )
            for post in to_judge
        ],
        received_at=received_at,
    )
    return {post.key: judgement for post, judgement in zip(to_judge, judged, strict=True)}


def _file_new(
    new: Sequence[CleanPost],
    known: Known,
    judgements: Mapping[Key, Judgement],
    facts: Mapping[int, ChannelFacts],
    received_at: datetime,
    authors: dict[Key, KnownAuthor],
) -> tuple[dict[int, list[int]], Copies]:
    """Store the new posts; gives their ids by agency, and which of them are copies."""
    filed: dict[int, list[int]] = {}
    if not new:
        return filed, Copies()
    ids = dict(zip((post.key for post in new), new_ids(len(new)), strict=True))
    copies = copy_memory.find(
        [
            Seen(facts[post.channel_id].agency.pk, ids[post.key], post.text)
            for post in new
            if not (post.from_agency or post.deleted)
        ]
    )
    plan = plan_threads(new, ids, known, facts, received_at)
    shaped = hold_threads(plan, new, known, {pk: fact.agency.pk for pk, fact in facts.items()})
    authors.update(_file_authors(new, known, facts))
    now = time_value(received_at)
    post_rows, assessment_rows, case_rows, words = [], [], [], []
    tallies: Counter[tuple[int, str, str, str]] = Counter()
    urgent: dict[int, list[int]] = {}
    events: dict[tuple[int, int], list[EventToRecord]] = {}
    for post in new:
        agency_id = facts[post.channel_id].agency.pk
        post_id = ids[post.key]
        judgement = judgements[post.key]
        author = authors.get((post.channel_id, post.author_external_id))
        post_rows.append(
            _post_row(post, post_id, agency_id, plan, author, judgement.assessment.lang, now)
        )
        assessment_rows.append(
            (
                post_id, agency_id, judgement.assessment.model, 1,
                scores_json(judgement.assessment, judgement.terms),
            )
        )  # fmt: skip
        row = _case_row(
            post, post_id, agency_id, plan.shown[post.key], judgement,
            copies.cluster.get(post_id), now,
        )  # fmt: skip
        case_rows.append(row)
        tallies[(agency_id, str(row[4]), str(row[5]), str(row[6]))] += 1
        if row[4] == CaseState.OPEN.value and row[5] == Queue.NOW.value:
            urgent.setdefault(agency_id, []).append(post_id)
        words.append((post_id, post.text))
        events.setdefault((agency_id, post.channel_id), []).append(
            _filed_event(post, post_id, judgement)
        )
        filed.setdefault(agency_id, []).append(post_id)
    plan.store_conversations()
    insert_rows("inbox_post", _POST, post_rows)
    insert_rows("inbox_assessment", _ASSESSMENT, assessment_rows)
    insert_rows("inbox_case", _CASE, case_rows)
    index_words(words)
    for start in range(0, len(copies.first_copied), CHUNK):
        Case.objects.filter(pk__in=copies.first_copied[start : start + CHUNK]).update(
            cluster=F("post_id")
        )
    change_tallies(tallies)
    link_waiting(plan, shaped=shaped)
    for agency_id in sorted(urgent):
        tell_urgent(agency_id, urgent[agency_id], received_at)
    written = [post.key for post in new if not post.from_agency]
    wake_in(conversations_of(plan, written, shaped=shaped), at=received_at)
    for (agency_id, channel_id), to_record in sorted(events.items()):
        append_events(
            agency_id=agency_id, chain=channel_chain(channel_id), events=to_record, at=received_at
        )
    return filed, copies


def _post_row(
    post: CleanPost,
    post_id: int,
    agency_id: int,
    plan: ThreadPlan,
    author: KnownAuthor | None,
    lang: str,
    now: object,
) -> tuple[object, ...]:
    visibility = Visibility.DELETED if post.deleted else Visibility.VISIBLE
    return (
        post_id, agency_id, post.channel_id, post.external_id, plan.shown[post.key],
        author.id if author else None, plan.parent.get(post.key), post.parent_external_id,
        post.text, lang, post.url, post.from_agency, time_value(post.created_at),
        time_value(post.edited_at) if post.edited_at else None, post.doubtful_time, now, 1,
        visibility.value, post.content_hash, post.raw,
    )  # fmt: skip


def first_state(post: CleanPost) -> CaseState:
    """Where the work on a new post begins."""
    if post.from_agency:
        return CaseState.OWN
    # Gone before we saw it: there is nothing to answer.
    return CaseState.CLOSED if post.deleted else CaseState.OPEN


def _case_row(
    post: CleanPost,
    post_id: int,
    agency_id: int,
    conversation_id: int,
    judgement: Judgement,
    cluster: int | None,
    now: object,
) -> tuple[object, ...]:
    decision, assessment = judgement.decision, judgement.assessment
    state = first_state(post)
    runs = state is CaseState.OPEN
    ack = time_value(decision.ack_due) if runs and decision.ack_due else None
    substance = time_value(decision.substance_due) if runs and decision.substance_due else None
    queue = QUEUE_OF[decision.disposition] if runs else Queue.STAND
    return (
        post_id, agency_id, post.channel_id, conversation_id, state.value, queue.value,
        judgement.label.value, decision.disposition.value, int(decision.priority),
        judgement.urgency, assessment.hostility, decision.rule, decision.rule_version,
        decision.waits_for, decision.show_911, ack, substance, ack or substance,
        # What is ours, or gone before anybody saw it, breaks nothing here.
        runs and judgement.may_break, cluster, False, False, 1, now, now,
        runs and judgement.label in ASKING,
    )  # fmt: skip


def _filed_event(post: CleanPost, post_id: int, judgement: Judgement) -> EventToRecord:
    return EventToRecord(
        subject=f"post:{post_id}",
        action="channel:post:filed",
        actor=f"channel:{post.channel_id}",
        payload={
            "external_id": post.external_id,
            "content": post.content_hash,
            "raw": post.raw_hash,
            "label": judgement.label.value,
            "disposition": judgement.decision.disposition.value,
            "rule": judgement.decision.rule,
            "rules": judgement.decision.rule_version,
            "model": judgement.assessment.model,
        },
    )


def _file_authors(
    new: Sequence[CleanPost], known: Known, facts: Mapping[int, ChannelFacts]
) -> dict[Key, KnownAuthor]:
    """Store authors that are new or say something new of themselves; gives all of the batch."""
    authors = dict(known.authors)
    latest: dict[Key, CleanPost] = {
        (post.channel_id, post.author_external_id): post for post in new if post.author_external_id
    }
    rows = []
    for key, post in latest.items():
        before = authors.get(key)
        now = KnownAuthor(
            before.id if before else new_id(),
            post.author_handle or (before.handle if before else ""),
            post.author_name or (before.name if before else ""),
            post.author_followers
            if post.author_followers is not None
            else (before.followers if before else None),
        )
        if before is None:
            agency_id = facts[post.channel_id].agency.pk
            rows.append((now.id, agency_id, key[0], key[1], now.handle, now.name, now.followers))
        elif now != before:
            Author.objects.filter(pk=before.id).update(
                handle=now.handle, name=now.name, followers=now.followers
            )
        authors[key] = now
    insert_rows(
        "inbox_author",
        ("id", "agency_id", "channel_id", "external_id", "handle", "name", "followers"),
        rows,
    )
    return authors


def _announce_batch(
    batch: Sorted, filed: Mapping[int, Sequence[int]], facts: Mapping[int, ChannelFacts]
) -> None:
    changed: dict[int, list[int]] = {}
    for post, before in [*batch.revised, *batch.deleted]:
        changed.setdefault(facts[post.channel_id].agency.pk, []).append(before.id)
    for agency_id in sorted({*filed, *changed}):
        ids = [*filed.get(agency_id, ()), *changed.get(agency_id, ())]
        announce(
            agency_id=agency_id,
            kind="posts.filed",
            payload={"count": len(ids), "ids": [str(post_id) for post_id in ids[:LIVE_IDS]]},
        )
