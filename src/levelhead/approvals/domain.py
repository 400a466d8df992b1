"""Who must approve a reply before it leaves, and why: rules as data, read by pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

NAME_LIMIT: Final = 120
REASON_LIMIT: Final = 1_000
WORDS_LIMIT: Final = 200
WORD_LIMIT: Final = 80
EXAMPLES_LIMIT: Final = 50
MOST_RULES: Final = 200
# From here on a post counts as hostile.
HOSTILE_FROM: Final = 0.7
UNDO: Final = timedelta(seconds=10)
# Where a case has no clock, or its clock ran out already.
ASK_NEXT_AFTER: Final = timedelta(hours=1)
ASK_NEXT_LATE: Final = timedelta(minutes=10)
LONGEST_MINUTES: Final = 7 * 24 * 60


class ApprovalState(StrEnum):
    """Where a request for approval stands."""

    WAITING = "waiting"
    APPROVED = "approved"  # leaves when the ten seconds to undo are over
    SENT = "sent"
    SENT_BACK = "sent_back"
    TAKEN_BACK = "taken_back"
    FAILED = "failed"  # approved, and then it could not be sent as it was
    TOLD = "told"  # went without asking, because a life was at stake; the approver is told


NEXT: Final[Mapping[ApprovalState, frozenset[ApprovalState]]] = {
    ApprovalState.WAITING: frozenset(
        {ApprovalState.APPROVED, ApprovalState.SENT_BACK, ApprovalState.TAKEN_BACK}
    ),
    # Back to waiting: the approver undid it.
    ApprovalState.APPROVED: frozenset(
        {
            ApprovalState.WAITING,
            ApprovalState.SENT,
            ApprovalState.FAILED,
            ApprovalState.TAKEN_BACK,
        }
    ),
    ApprovalState.SENT_BACK: frozenset({ApprovalState.WAITING, ApprovalState.TAKEN_BACK}),
    ApprovalState.FAILED: frozenset({ApprovalState.WAITING, ApprovalState.TAKEN_BACK}),
    ApprovalState.SENT: frozenset(),
    ApprovalState.TAKEN_BACK: frozenset(),
    ApprovalState.TOLD: frozenset(),
}
# At most one request of a case stands here.
HOLDING: Final = (ApprovalState.WAITING, ApprovalState.APPROVED)


class WhoKind(StrEnum):
    """How an approver is named."""

    PERSON = "person"
    ROLE = "role"
    ABILITY = "ability"
    DUTY = "duty"
    COUNSEL = "counsel"


@dataclass(frozen=True, slots=True)
class Who:
    """Who must approve: `value` is a person's id, a role or an ability; else empty."""

    kind: WhoKind
    value: str = ""

    @property
    def key(self) -> str:
        """As a form and the database carry it, such as "role:administrator"."""
        return f"{self.kind.value}:{self.value}" if self.value else self.kind.value


def read_who(key: str) -> Who | None:
    """What `Who.key` wrote; None where it is nothing of the kind."""
    kind, _, value = key.partition(":")
    if kind not in {one.value for one in WhoKind}:
        return None
    who = Who(WhoKind(kind), value)
    if who.kind in (WhoKind.DUTY, WhoKind.COUNSEL):
        return None if value else who
    if who.kind is WhoKind.PERSON and not re.fullmatch(r"[0-9]{1,18}", value):
        return None
    return who if value else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A colleague, as far as approving goes."""

    id: int
    name: str
    role: str
    abilities: Collection[str]
    on_duty: bool = False
    counsel: bool = False


def is_one(who: Who, person: Person) -> bool:
    """Whether a person is one of those that `who` names."""
    match who.kind:
        case WhoKind.PERSON:
            return str(person.id) == who.value
        case WhoKind.ROLE:
            return person.role == who.value
        case WhoKind.ABILITY:
            return who.value in person.abilities
        case WhoKind.DUTY:
            return person.on_duty
        case WhoKind.COUNSEL:
            return person.counsel


def who_may(
    who: Who, people: Iterable[Person], *, author: int, then: Who | None = None
) -> list[Person]:
    """Those who may approve what `author` wrote: never the author, whatever else they are.

    `then` joins once it was escalated; it stands in at once where `who` leaves nobody.
    """
    others = [person for person in people if person.id != author]
    found = [person for person in others if is_one(who, person)]
    if then is not None:
        found += [person for person in others if person not in found and is_one(then, person)]
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """An open issue that a case is part of."""

    id: int
    name: str
    level: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of a reply that is about to leave."""

    now: datetime
    draft: str
    author: int
    post: str = ""
    label: str = ""
    disposition: str = ""
    channel: int = 0
    hostility: float = 0.0
    life_safety: bool = False
    # The desk has not answered this post, and nobody on the desk has answered its author.
    first_to_post: bool = True
    first_to_author: bool = True
    # Rules of the reply check that were overruled.
    overruled: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """When a rule asks: every condition that is given must hold; an empty one asks always."""

    labels: tuple[str, ...] = ()
    dispositions: tuple[str, ...] = ()
    # Words and phrases in the reply, or in the post, or in either; "drone*" for all that begin so.
    words: tuple[str, ...] = ()
    words_in: str = "either"
    channels: tuple[int, ...] = ()
    authors: tuple[int, ...] = ()
    # From this level on; of the issue with this id, or of any.
    issue_level: int | None = None
    issue: int | None = None
    overruled: bool = False
    hostile: bool = False
    life_safety: bool = False
    first_to_author: bool = False

    @property
    def always(self) -> bool:
        """Whether it is the agency-wide default."""
        return self == When()


