"""`levelhead triage`: posts in as JSON Lines, what the desk proposes for each out, in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, Protocol

import click

from levelhead.analysis.domain import Assessment, CloseReading, Label, PostText, SafetyHead, Span
from levelhead.cli.json_lines import (
    Fault,
    answer_input,
    count_faults,
    describe_fault,
    encode,
    mend,
    more_waits,
    read_batches,
    read_object,
)
from levelhead.doctrine.domain import Context
from levelhead.doctrine.rules import RuleSet
from levelhead.doctrine.schedule import Schedule
from levelhead.doctrine.triage import (
    decide,
    label_of,
    load_rules,
    reasons_for,
    reply_of,
    urgency_of,
)
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError

# Posts assessed together: enough to pay for the call, few enough to answer soon.
BATCH: Final = 1024

_label_values = itemgetter(*(label.value for label in Label))
_safety_values = itemgetter(*(head.value for head in SafetyHead))
_SCORES: Final = (
    '{"label":{'
    + ",".join(f'"{label.value}":%.4f' for label in Label)
    + "},"
    + ",".join(f'"{head.value}":%.4f' for head in SafetyHead)
    + "%s}"
)
# What only the encoder says; where it was not asked nothing is known.
_UNREAD: Final = ',"offensive":null,"claim":null,"sentiment":null,"info_type":null,"stance":null'


# By default a file of some thousand posts is reread whole; a flood keeps its pace.
REREAD_WHOLLY: Final = 4000
REREAD_AFTER: Final = 0.065


class Assessor(Protocol):
    """What says what posts are like; what it begins goes on while others are read."""

    def begin(self, posts: Sequence[PostText], *, reread: float = 0.0) -> Any: ...

    def finish(self, begun: Any, *, likes: bool = False) -> list[Assessment]: ...


@dataclass(frozen=True, slots=True)
class Post:
    """A line that can be assessed."""

    id: object
    text: PostText
    author_followers: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Lines that were read, and what the assessor began with their posts."""

    items: list[Post | Fault]
    posts: list[Post]
    # None where the posts together could not be begun.
    begun: Any
    received_at: datetime


