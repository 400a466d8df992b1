"""From the desk's rows to the JSON of `shapes`."""

from __future__ import annotations

import json

from levelhead.accounts.models import User
from levelhead.api import shapes
from levelhead.asked.queries import AskedRow
from levelhead.channels.queries import ChannelHealth
from levelhead.commitments.models import Commitment
from levelhead.inbox.models import Case, Note, Post
from levelhead.inbox.queries import EXCERPT
from levelhead.inbox.thread import Thread, explain_case
from levelhead.kernel import clock
from levelhead.knowledge.models import Answer
from levelhead.posts.models import OwnPost
from levelhead.records.models import RecordEvent
from levelhead.replies.models import Reply


def tell_person(user: User) -> shapes.Person:
    """A colleague."""
    return shapes.Person(email=user.email, name=user.name)


def tell_post(post: Post) -> shapes.Post:
    """A post; its author must have been fetched with it."""
    return shapes.Post(
        id=str(post.pk),
        channel=str(post.channel_id),
        author=post.author.handle or post.author.external_id if post.author else None,
        text=post.text,
        lang=post.lang,
        url=post.url,
        created_at=post.created_at,
        edited_at=post.edited_at,
        visibility=post.visibility,
        from_agency=post.from_agency,
    )


def _row(case: Case, excerpt: str) -> dict[str, object]:
    author = case.post.author
    return {
        "id": str(case.pk),
        "state": case.state,
        "queue": case.queue,
        "label": case.label,
        "disposition": case.disposition,
        "priority": case.priority,
        "urgency": case.urgency,
        "hostility": round(case.hostility, 4),
        "rule": case.rule,
        "waits_for": case.waits_for,
        "due_at": case.due_at,
        "owner": tell_person(case.owner) if case.owner else None,
        "reply_failed": case.reply_failed,
        "version": case.version,
        "channel": str(case.channel_id),
        "author": author.handle or author.external_id if author else None,
        "excerpt": excerpt,
        "created_at": case.post.created_at,
    }


def tell_row(case: Case) -> shapes.CaseRow:
    """A row of the list, as `list_cases` gives it."""
    return shapes.CaseRow.model_validate(_row(case, case.excerpt))  # type: ignore[attr-defined]


def tell_case(case: Case, replies: list[Reply], lang: str) -> shapes.Case:
    """One case as `find_case` gives it, with its replies."""
    return shapes.Case.model_validate(
        {
            **_row(case, case.post.text[:EXCERPT]),
            "post": tell_post(case.post),
            "reasons": explain_case(case, lang).reasons,
            "ack_due": case.ack_due,
            "substance_due": case.substance_due,
            "replies": [tell_reply(reply) for reply in replies],
        }
    )


def tell_thread(post: Post, thread: Thread) -> shapes.Thread:
    """The conversation around a post."""
    parts = (thread.answers, thread.others)
    return shapes.Thread(
        above=[tell_post(one) for one in thread.above],
        post=tell_post(post),
        answers=[tell_post(one) for one in thread.answers.posts],
        others=[tell_post(one) for one in thread.others.posts],
        cut=thread.above_cut or any(part.more_after is not None for part in parts),
    )


def tell_reply(reply: Reply) -> shapes.Reply:
    """A reply and where it is."""
    items = reply.items
    return shapes.Reply(
        id=str(reply.pk),
        text=reply.text,
        by=tell_person(reply.by),
        at=reply.at,
        state=reply.state,
        url=items[0].url,
        error=next((item.last_error for item in items if item.last_error), ""),
        posts=[
            shapes.PostOfReply(
                text=item.text, state=item.state, url=item.url, error=item.last_error
            )
            for item in items
        ],
    )


def tell_note(note: Note) -> shapes.NoteMade:
    """A note that was just added."""
    return shapes.NoteMade(id=str(note.pk), text=note.text, by=tell_person(note.by), at=note.at)


def tell_waiting(request_id: int, *, text: str, by: User) -> shapes.Reply:
    """A reply that is none yet: it waits for approval."""
    return shapes.Reply(
        id="", text=text, by=tell_person(by), at=clock.now(), state="waits_for_approval", url="",
        error="", posts=[], approval=str(request_id),
    )  # fmt: skip


def tell_answer(answer: Answer) -> shapes.Answer:
    """An approved answer, or one that may become one."""
    return shapes.Answer(
        id=str(answer.pk),
        title=answer.title,
        state=answer.state,
        texts=answer.texts,
        forms=answer.forms,
        questions=answer.questions,
        source=answer.source,
        owner=tell_person(answer.owner),
        approved_by=tell_person(answer.approved_by) if answer.approved_by else None,
        approved_at=answer.approved_at,
        review_on=answer.review_on,
        version=answer.version,
    )


def tell_commitment(one: Commitment) -> shapes.Commitment:
    """Something that the agency said it will do."""
    return shapes.Commitment(
        id=str(one.pk),
        case=str(one.case_id),
        what=one.what,
        said=one.said,
        state=one.state,
        owner=tell_person(one.owner),
        due_at=one.due_at,
        evidence=one.evidence,
        closing_note=one.closing_note,
        closed_at=one.closed_at,
        version=one.version,
    )


def tell_channel(health: ChannelHealth) -> shapes.Channel:
    """A channel and how it is."""
    channel = health.channel
    return shapes.Channel(
        id=str(channel.pk),
        name=channel.name,
        platform=channel.platform,
        state=health.state,
        waiting=health.waiting,
        last_success_at=channel.last_success_at,
        last_post_at=channel.last_post_at,
        last_sent_at=channel.last_sent_at,
    )


def tell_event(event: RecordEvent) -> shapes.RecordEvent:
    """An event on the record, with what its hash covers."""
    return shapes.RecordEvent(
        id=str(event.pk),
        chain=event.chain.name,
        seq=event.seq,
        subject=event.subject,
        action=event.action,
        actor=event.actor,
        at=event.at,
        payload=json.loads(event.payload),
        previous_hash=event.previous_hash,
        hash=event.hash,
    )


def tell_asked(row: AskedRow) -> shapes.AskedQuestion:
    """A question that many ask."""
    group = row.group
    return shapes.AskedQuestion(
        id=str(group.pk),
        name=group.name,
        lang=group.lang,
        state=group.state,
        asked=group.asked,
        people=group.people,
        days={day.isoformat(): count for day, count in row.days if count},
        channels=dict(row.channels),
        replied=row.handled.replied,
        posts=row.handled.posts,
        examples=[str(post.pk) for post in row.examples],
        answer=str(group.answer_id) if group.answer_id else None,
        last_asked=group.last_asked,
    )


def tell_own_post(one: OwnPost) -> shapes.OwnPost:
    """What the agency said to everybody; its deliveries must have been fetched with it."""
    return shapes.OwnPost(
        id=str(one.pk),
        answer=str(one.answer_id) if one.answer_id else None,
        answer_version=one.answer_version,
        lang=one.lang,
        by=tell_person(one.by),
        at=one.at,
        state=one.state.value,
        on=[
            shapes.OnChannel(
                channel=str(each.channel_id),
                text=each.text,
                state=each.outbox_item.state,
                url=each.outbox_item.url,
                error=each.outbox_item.last_error,
                given_up=each.given_up,
            )
            for each in one.deliveries.all()
        ],
    )
