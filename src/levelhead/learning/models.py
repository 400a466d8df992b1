"""What was tried to be learned, and what of it is in force."""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from levelhead.accounts.models import AgencyOwned, User
from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.learning.domain import UNDER_WAY, ProposalState


class Proposal(AgencyOwned):
    """What an agency's corrections would change: asked for, tried, and accepted or not."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    # 1, 2, 3 within the agency: people call it by this.
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in ProposalState])
    # None where a command asked for it.
    asked_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(default=clock.now)
    # When somebody last began to work on it; doubles as that worker's claim.
    begun_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    # Key of domain.WHY_NOT; empty where there is a proposal.
    why_not = models.CharField(max_length=10, default="", blank=True)
    # JSON text of analysis.adapting.Figures; empty where nothing was measured.
    figures = models.TextField(default="", blank=True)
    # Bytes of analysis.adapting.Adapter and their SHA-256.
    adapter = models.BinaryField(null=True, blank=True)
    adapter_hash = models.CharField(max_length=64, default="", blank=True)
    # Which models it was fitted on, as adapting.base_of says.
    base = models.CharField(max_length=120, default="", blank=True)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    # What was in force when this one was accepted; comes back when this one is taken back.
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "number"], name="one_proposal_per_number"),
            models.UniqueConstraint(
                fields=["agency"],
                name="one_proposal_in_force",
                condition=models.Q(state=ProposalState.ACCEPTED.value),
            ),
            models.UniqueConstraint(
                fields=["agency"],
                name="one_try_under_way",
                condition=models.Q(state__in=sorted(state.value for state in UNDER_WAY)),
            ),
        ]

    def __str__(self) -> str:
        return f"proposal {self.number}: {self.state}"

    @property
    def measured(self) -> dict[str, Any]:
        """The figures, as analysis.adapting.Figures writes them; empty without any."""
        found: dict[str, Any] = json.loads(self.figures) if self.figures else {}
        return found
