"""The JSON that goes in and out. Ids are strings: they are longer than a browser's numbers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from ninja import Field, Schema
from pydantic import StringConstraints

Text = Annotated[str, StringConstraints(max_length=63_206)]
Short = Annotated[str, StringConstraints(max_length=2_000)]
Word = Annotated[str, StringConstraints(max_length=60)]


class Person(Schema):
    """A colleague."""

    email: str
    name: str


class Post(Schema):
    """What somebody wrote."""

    id: str
    channel: str
    author: str | None = Field(description="Handle on the platform.")
    text: str = Field(description="As last seen, where its author deleted it too.")
    lang: str
    url: str
    created_at: datetime
    edited_at: datetime | None
    visibility: str
    from_agency: bool


class CaseRow(Schema):
    """A post and what is to be done about it, as in the inbox's list."""

    id: str
    state: str
    queue: str
    label: str
    disposition: str
    priority: int
    urgency: int = Field(description="0 to 3.")
    hostility: float = Field(description="0 to 1.")
    rule: str
    waits_for: str
    due_at: datetime | None
    owner: Person | None
    reply_failed: bool
    version: int = Field(description="Give it back with a change: one made in between is refused.")
    channel: str
    author: str | None
    excerpt: str
    created_at: datetime


class CasePage(Schema):
    """Some rows; `next` is the address of those that follow, empty at the end."""

    items: list[CaseRow]
    next: str


class Case(CaseRow):
    """One case with its post, its reasons, its clocks and its replies."""

    post: Post
    reasons: list[str]
    ack_due: datetime | None
    substance_due: datetime | None
    replies: list[Reply]


class Thread(Schema):
    """The conversation around a post: those above it, answers below it, others beside it."""

    above: list[Post]
    post: Post
    answers: list[Post]
    others: list[Post]
    cut: bool = Field(description="Whether there are more than are given.")


class Reply(Schema):
    """A reply and what became of it."""

    id: str
    text: str
    by: Person
    at: datetime
    state: str = Field(description="queued, sending, sent, failed or withdrawn.")
    url: str
    error: str


class Change(Schema):
    """What every change may carry."""

    version: int | None = Field(None, description="The version that was looked at.")


class Assign(Change):
    """To whom; null gives it to nobody."""

    owner: Short | None = Field(description="E-mail address of a colleague.")


class Decide(Change):
    """Another label, another disposition, or both."""

    label: Word | None = None
    disposition: Word | None = None
    reason: Short = ""


class Close(Change):
    """Why it is closed."""

    reason: Short


class Note(Schema):
    """A note for colleagues."""

    text: Annotated[str, StringConstraints(max_length=5_000)]


class NoteMade(Schema):
    """The note as it was kept."""

    id: str
    text: str
    by: Person
    at: datetime


class WriteReply(Change):
    """A reply to a post."""

    text: Text
    answers: list[Word] = Field(
        default=[], max_length=20, description="Ids of the approved answers it was written from."
    )
    all_the_same: Short = Field(
        default="", description="Why it goes although the reply check holds it."
    )


class Answer(Schema):
    """An approved answer."""

    id: str
    title: str
    state: str
    texts: dict[str, str] = Field(description="By language.")
    questions: dict[str, object] = Field(description="How people ask for it, by language.")
    source: str
    owner: Person
    approved_by: Person | None
    approved_at: datetime | None
    review_on: date
    version: int


class AnswerPage(Schema):
    """Some answers; `next` is the address of those that follow."""

    items: list[Answer]
    next: str


class Commitment(Schema):
    """Something the agency said it will do."""

    id: str
    case: str
    what: str
    said: str
    state: str
    owner: Person
    due_at: datetime | None
    evidence: str
    closing_note: str
    closed_at: datetime | None
    version: int


class CommitmentPage(Schema):
    """Some commitments; `next` is the address of those that follow."""

    items: list[Commitment]
    next: str
    open: int
    overdue: int


class Keep(Change):
    """What shows that it was kept."""

    evidence: Short
    note: Short = ""


class Drop(Change):
    """Why it is not kept."""

    reason: Short


class Channel(Schema):
    """A channel and how it is."""

    id: str
    name: str
    platform: str
    state: str
    waiting: int = Field(description="Messages that wait to leave.")
    last_success_at: datetime | None
    last_post_at: datetime | None
    last_sent_at: datetime | None


class ChannelList(Schema):
    """All channels of the agency."""

    items: list[Channel]


class RecordEvent(Schema):
    """An event on the record, linked to the one before it."""

    id: str
    chain: str
    seq: int
    subject: str
    action: str
    actor: str
    at: str
    payload: dict[str, object]
    previous_hash: str
    hash: str


class RecordPage(Schema):
    """Events in their order; ask again with `after` for those that follow."""

    items: list[RecordEvent]
    after: int


class Problem(Schema):
    """What went wrong, what was kept, what to do."""

    code: str
    message: str
    permanent: bool
    data: dict[str, object]


class Error(Schema):
    """The shape of every refusal."""

    error: Problem
