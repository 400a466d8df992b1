"""What the page and the command show of learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from levelhead.accounts.models import Agency
from levelhead.analysis.shipped import FEWEST, base_of
from levelhead.kernel.errors import ConfigurationError
from levelhead.learning.corrections import count_corrections
from levelhead.learning.domain import UNDER_WAY, ProposalState, interval
from levelhead.learning.models import Proposal

# Older ones stay in the database and on the record.
SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class FigureRow:
    """One line of before and after."""

    # "corrections", "kept", "suite", "grave"; or a label that people gave.
    name: str
    count: int
    before: int
    after: int
    # Wrong before and right after; the other way round.
    gained: int
    lost: int
    # Whole percents; None where there are no posts. The interval is for what comes after.
    before_percent: int | None
    after_percent: int | None
    low: int
    high: int

    @property
    def more(self) -> int:
        """How many more posts are right after than before; 0 where it is not so."""
        return max(0, self.after - self.before)

    @property
    def fewer(self) -> int:
        """How many fewer posts are right after than before; 0 where it is not so."""
        return max(0, self.before - self.after)

    @property
    def too_few(self) -> bool:
        """Whether there are too few posts to see by them what gets worse."""
        return self.count < FEWEST


def list_figures(proposal: Proposal) -> tuple[list[FigureRow], list[FigureRow]]:
    """What was measured of a proposal: the four parts, and the corrections by label."""
    measured = proposal.measured
    if not measured:
        return [], []
    parts = [_row(name, measured[name]) for name in ("corrections", "kept", "suite", "grave")]
    return parts, [_row(label, share) for label, share in measured["by_label"].items()]


def _row(name: str, share: Mapping[str, int]) -> FigureRow:
    count, before, after = share["count"], share["before"], share["after"]
    low, high = interval(after, count)
    return FigureRow(
        name=name,
        count=count,
        before=before,
        after=after,
        gained=share["gained"],
        lost=share["lost"],
        before_percent=round(100 * before / count) if count else None,
        after_percent=round(100 * after / count) if count else None,
        low=round(100 * low),
        high=round(100 * high),
    )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where learning stands in an agency."""

    corrections: int
    needed: int
    under_way: Proposal | None
    # The newest that waits for a decision, or whose outcome nobody has decided on.
    newest: Proposal | None
    accepted: Proposal | None
    # Whether the models are still those that the accepted one was fitted on.
    accepted_fits: bool
    history: list[Proposal]

    @property
    def missing(self) -> int:
        """How many corrections are still needed before something can be tried."""
        return max(0, self.needed - self.corrections)

    @property
    def enough(self) -> bool:
        """Whether there is something to try."""
        return self.corrections >= self.needed


def look_up_standing(agency: Agency) -> Standing:
    """Everything that the page shows."""
    rows = Proposal.objects.filter(agency=agency).select_related("asked_by", "decided_by")
    history = list(rows.defer("adapter").order_by("-number")[:SHOWN])
    accepted = (
        rows.defer("adapter").filter(state=ProposalState.ACCEPTED.value).first()
        if history
        else None
    )
    newest = history[0] if history else None
    return Standing(
        corrections=count_corrections(agency),
        needed=FEWEST,
        under_way=next((p for p in history if p.state in UNDER_WAY), None),
        newest=newest,
        accepted=accepted,
        accepted_fits=accepted is not None and fits(accepted),
        history=history,
    )


def fits(proposal: Proposal) -> bool:
    """Whether the models are still those that it was fitted on."""
    try:
        return proposal.base == base_of()
    except ConfigurationError:
        return False
