"""`levelhead triage`: posts in as JSON Lines, what the desk proposes for each out, in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Final, Protocol

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
from levelhead.cli.side_by_side import Crew, count_spare_cores
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
    """What says what posts are like."""

    def assess(
        self, posts: Sequence[PostText], *, reread: float = 0.0, likes: bool = False
    ) -> list[Assessment]: ...


@dataclass(frozen=True, slots=True)
class Post:
    """A line that can be assessed."""

    id: object
    text: PostText
    author_followers: int | None


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
    desk = Desk(
        assessor,
        load_rules(),
        lang=lang,
        reread=reread,
        explains=explain,
        spare=count_spare_cores(),
    )
    # Not before the desk has its crew: the encoder brings threads, which do not survive a fork.
    if reread is None and assessor.rereader is not None:
        try:
            _ = assessor.rereader.encoder
        except ConfigurationError as error:
            click.echo(f"levelhead: {error.message} Until then nothing is reread.", err=True)
            desk.reread = 0.0
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
        spare: int = 0,
    ) -> None:
        """`spare` processes beside this one take their share while more lines wait."""
        self.assessor = assessor
        self.explains = explains
        self.reread = reread
        # Lines so far.
        self.taken = 0
        self.rules = rules
        self.lang = lang
        self.faults = 0
        # Due times are not part of the answer, so any hours will do.
        self.schedule = Schedule.day_and_night("UTC")
        self._crew: Crew[tuple[list[bytes], float], tuple[bytes, int]] = Crew(
            self._work, spare=spare
        )

    def run(
        self,
        batches: Iterator[list[bytes]],
        write: Callable[[bytes], None],
        more_waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """Answer every batch as soon as it is there, in order."""
        for lines in batches:
            for start in range(0, len(lines), BATCH):
                piece = lines[start : start + BATCH]
                more = start + BATCH < len(lines) or more_waits()
                self._write(self._crew.take((piece, self._share(len(piece))), more=more), write)
        self._write(self._crew.rest(), write)

    def _write(self, answers: list[tuple[bytes, int]], write: Callable[[bytes], None]) -> None:
        for lines, faults in answers:
            self.faults += faults
            if lines:
                write(lines)

    def _work(self, question: tuple[list[bytes], float]) -> tuple[bytes, int]:
        """The answers to some lines as they are written, and how many could not be read."""
        lines, share = question
        answers = self.answer(lines, reread=share)
        faults = sum(isinstance(item, Fault) for item in answers)
        said = (describe_fault(item) if isinstance(item, Fault) else item for item in answers)
        return ("\n".join(said) + "\n").encode() if answers else b"", faults

    def answer(self, lines: Sequence[bytes], *, reread: float = 0.0) -> list[str | Fault]:
        """One line of JSON, or what is wrong, for each of `lines` that is not blank, in order."""
        items = [read_line(line) for line in lines if line and not line.isspace()]
        posts = [item for item in items if isinstance(item, Post)]
        results = iter(self._answer_posts(posts, reread))
        return [next(results) if isinstance(item, Post) else item for item in items]

    def _share(self, count: int) -> float:
        """The share of the next `count` lines that the encoder reads."""
        taken, self.taken = self.taken, self.taken + count
        if self.reread is not None:
            return self.reread
        return 1.0 if taken < REREAD_WHOLLY else REREAD_AFTER

    def _answer_posts(self, posts: Sequence[Post], reread: float) -> list[str | Fault]:
        if not posts:
            return []
        received_at = clock.now()
        try:
            assessments = self.assessor.assess(
                [post.text for post in posts], reread=reread, likes=self.explains
            )
            return [
                self._describe(post, assessment, received_at)
                for post, assessment in zip(posts, assessments, strict=True)
            ]
        except ConfigurationError:
            raise
        except Exception as error:
            # One post that cannot be assessed must not cost the others their answer.
            if len(posts) == 1:
                return [Fault(posts[0].id, f"It could not be assessed: {type(error).__name__}.")]
            return [answer for post in posts for answer in self._answer_posts([post], reread)]

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
