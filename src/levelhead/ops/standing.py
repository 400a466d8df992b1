"""How much there is and where it stands: what `levelhead status` shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Sum

from levelhead.accounts.models import Agency
from levelhead.channels.models import Channel, OutboxItem, OutboxState
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Conversation, Post, Tally


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The figures of one agency, or of all."""

    posts: int
    conversations: int
    # Label -> open cases.
    open_by_label: dict[str, int]
    outbox: dict[str, int]
    channels: list[dict[str, Any]]

    @property
    def open_total(self) -> int:
        """All open cases."""
        return sum(self.open_by_label.values())

    def as_json(self) -> dict[str, Any]:
        """The form that leaves the program."""
        return {
            "posts": self.posts,
            "conversations": self.conversations,
            "open_cases": {"total": self.open_total, "by_label": self.open_by_label},
            "outbox": self.outbox,
            "channels": self.channels,
        }


def standing(agency: Agency | None = None) -> Standing:
    """The figures now. Rows are counted over narrow indexes; cases are tallied already."""

    def of_agency(rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows if agency is None else rows.filter(agency=agency)

    def of_channels(rows: QuerySet[Any]) -> QuerySet[Any]:
        # By channel, which an index begins with; by agency every row would be read.
        return rows if agency is None else rows.filter(channel_id__in=channel_ids)

    channels = list(
        of_agency(Channel.objects.select_related("agency")).order_by("agency_id", "name")
    )
    channel_ids = [channel.pk for channel in channels]
    open_cases = (
        of_agency(Tally.objects.filter(state=CaseState.OPEN.value))
        .values_list("label")
        .annotate(Sum("cases"))
        .order_by("label")
    )
    outbox = dict.fromkeys(OutboxState.values, 0) | dict(
        of_agency(OutboxItem.objects.all()).values_list("state").annotate(Count("pk"))
    )
    return Standing(
        posts=of_channels(Post.objects.all()).count(),
        conversations=of_channels(
            Conversation.objects.filter(merged_into=None, joined_into=None)
        ).count(),
        open_by_label={label: cases for label, cases in open_cases if cases},
        outbox=outbox,
        channels=[
            {
                "agency": channel.agency.slug,
                "name": channel.name,
                "platform": channel.platform,
                "state": str(channel.state),
                "failures": channel.failures,
                "last_error": channel.last_error,
                "last_success_at": channel.last_success_at and channel.last_success_at.isoformat(),
                "last_post_at": channel.last_post_at and channel.last_post_at.isoformat(),
            }
            for channel in channels
        ],
    )