@dataclass(frozen=True, slots=True)
class Because:
    """Why a rule asks, or why not: a code that screens put into words, and its values."""

    code: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule in force."""

    id: int
    version: int
    name: str
    who: Who
    # Who is asked where nobody has decided in time.
    then: Who
    when: When
    minutes: int | None = None
    # What is said first to somebody in danger leaves without asking; the approver is told.
    life_goes: bool = True
    active_from: datetime | None = None
    active_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asks:
    """A rule that wants a reply approved, and why."""

    rule: Rule
    because: tuple[Because, ...]
    # It would ask, and lets this one go.
    told_only: bool = False


def fold(text: str) -> str:
    """Lower case without accents, for comparing words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def find_word(words: Sequence[str], text: str) -> str | None:
    """The first of the words that stands in the text as a whole word, or begins one ("drone*")."""
    folded = fold(text)
    for word in words:
        stem = fold(word).strip().rstrip("*").strip()
        if not stem:
            continue
        inner = r"\s+".join(re.escape(part) for part in stem.split())
        end = "" if word.strip().endswith("*") else r"(?!\w)"
        if re.search(rf"(?<!\w){inner}{end}", folded):
            return word.strip()
    return None


def _judge(when: When, facts: Facts) -> tuple[list[Because], Because | None]:
    """Reasons for each condition that is given; and the first that does not hold, if any."""
    found: list[Because] = []

    def check(given: bool, holds: bool, because: Because) -> Because | None:
        if not given:
            return None
        found.append(because)
        return None if holds else because

    texts = {"draft": facts.draft, "post": facts.post}
    text = texts.get(when.words_in, f"{facts.draft}\n{facts.post}")
    word = find_word(when.words, text) if when.words else None
    issues = [
        one
        for one in facts.issues
        if one.level >= (when.issue_level or 0) and when.issue in (None, one.id)
    ]
    issue = issues[0] if issues else None
    checks = (
        check(
            bool(when.labels), facts.label in when.labels,
            Because("label", (facts.label,) if facts.label in when.labels else when.labels),
        ),
        check(
            bool(when.dispositions), facts.disposition in when.dispositions,
            Because(
                "disposition",
                (facts.disposition,) if facts.disposition in when.dispositions
                else when.dispositions,
            ),
        ),
        check(
            bool(when.words), word is not None,
            Because("words", (word,) if word else when.words),
        ),
        check(
            when.issue_level is not None or when.issue is not None, issue is not None,
            Because("issue", (issue.name, str(issue.level))) if issue
            else Because("any_issue", (str(when.issue_level or 0),)),
        ),
        check(bool(when.channels), facts.channel in when.channels, Because("channel")),
        check(bool(when.authors), facts.author in when.authors, Because("author")),
        check(when.overruled, bool(facts.overruled), Because("overruled", facts.overruled)),
        check(when.hostile, facts.hostility >= HOSTILE_FROM, Because("hostile")),
        check(when.life_safety, facts.life_safety, Because("life_safety")),
        check(when.first_to_author, facts.first_to_author, Because("first_to_author")),
    )  # fmt: skip
    missing = next((one for one in checks if one is not None), None)
    return found or [Because("always")], missing


def in_force(rule: Rule, now: datetime) -> bool:
    """Whether a rule counts at a moment."""
    begun = rule.active_from is None or rule.active_from <= now
    return begun and (rule.active_until is None or now < rule.active_until)


_CALL: Final = re.compile(r"(?<!\d)9[\s-]?1[\s-]?1(?!\d)")


def may_go_at_once(facts: Facts) -> bool:
    """The first word to somebody in danger, or one that says to call 911.

    The case must be one of life safety: words alone open no way round a rule.
    """
    return facts.life_safety and (facts.first_to_post or bool(_CALL.search(facts.draft)))


