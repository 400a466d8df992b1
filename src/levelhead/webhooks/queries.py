"""What the page shows of an agency's webhooks."""

from __future__ import annotations

from dataclasses import dataclass

from levelhead.accounts.models import Agency
from levelhead.kernel import clock
from levelhead.webhooks.domain import LOUD_AFTER, MOST_TARGETS, TargetState
from levelhead.webhooks.models import WebhookTarget


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetRow:
    """A target and how it is."""

    target: WebhookTarget
    # "on", "failing", "stuck" (for an hour or more) or "paused".
    state: str


def list_targets(agency: Agency) -> list[TargetRow]:
    """All of them, the oldest first."""
    rows = WebhookTarget.objects.filter(agency=agency).defer("sealed_secret").order_by("pk")
    return [TargetRow(target=target, state=_state(target)) for target in rows[:MOST_TARGETS]]


def _state(target: WebhookTarget) -> str:
    if target.state == TargetState.PAUSED:
        return "paused"
    if target.failing_since is None:
        return "on"
    return "stuck" if clock.now() - target.failing_since >= LOUD_AFTER else "failing"
