"""What the analysis says of posts and what the doctrine makes of it: text in, decision out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import structlog
from django.conf import settings

from levelhead.analysis.domain import Assessment, Label, PostText, SafetyHead
from levelhead.doctrine.clocks import Schedule
from levelhead.doctrine.domain import Context, Decision
from levelhead.doctrine.rules import RuleSet
from levelhead.doctrine.triage import decide, label_of, load_rules, urgency_of
from levelhead.inbox.allowance import Allowance
from levelhead.kernel.errors import ConfigurationError
from levelhead.learning.in_force import in_force

log = structlog.get_logger(__name__)


# Signs of what a closed list may hold whatever the post is about.
_CLAUSE_HEADS = (SafetyHead.PRIVATE_DATA, SafetyHead.SPAM, SafetyHead.SCAM_LINK)
_CLAUSE_LIKELY = 0.5


def may_break(label: Label, safety: Mapping[str, float]) -> bool:
    """Whether a clause of the policy may be about such a post."""
    return label is Label.REMOVABLE or any(
        safety.get(head, 0.0) >= _CLAUSE_LIKELY for head in _CLAUSE_HEADS
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ToJudge:
    """A post as the analysis and the doctrine see it."""

    text: PostText
    agency_id: int
    from_agency: bool
    author_followers: int | None
    schedule: Schedule


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What is said of a post, and what is to be done."""

    assessment: Assessment
    decision: Decision
    # Words of the post and how much each speaks for its label; of posts that were reread.
    terms: tuple[tuple[str, float], ...] = ()

    @property
    def label(self) -> Label:
        """What the post is, for the desk: the safety rules may know better than the label head."""
        return label_of(self.assessment, self.decision)

    @property
    def may_break(self) -> bool:
        """Whether a clause of the policy may be about it: by its label, or by a sign in it."""
        return may_break(self.label, self.assessment.safety)

    @property
    def urgency(self) -> int:
        """How soon, 0 to 3; never later than the deciding rule has somebody called."""
        return urgency_of(self.assessment, self.decision)


@cache
def triage_rules() -> RuleSet:
    """The rules in force, read once."""
    return load_rules()


# Posts that the encoder may read at once after a quiet time, in seconds of its allowance.
SAVED_SECONDS = 4
# Words shown for a label, and how long one may be.
MAX_TERMS = 4
MAX_TERM = 40


@cache
def reread_allowance() -> Allowance:
    """What this process may spend on the encoder."""
    per_second = settings.ENVIRONMENT.reread_per_second
    return Allowance(per_second, per_second * SAVED_SECONDS)


def _assess(posts: Sequence[ToJudge]) -> list[Assessment]:
    """In quiet hours the encoder reads every post; in a flood the least sure, as many as it may."""
    # Here, not above: pages import this module and never judge; numba would cost them 75 MB.
    from levelhead.analysis.assess import load

    assessor = load()
    texts = [post.text for post in posts]
    taught = in_force().by_agency()
    adapters = [taught.get(post.agency_id) for post in posts] if taught else []
    share = reread_allowance().take(len(texts)) / max(1, len(texts))
    try:
        return assessor.assess(texts, reread=share, adapters=adapters, likes=True)
    except ConfigurationError as error:
        # Without the encoder's files the cheap heads stand alone; `levelhead doctor` says so.
        log.warning("the encoder cannot be used; posts keep their first score", error=error.message)
        return assessor.assess(texts)


def _find_terms(
    post: PostText, assessment: Assessment, decision: Decision
) -> tuple[tuple[str, float], ...]:
    """For the few that the encoder has time for; in a flood words would cost as much as scores."""
    if assessment.reading is None:
        return ()
    from levelhead.analysis.explain import explain

    head = None
    if label_of(assessment, decision) is not assessment.label:
        # A sign decided, not the label: the words are those of the sign.
        head = SafetyHead(max(assessment.safety, key=lambda name: assessment.safety[name]))
    return tuple(explain(post, assessment, MAX_TERMS, head=head))


def judge(posts: Sequence[ToJudge], *, received_at: datetime) -> list[Judgement]:
    """One judgement per post, in order."""
    rules = triage_rules()
    judgements = []
    for post, assessment in zip(posts, _assess(posts), strict=True):
        decision = decide(
            assessment,
            Context(
                received_at=received_at,
                from_agency=post.from_agency,
                author_followers=post.author_followers,
            ),
            rules=rules,
            schedule=post.schedule,
        )
        terms = _find_terms(post.text, assessment, decision)
        judgements.append(Judgement(assessment=assessment, decision=decision, terms=terms))
    return judgements


_LABELS = tuple(label.value for label in Label)
_HEADS = tuple(head.value for head in SafetyHead)


def _numbers(names: tuple[str, ...]) -> str:
    return "{" + ",".join(f'"{name}":%.4f' for name in names) + "}"


# Numbers are written by one format: a JSON encoder takes four times as long for them.
_SCORES = (
    '{"label":"%s","reply":%.4f,"urgency":%d,"hostility":%.4f,"crisis":%.4f,'
    f'"label_scores":{_numbers(_LABELS)},"safety":{_numbers(_HEADS)},"spans":%s%s}}'
)


def scores_json(assessment: Assessment, terms: Sequence[tuple[str, float]] = ()) -> str:
    """An assessment as it is kept beside its post, with the words that spoke for its label."""
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
        _reading_json(assessment, terms),
    )


def _reading_json(assessment: Assessment, terms: Sequence[tuple[str, float]]) -> str:
    """What the encoder added, for the screen; nothing where it was not asked."""
    reading = assessment.reading
    if reading is None:
        return ""
    kept: dict[str, object] = {
        "sentiment": round(reading.sentiment, 3),
        "claim": round(reading.claim, 3),
        "info_type": reading.info_type,
        "terms": [[term[:MAX_TERM], weight] for term, weight in terms],
    }
    if reading.stance is not None:
        kept["stance"] = {name: round(value, 3) for name, value in reading.stance.items()}
    if reading.like is not None:
        kept["like"] = [reading.like.text, reading.like.label.value, reading.like.similarity]
    return ',"reading":' + json.dumps(kept, ensure_ascii=False)