def read_share(ctx: click.Context, param: click.Parameter, value: str) -> float | None:
    """A word or a percentage as a share from 0 to 1, or None for `auto`."""
    if value in ("auto", "none", "all"):
        return {"auto": None, "none": 0.0, "all": 1.0}[value]
    try:
        share = float(value.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise click.BadParameter("Give auto, none, all, or a percentage from 0% to 100%.")
    return share


@click.command()
@click.option(
    "--lang",
    type=click.Choice(["en", "es"]),
    default="en",
    show_default=True,
    help="Language of the reasons.",
)
@click.option(
    "--reread",
    callback=read_share,
    default="auto",
    show_default="all of the first 4,000, then the least sure 6.5%",
    help="Share that the encoder reads as well: auto, none, all, or a percentage such as 10%.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Add the words that speak for each label, and a labelled example like the post.",
)
def command(lang: str, reread: float | None, explain: bool) -> None:
    """Say what to do about each post.

    Reads JSON Lines from standard input, each {"id", "text"} and optionally "parent_text",
    "author", "author_followers", "created_at", "lang". Writes one line for each, in order:
    id, label, reply, urgency, hostility, crisis, lang, reasons, rule, reread, spans, scores, and
    with --explain words and like.

    A line that cannot be read gives {"id", "error"}; the rest is done, and the exit status is
    then 3. Blank lines are passed over.
    """
    from levelhead.analysis.assess import load

    assessor = load()
    if reread is None and assessor.rereader is not None:
        try:
            _ = assessor.rereader.encoder
        except ConfigurationError as error:
            click.echo(f"levelhead: {error.message} Until then nothing is reread.", err=True)
            reread = 0.0
    desk = Desk(assessor, load_rules(), lang=lang, reread=reread, explains=explain)
    answer_input(
        lambda source, write: desk.run(read_batches(source), write, lambda: more_waits(source)),
        lambda: count_faults(desk.faults),
    )


class Desk:
    """Answers lines, and counts those that could not be read."""

    def __init__(
        self,
        assessor: Assessor,
        rules: RuleSet,
        *,
        lang: str = "en",
        reread: float | None = None,
        explains: bool = False,
    ) -> None:
        self.assessor = assessor
        self.explains = explains
        self.reread = reread
        self.answered = 0
        self.rules = rules
        self.lang = lang
        self.faults = 0
        # Due times are not part of the answer, so any hours will do.
        self.schedule = Schedule.day_and_night("UTC")

    def run(
        self,
        batches: Iterator[list[bytes]],
        write: Callable[[bytes], None],
        more_waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """Answer every batch as soon as it is there.

        While one is reread the next begins, if `more_waits` says that there is one.
        """
        waiting: Waiting | None = None

        def answer(batch: Waiting | None) -> None:
            answers = self.finish(batch) if batch else []
            if answers:
                write(("\n".join(answers) + "\n").encode())

        for lines in batches:
            for start in range(0, len(lines), BATCH):
                begun = self.begin(lines[start : start + BATCH])
                answer(waiting)
                waiting = begun
            # Who sends no more now waits for this one.
            if not more_waits():
                answer(waiting)
                waiting = None
        answer(waiting)

    def answer(self, lines: Sequence[bytes]) -> list[str]:
        """One line of JSON for each of `lines` that is not blank, in order."""
        return self.finish(self.begin(lines))

    def begin(self, lines: Sequence[bytes]) -> Waiting:
        """Read at most BATCH lines, and begin to assess their posts."""
        items = [read_line(line) for line in lines if line and not line.isspace()]
        posts = [item for item in items if isinstance(item, Post)]
        begun, received_at = None, clock.now()
        try:
            if posts:
                begun = self.assessor.begin([post.text for post in posts], reread=self._share())
        except ConfigurationError:
            raise
        except Exception:
            begun = None  # one of them cannot be assessed; `finish` finds out which
        self.answered += len(posts)
        return Waiting(items=items, posts=posts, begun=begun, received_at=received_at)

    def finish(self, waiting: Waiting) -> list[str]:
        """The answers to lines that were begun, in order."""
        results = iter(self._answer_posts(waiting.posts, waiting.begun, waiting.received_at))
        return [
            next(results) if isinstance(item, Post) else self._say(item) for item in waiting.items
        ]

    def _share(self) -> float:
        if self.reread is not None:
            return self.reread
        return 1.0 if self.answered < REREAD_WHOLLY else REREAD_AFTER

    def _answer_posts(self, posts: Sequence[Post], begun: Any, received_at: datetime) -> list[str]:
        if not posts:
            return []
        try:
            if begun is None:
                begun = self.assessor.begin([post.text for post in posts], reread=self._share())
            return [
                self._describe(post, assessment, received_at)
                for post, assessment in zip(
                    posts, self.assessor.finish(begun, likes=self.explains), strict=True
                )
            ]
        except ConfigurationError:
            raise
        except Exception as error:
            # One post that cannot be assessed must not cost the others their answer.
            if len(posts) == 1:
                said = f"It could not be assessed: {type(error).__name__}."
                return [self._say(Fault(posts[0].id, said))]
            return [
                answer for post in posts for answer in self._answer_posts([post], None, received_at)
            ]

    def _describe(self, post: Post, assessment: Assessment, received_at: datetime) -> str:
        context = Context(received_at=received_at, author_followers=post.author_followers)
        rules = self.rules
        decision = decide(assessment, context, rules=rules, schedule=self.schedule)
        label = label_of(assessment, decision, rules=rules)
        urgency = urgency_of(assessment, decision, rules=rules)
        reply = "true" if reply_of(assessment, decision, rules=rules) else "false"
        reasons = _encode_reasons(tuple(reasons_for(assessment, decision, self.lang, rules=rules)))
        values = _label_values(assessment.label_scores) + _safety_values(assessment.safety)
        reading = assessment.reading
        reread = "false" if reading is None else "true"
        more = _UNREAD if reading is None else _describe_reading(reading)
        spans = _describe_spans(assessment.spans) if assessment.spans else "[]"
        explained = self._explain(post, assessment) if self.explains else ""
        hostility, crisis = assessment.hostility, assessment.crisis
        if not math.isfinite(sum(values) + hostility + crisis):
            raise ValueError("a score is not a number")
        return (
            f'{{"id":{encode(post.id)},"label":"{label.value}","reply":{reply},'
            f'"urgency":{urgency:d},"hostility":{hostility:.4f},"crisis":{crisis:.4f},'
            f'"lang":{encode(assessment.lang)},"reasons":{reasons},'
            f'"rule":{encode(decision.rule)},"reread":{reread},"spans":{spans},'
            f'"scores":{_SCORES % (*values, more)}{explained}}}'
        )

    def _explain(self, post: Post, assessment: Assessment) -> str:
        """The words that speak for the label, strongest first, and an example like the post."""
        from levelhead.analysis.explain import explain

        words = [[word, weight] for word, weight in explain(post.text, assessment)]
        like = assessment.reading.like if assessment.reading else None
        example = None
        if like is not None:
            example = {"text": like.text, "label": like.label, "similarity": like.similarity}
        return f',"words":{encode(words)},"like":{encode(example)}'

    def _say(self, fault: Fault) -> str:
        self.faults += 1
        return describe_fault(fault)


def read_line(line: bytes) -> Post | Fault:
    """The post that a line holds, or what is wrong with it."""
    given = read_object(line)
    if isinstance(given, Fault):
        return given
    post_id = given["id"]
    text = given.get("text")
    if not isinstance(text, str):
        return Fault(post_id, "The line has no text." if text is None else "text is not a string.")
    parent, lang = given.get("parent_text"), given.get("lang")
    followers = given.get("author_followers")
    known = isinstance(followers, int) and not isinstance(followers, bool) and followers >= 0
    return Post(
        post_id,
        PostText(
            text=mend(text),
            parent_text=mend(parent) if isinstance(parent, str) else None,
            lang=lang if isinstance(lang, str) else None,
        ),
        followers if known else None,
    )


def _describe_spans(spans: Sequence[Span]) -> str:
    return encode(
        [
            {"head": span.head.value, "start": span.start, "end": span.end, "rule": span.rule}
            for span in spans
        ]
    )


def _describe_reading(reading: CloseReading) -> str:
    stance = "null"
    if reading.stance is not None:
        stance = encode({name: round(value, 4) for name, value in reading.stance.items()})
    return (
        f',"offensive":{reading.offensive:.4f},"claim":{reading.claim:.4f},'
        f'"sentiment":{reading.sentiment:.4f},"info_type":"{reading.info_type}","stance":{stance}'
    )


@lru_cache(maxsize=4096)
def _encode_reasons(reasons: tuple[str, ...]) -> str:
    return encode(reasons)
