"""The JSON of conversations, research, issues, clocks and topics."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema

from levelhead.api.shapes import Change, Person, Short, Text, Word


class Joining(Schema):
    """Two conversations that people say are one matter."""

    id: str
    part: str = Field(description="The conversation that was joined.")
    whole: str = Field(description="The conversation that it shows under.")
    part_case: str
    whole_case: str
    reason: str
    by: Person
    at: datetime
    undone_at: datetime | None


class Splitting(Schema):
    """A branch that people say is another matter."""

    id: str
    source: str = Field(description="The conversation that it was in.")
    made: str = Field(description="The conversation that it is now.")
    case: str = Field(description="The post at its top.")
    reason: str
    by: Person
    at: datetime
    undone_at: datetime | None


class Conversation(Schema):
    """The conversation of a case: what people joined and split."""

    id: str
    shape: int = Field(description="Grows with each joining and splitting. Give it back as seen.")
    joinings: list[Joining]
    split_from: Splitting | None
    split_off: list[Splitting]


class Seen(Schema):
    """What may be given back with a change to conversations."""

    shapes: dict[Word, int] | None = Field(
        None, description="Conversation to the `shape` that was looked at."
    )


class Join(Seen):
    """With which, and why."""

    other: Word = Field(description="A case of the conversation that is joined with this one.")
    reason: Short


class Split(Seen):
    """What goes along, and why."""

    reason: Short
    posts: list[Word] | None = Field(
        None, max_length=200,
        description="Only these posts go along; left out, everything below the post does.",
    )  # fmt: skip


class TakeBack(Seen):
    """Why it is taken back."""

    reason: Short


class Research(Schema):
    """A question to a colleague without an account. Its link is shown to nobody here."""

    id: str
    case: str
    kind: str = Field(description="`question` or `records`.")
    question: str
    to_name: str
    to_email: str
    state: str = Field(description="waiting, not_mine, answered, released, posted or withdrawn.")
    asked_by: Person
    asked_at: datetime
    due_at: datetime
    by_mail: bool
    bounced: bool = Field(description="A mail to the colleague came back.")
    overdue: bool
    version: int


class ResearchWhole(Research):
    """With what came back."""

    answer: str
    answered_by: str
    answered_at: datetime | None
    proposed_email: str = Field(description="Whom the colleague names instead.")
    proposed_note: str
    released_text: str
    released_by: Person | None
    released_at: datetime | None
    closing_note: str


class ResearchPage(Schema):
    """Some questions; `next` is the address of those that follow."""

    items: list[Research]
    next: str
    waiting: int
    overdue: int
    answered: int


class Ask(Schema):
    """Whom to ask what, by when."""

    case: Word
    question: Text
    to_email: Short
    to_name: Short = ""
    kind: Word = Field("question", description="`question` or `records`.")
    due_at: datetime | None = Field(
        None, description="With its zone. A records request without one is due when the law says."
    )


class Release(Change):
    """What may be said in public."""

    text: Text


class Withdraw(Change):
    """Why it is not asked any more."""

    reason: Short


class IssueRow(Schema):
    """A matter that the agency works on before it becomes a crisis."""

    id: str
    name: str
    state: str = Field(description="open or closed.")
    level: int | None = Field(description="0 to 4, as a person decided; null until one did.")
    owner: Person
    opened_at: datetime
    closed_at: datetime | None
    version: int


class IssuePage(Schema):
    """Some issues, the newest first; `next` is the address of those that follow."""

    items: list[IssueRow]
    next: str


class Fact(Schema):
    """A statement about an issue, with where it comes from."""

    id: str
    text: str
    source: str
    state: str = Field(description="unchecked, approved or withdrawn.")
    by: Person
    at: datetime


class Issue(IssueRow):
    """One issue with its evidence."""

    level_why: str
    level_by: Person | None
    level_at: datetime | None
    root_cause: str
    done: str
    outcome: str
    closed_why: str
    facts: list[Fact]
    evidence: dict[str, object] = Field(
        description="Figures and ids: topics, posts an hour, conversations, the proposed level."
    )


class OpenIssue(Schema):
    """What it is called, who sees to it, and what showed it."""

    name: Short
    owner: Short = Field("", description="E-mail address of a colleague; empty for yourself.")
    level: int | None = None
    why: Short = Field("", description="Why this level.")
    topic: Word | None = None
    case: Word | None = None


class SetLevel(Change):
    """How grave it is, and why."""

    level: int
    why: Short


class AddFact(Schema):
    """A statement and its source."""

    text: Short
    source: Short


class LinkCase(Schema):
    """A case whose conversation is part of it."""

    case: Word


class CloseIssue(Change):
    """Why it can be closed, and what may still be missing."""

    why: Short
    root_cause: Text | None = Field(None, description="Written down before it is closed.")
    done: Text | None = None
    outcome: Text | None = None


class Hour(Schema):
    """Posts in an hour."""

    at: datetime
    posts: int


class Topic(Schema):
    """What many write about, with what speaks for its level."""

    id: str
    name: str
    terms: list[str]
    state: str = Field(description="open or ordinary.")
    level: int = Field(description="0 to 4, proposed by rules; people decide.")
    reasons: list[str]
    posts: int = Field(description="In the 45 minutes before it was last told of.")
    baseline: float = Field(description="How many were to be expected.")
    authors: int
    counted: int
    examples: list[str] = Field(description="Cases that show it.")
    hours: list[Hour]
    first_seen: datetime
    last_seen: datetime


class TopicPage(Schema):
    """Some topics, the newest first; `next` is the address of those that follow."""

    items: list[Topic]
    next: str


class RunningClock(Schema):
    """A case whose clock runs."""

    case: str
    state: str
    due_at: datetime
    over: bool
    kind: str = Field(description="first_word or full_answer.")
    owner: Person | None
    channel: str
    version: int


class ClockPage(Schema):
    """Running clocks by due time; `next` is the address of those that follow."""

    items: list[RunningClock]
    next: str


class Pause(Change):
    """What is waited for, and until when at the latest."""

    waiting_on: Word
    until: datetime = Field(description="With its zone.")
    reason: Short = ""


class ClockState(Schema):
    """The clocks of a case after a change."""

    case: str
    version: int
    due_at: datetime | None
    paused_at: datetime | None
    waiting_on: str


class ReportLine(Schema):
    """How one kind of clock ended, of one class on one channel."""

    name: str
    channel: str
    kind: str
    in_time: int
    late: int
    unanswered: int
    share: int | None = Field(description="Met in time, in percent of those that were met.")


class ReportCase(Schema):
    """A case whose clock runs or ran out."""

    case: str
    name: str
    due_at: datetime | None


class ClockReport(Schema):
    """Clocks kept and missed in a period."""

    days: int
    since: datetime
    lines: list[ReportLine]
    out: list[ReportCase] = Field(description="Ran out and still open, at most 50.")
    soon: list[ReportCase] = Field(description="Run out next, at most 50.")


class DraftSource(Schema):
    """Something approved that a model was given, under the number by which it cites it."""

    number: int
    kind: str = Field(description="answer, fact, research or contact.")
    id: str
    title: str
    text: str


class DraftSentence(Schema):
    """A sentence of a model: kept, or struck and why."""

    text: str
    sources: list[int]
    struck: str = Field(description="Why it was taken out; empty where it was kept.")
    what: str = Field(description="The words that were the trouble.")


class ModelDraft(Schema):
    """A draft by a language model."""

    id: str
    case: str
    state: str = Field(description="asking, ready, nothing, failed or cancelled.")
    trouble: str = Field(description="Why there is none, where it failed.")
    said: str = Field(description="What the endpoint said of it.")
    text: str = Field(description="What was kept of the answer; empty until it is ready.")
    lang: str
    model: str
    host: str
    sources: list[DraftSource]
    sentences: list[DraftSentence]
    missing: list[str] = Field(description="What no source says, as the model puts it.")
    prompt_sha256: str
    answer_sha256: str
    asked_at: datetime
    read_by: str = Field(description="Id of who said that it is right, or empty.")
    reply: str = Field(description="The reply that was written from it, or empty.")
    changed_percent: int | None
