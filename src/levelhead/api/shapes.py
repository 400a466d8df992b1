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


class PostOfReply(Schema):
    """One post of a reply; a long one leaves as several, each as an answer to the one before."""

    text: str
    state: str = Field(description="queued, sending, unclear, sent, failed or withdrawn.")
    url: str
    error: str


class Reply(Schema):
    """A reply and what became of it."""

    id: str
    text: str
    by: Person
    at: datetime
    state: str = Field(
        description=(
            "queued, sending, sent, failed or withdrawn; waits_for_approval where nothing was "
            "sent yet because a rule wants somebody's word first."
        )
    )
    url: str
    error: str
    posts: list[PostOfReply] = Field(description="In order; one where it fits in one post.")
    approval: str | None = Field(
        default=None, description="The request for approval, where it waits; `id` is empty then."
    )


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
    posts: int = Field(
        default=1, ge=1, le=6, description="As how many posts it may leave where it is too long."
    )
    draft_read: bool = Field(
        default=False,
        description="The key's person has read the words that a model drafted, and says that "
        "they are right; without it they do not leave.",
    )


class ApprovalRule(Schema):
    """A rule that wants a reply approved."""

    id: str
    version: int
    name: str
    who: str = Field(description="Such as counsel, duty, role:administrator or person:12.")
    why: str
    met_by: Person | None


class Approval(Schema):
    """A reply that needs approval, and where that stands."""

    id: str
    case: str
    state: str = Field(
        description="waiting, approved, sent, sent_back, taken_back, failed or told."
    )
    text: str
    author: Person
    asked_at: datetime
    waits_for: str = Field(description="Names of those who may decide now.")
    mine: bool = Field(description="Whether the key's person may decide now.")
    rules: list[ApprovalRule]
    decided_by: Person | None
    decided_at: datetime | None
    reason: str
    reply: str | None = Field(description="The reply that it became.")
    version: int


class ApprovalPage(Schema):
    """Some requests; `next` is the address of those that follow."""

    items: list[Approval]
    next: str


class Approve(Change):
    """Approve as it is, or with other words."""

    text: Text | None = None
    all_the_same: Short = Field(
        default="", description="Why the changed words go although the reply check holds them."
    )


class SendBack(Change):
    """What should be different."""

    reason: Short


class Answer(Schema):
    """An approved answer."""

    id: str
    title: str
    state: str
    texts: dict[str, str] = Field(description="By language.")
    forms: dict[str, dict[str, str]] = Field(
        description="Shorter, by language and kind of channel: short, comment, message."
    )
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


class AskedQuestion(Schema):
    """A question that many ask and that no approved answer fits."""

    id: str
    name: str = Field(description="The question, as one of them put it.")
    lang: str
    state: str = Field(description="open, mixed (not one question) or unneeded.")
    asked: int = Field(description="How often, in the last 30 days.")
    people: int = Field(description="By how many people.")
    days: dict[str, int] = Field(description="How often on each day.")
    channels: dict[str, int] = Field(description="How often on each channel, by its name.")
    replied: int = Field(description="Posts of `posts` that got a reply.")
    posts: int = Field(description="Posts that are looked at: those that are kept.")
    examples: list[str] = Field(description="Ids of cases that show it.")
    answer: str | None = Field(description="Id of the answer that is being written for it.")
    last_asked: datetime


class AskedPage(Schema):
    """Some questions; `next` is the address of those that follow."""

    items: list[AskedQuestion]
    next: str


class OnChannel(Schema):
    """An own post on one channel."""

    channel: str
    text: str
    state: str
    url: str
    error: str
    given_up: bool = Field(description="It failed, and a person does without it.")


class OwnPost(Schema):
    """What the agency said to everybody."""

    id: str
    answer: str | None = Field(description="Id of the approved answer that it is made from.")
    answer_version: int | None
    lang: str
    by: Person
    at: datetime
    state: str = Field(description="failed, on_its_way, sent or withdrawn: the worst channel's.")
    on: list[OnChannel]


class OwnPostPage(Schema):
    """Some own posts; `next` is the address of those that follow."""

    items: list[OwnPost]
    next: str


class SayOn(Schema):
    """The words for one channel."""

    channel: Word
    text: Text


class SayToEverybody(Change):
    """What an approved answer says, in the words of each channel."""

    on: list[SayOn] = Field(min_length=1, max_length=20)
    lang: Word = Field(default="en", description="en or es.")
    all_the_same: Short = Field(
        default="", description="Why it goes although the reply check holds it."
    )
