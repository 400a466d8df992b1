"""What `levelhead triage` says of posts: the assessment, and label and reply after the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from levelhead.analysis.assess import Assessor
from levelhead.analysis.domain import Assessment, PostText
from levelhead.doctrine.domain import Context
from levelhead.doctrine.schedule import Schedule
from levelhead.doctrine.triage import decide, label_of, load_rules, reply_of
from levelhead.kernel import clock


@dataclass(frozen=True, slots=True)
class Verdict:
    """An assessment with what the rules make of it."""

    assessment: Assessment
    label: str
    reply: bool


class Judge:
    """Says of posts what the command would say; `reread` is the share that the encoder reads."""

    def __init__(self, assessor: Assessor, *, reread: float) -> None:
        self._assessor = assessor
        self._reread = reread
        self._rules = load_rules()
        # Due times are not looked at, so any hours will do.
        self._schedule = Schedule.day_and_night("UTC")

    def __call__(
        self, posts: Sequence[PostText], followers: Sequence[int | None] | None = None
    ) -> list[Verdict]:
        """One verdict for each post, in order."""
        known = followers if followers is not None else [None] * len(posts)
        found = self._assessor.assess(posts, reread=self._reread)
        return [self._decide(a, n) for a, n in zip(found, known, strict=True)]

    def _decide(self, assessment: Assessment, followers: int | None) -> Verdict:
        context = Context(received_at=clock.now(), author_followers=followers)
        decision = decide(assessment, context, rules=self._rules, schedule=self._schedule)
        return Verdict(
            assessment,
            label_of(assessment, decision, rules=self._rules).value,
            reply_of(assessment, decision, rules=self._rules),
        )


def hostility_of(one: Verdict) -> float:
    """0 none .. 1 hateful or threatening."""
    return one.assessment.hostility


def threat_of(one: Verdict) -> float:
    """Chance of a threat by the author."""
    return one.assessment.safety["threat"]
