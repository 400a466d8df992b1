"""What the analysis says of posts and what the doctrine makes of it: text in, decision out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import structlog
from django.conf import settings

from levelhead.analysis.domain import Assessment, Label, PostText, SafetyHead
from levelhead.doctrine.clocks import Schedule
from levelhead.doctrine.domain import Context, Decision
from levelhead.doctrine.rules import RuleSet
from levelhead.doctrine.triage import decide, label_of, load_rules
from levelhead.inbox.allowance import Allowance
from levelhead.kernel.errors import ConfigurationError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class ToJudge:
    """A post as the analysis and the doctrine see it."""

    text: PostText
    from_agency: bool
    author_followers: int | None
    schedule: Schedule


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What is said of a post, and what is to be done."""

    assessment: Assessment
    decision: Decision

    @property
    def label(self) -> Label:
        """What the post is, for the desk: the safety rules may know better than the label head."""
        return label_of(self.assessment, self.decision)


@cache
def triage_rules() -> RuleSet:
    """The rules in force, read once."""
    return load_rules()


# Posts that the encoder may read at once after a quiet time, in seconds of its allowance.
SAVED_SECONDS = 4


@cache
def reread_allowance() -> Allowance:
    """What this process may spend on the encoder."""
    per_second = settings.ENVIRONMENT.reread_per_second
    return Allowance(per_second, per_second * SAVED_SECONDS)


def _assess(texts: Sequence[PostText]) -> list[Assessment]:
    """In quiet hours the encoder reads every post; in a flood the least sure, as many as it may."""
    # Here, not above: pages import this module and never judge; numba would cost them 75 MB.
    from levelhead.analysis.assess import load

    assessor = load()
    share = reread_allowance().take(len(texts)) / max(1, len(texts))
    try:
        return assessor.assess(texts, reread=share)
    except ConfigurationError as error:
        # Without the encoder's files the cheap heads stand alone; `levelhead doctor` says so.
        log.warning("the encoder cannot be used; posts keep their first score", error=error.message)
        return assessor.assess(texts)


def judge(posts: Sequence[ToJudge], *, received_at: datetime) -> list[Judgement]:
    """One judgement per post, in order."""
    assessments = _assess([post.text for post in posts])
    rules = triage_rules()
    return [
        Judgement(
            assessment=assessment,
            decision=decide(
                assessment,
                Context(
                    received_at=received_at,
                    from_agency=post.from_agency,
                    author_followers=post.author_followers,
                ),
                rules=rules,
                schedule=post.schedule,
            ),
        )
        for post, assessment in zip(posts, assessments, strict=True)
    ]


_LABELS = tuple(label.value for label in Label)
_HEADS = tuple(head.value for head in SafetyHead)


def _numbers(names: tuple[str, ...]) -> str:
    return "{" + ",".join(f'"{name}":%.4f' for name in names) + "}"


# Numbers are written by one format: a JSON encoder takes four times as long for them.
_SCORES = (
    '{"label":"%s","reply":%.4f,"urgency":%d,"hostility":%.4f,"crisis":%.4f,'
    f'"label_scores":{_numbers(_LABELS)},"safety":{_numbers(_HEADS)},"spans":%s}}'
)


def scores_json(assessment: Assessment) -> str:
    """An assessment as it is kept beside its post."""
    spans = "[]"
    if assessment.spans:
        spans = json.dumps(
            [
                {"head": s.head.value, "start": s.start, "end": s.end, "rule": s.rule}
                for s in assessment.spans
            ]
        )
    labels, safety = assessment.label_scores, assessment.safety
    return _SCORES % (
        assessment.label.value,
        assessment.reply,
        assessment.urgency,
        assessment.hostility,
        assessment.crisis,
        *[labels.get(name, 0.0) for name in _LABELS],
        *[safety.get(name, 0.0) for name in _HEADS],
        spans,
    )