def evaluate(rules: Iterable[Rule], facts: Facts) -> list[Asks]:
    """The rules that want this reply approved, in their order, each with why."""
    found = []
    for rule in rules:
        if not in_force(rule, facts.now):
            continue
        because, missing = _judge(rule.when, facts)
        if missing is None:
            told = rule.life_goes and may_go_at_once(facts)
            found.append(Asks(rule=rule, because=tuple(because), told_only=told))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A reply that a rule must, or must not, ask about."""

    line: str
    must: bool
    facts: Facts


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a rule says of an example."""

    line: str
    must: bool
    matches: bool
    because: tuple[Because, ...]

    @property
    def right(self) -> bool:
        """Whether the rule does what the example says."""
        return self.must == self.matches


def try_examples(when: When, examples: Iterable[Example]) -> list[Outcome]:
    """Run a rule's examples."""
    found = []
    for example in examples:
        because, missing = _judge(when, example.facts)
        why = tuple(because) if missing is None else (missing,)
        found.append(
            Outcome(line=example.line, must=example.must, matches=missing is None, because=why)
        )
    return found


_TOLD: Final = re.compile(r"\s*\[([^\[\]]*)\]\s*(.*)", re.DOTALL)


def read_example(
    line: str, *, must: bool, now: datetime, channels: Mapping[str, int], people: Mapping[str, int]
) -> Example:
    """An example as an administrator writes it; raises ValueError with the part that is unknown.

    The words of a reply, and before it in brackets what else is so: "[label: press; issue: 2]".
    `channels` and `people` say which id a name stands for.
    """
    told = _TOLD.fullmatch(line)
    facts: dict[str, object] = {"first_to_author": False, "author": 0}
    draft = line
    if told:
        draft = told[2]
        for part in told[1].split(";"):
            name, _, value = (piece.strip() for piece in part.partition(":"))
            key = fold(name).replace("_", " ")
            if not key:
                continue
            _read_fact(key, value, facts, channels, people, part)
    return Example(
        line=line, must=must,
        facts=Facts(now=now, draft=draft.strip(), **facts),  # type: ignore[arg-type]
    )  # fmt: skip


def _read_fact(
    key: str,
    value: str,
    facts: dict[str, object],
    channels: Mapping[str, int],
    people: Mapping[str, int],
    part: str,
) -> None:
    match key:
        case "label" | "disposition" | "post":
            facts[key] = value
        case "issue" if re.fullmatch(r"[0-4]", value):
            facts["issues"] = (Issue(id=0, name=value, level=int(value)),)
        case "channel" if fold(value) in channels:
            facts["channel"] = channels[fold(value)]
        case "author" if fold(value) in people:
            facts["author"] = people[fold(value)]
        case "overruled":
            facts["overruled"] = (value or "overruled",)
        case "hostile":
            facts["hostility"] = 1.0
        case "life safety":
            facts["life_safety"] = True
        case "first":
            facts["first_to_author"] = True
        case _:
            raise ValueError(part.strip())


def ask_next_at(
    *, now: datetime, due_at: datetime | None, minutes: Iterable[int | None]
) -> datetime:
    """When the next approver is asked: half of the clock that is left, or sooner as a rule says."""
    if due_at is None:
        at = now + ASK_NEXT_AFTER
    elif due_at <= now:
        at = now + ASK_NEXT_LATE
    else:
        at = now + (due_at - now) / 2
    own = [now + timedelta(minutes=one) for one in minutes if one is not None]
    return min(own) if own else at


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a reply was written for: compared when it is approved and again when it leaves."""

    revision: int
    last_reply: int | None
    state: str
    visible: bool = True


_DONE: Final = frozenset({"stood", "closed", "answered", "answering"})


def what_changed(asked: Seen, now: Seen) -> str | None:
    """Why a reply that was asked about cannot leave any more; a code, or None."""
    if not now.visible:
        return "deleted"
    if now.last_reply != asked.last_reply:
        return "answered"
    if now.state == "answering":
        return "answered"
    if now.state != asked.state and now.state in _DONE:
        return "closed"
    if now.revision != asked.revision:
        return "edited"
    return None


def conditions_of(when: When) -> list[Because]:
    """What a rule asks for, condition by condition, for showing it."""
    found: list[Because] = []
    if when.labels:
        found.append(Because("label", when.labels))
    if when.dispositions:
        found.append(Because("disposition", when.dispositions))
    if when.words:
        found.append(Because("words", when.words[:5]))
    if when.issue_level is not None or when.issue is not None:
        found.append(Because("any_issue", (str(when.issue_level or 0),)))
    if when.channels:
        found.append(Because("channel"))
    if when.authors:
        found.append(Because("author"))
    found += [
        Because(name)
        for name in ("overruled", "hostile", "life_safety", "first_to_author")
        if getattr(when, name)
    ]
    return found or [Because("always")]
