"""Replies that did not leave: how many, which, what happened to each, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from levelhead.accounts.models import Agency
from levelhead.channels.models import ChannelState, OutboxItem, OutboxState
from levelhead.connectors.registry import channel_info
from levelhead.inbox.domain import Visibility
from levelhead.kernel.errors import (
    ChannelBusy,
    ChannelError,
    ChannelGarbled,
    ChannelSignedOut,
    ConfigurationError,
)
from levelhead.replies.domain import ScheduledState
from levelhead.replies.models import Reply, ScheduledReply

PAGE: Final = 25
# Of those that are held so many show; the page of scheduled replies has the rest.
HELD_SHOWN: Final = 25
_OF_REPLIES: Final = Q(reply__isnull=False) | Q(reply_part__isnull=False)
# Of a chain only where it broke: what would have followed it is no trouble of its own.
_WHERE_IT_BROKE: Final = Q(state=OutboxState.FAILED) & (
    Q(after__isnull=True) | ~Q(after__state=OutboxState.FAILED)
)
_CUT_OFF: Final = Q(state=OutboxState.QUEUED, after__isnull=True) & Q(
    channel__state=ChannelState.SIGNED_OUT
)
_TRYING: Final = Q(state=OutboxState.QUEUED) & ~Q(last_error="")
_GIVES_UP: Final = frozenset({ChannelBusy.code, ChannelGarbled.code, ChannelError.code})


class Kind(StrEnum):
    """What happened to a reply that did not leave."""

    TOO_LONG = "too_long"
    DELETED = "deleted"
    SIGNED_OUT = "signed_out"
    REFUSED = "refused"
    GAVE_UP = "gave_up"  # tried for hours
    UNCLEAR = "unclear"
    BUSY = "busy"  # the platform asks us to wait
    TRYING = "trying"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsent:
    """How many replies are not where they should be."""

    failed: int = 0
    held: int = 0
    unclear: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.failed + self.held + self.unclear


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One reply that did not leave."""

    reply: Reply
    # The post of it that is in trouble.
    item: OutboxItem
    kind: Kind
    # Posts of it that are on the platform already.
    public: int

    @property
    def failed(self) -> bool:
        """Whether nothing is tried any more unless a person says so."""
        return self.item.state == OutboxState.FAILED

    @property
    def waits(self) -> bool:
        """Whether it can simply be taken back."""
        return self.item.state == OutboxState.QUEUED and not self.public


@dataclass(frozen=True, kw_only=True, slots=True)
class UnsentPage:
    """What the page shows; `after` is where the next begin."""

    held: list[ScheduledReply]
    more_held: bool
    rows: list[Trouble]
    after: int | None


def unsent_columns() -> Mapping[str, Any]:
    """For a query over agencies: what `unsent_of` reads."""
    items = OutboxItem.objects.filter(_OF_REPLIES, agency=OuterRef("pk"))
    held = ScheduledReply.objects.filter(agency=OuterRef("pk"), state=ScheduledState.HELD)
    return {
        "replies_failed": _count(items.filter(_WHERE_IT_BROKE)),
        "replies_unclear": _count(items.filter(state=OutboxState.UNCLEAR)),
        "replies_cut_off": _count(items.filter(_CUT_OFF)),
        "replies_held": _count(held),
    }


def _count(rows: QuerySet[OutboxItem] | QuerySet[ScheduledReply]) -> Subquery:
    return Subquery(rows.order_by().values("agency").annotate(n=Count("pk")).values("n"))


def unsent_of(row: Mapping[str, Any]) -> Unsent:
    """The counts of a row with `unsent_columns`."""
    return Unsent(
        failed=row["replies_failed"] or 0,
        held=(row["replies_held"] or 0) + (row["replies_cut_off"] or 0),
        unclear=row["replies_unclear"] or 0,
    )


def list_unsent(agency: Agency, *, after: int | None = None, limit: int = PAGE) -> UnsentPage:
    """What is held, by time; what failed, is unclear or tried again, the newest first."""
    held: list[ScheduledReply] = []
    if after is None:
        rows = ScheduledReply.objects.filter(agency=agency, state=ScheduledState.HELD)
        held = list(
            rows.select_related("by", "case__post__author", "case__channel")
            .defer("case__post__raw")
            .order_by("leaves_at", "pk")[: HELD_SHOWN + 1]
        )
    items = OutboxItem.objects.filter(_OF_REPLIES, agency=agency).filter(
        _WHERE_IT_BROKE | Q(state=OutboxState.UNCLEAR) | _CUT_OFF | _TRYING
    )
    if after is not None:
        items = items.filter(pk__lt=after)
    found = list(items.select_related("channel").order_by("-pk")[: limit + 1])
    return UnsentPage(
        held=held[:HELD_SHOWN],
        more_held=len(held) > HELD_SHOWN,
        rows=_troubles(found[:limit]),
        after=found[limit - 1].pk if len(found) > limit else None,
    )


def _troubles(items: list[OutboxItem]) -> list[Trouble]:
    ids = [item.pk for item in items]
    replies = (
        Reply.objects.filter(Q(outbox_item__in=ids) | Q(parts__outbox_item__in=ids))
        .distinct()
        .select_related("outbox_item", "by", "case__post__author", "case__channel")
        .prefetch_related("parts__outbox_item")
        .defer("case__post__raw")
    )
    by_item = {item.pk: reply for reply in replies for item in reply.items}
    return [
        Trouble(
            reply=by_item[item.pk],
            item=item,
            kind=kind_of(item, by_item[item.pk]),
            public=by_item[item.pk].public,
        )
        for item in items
        if item.pk in by_item
    ]


def kind_of(item: OutboxItem, reply: Reply) -> Kind:
    """What happened, by how things are now: that is what a person can do something about."""
    if item.state == OutboxState.UNCLEAR:
        return Kind.UNCLEAR
    if item.channel.state == ChannelState.SIGNED_OUT or item.error_code == ChannelSignedOut.code:
        return Kind.SIGNED_OUT
    if item.state == OutboxState.QUEUED:
        return Kind.BUSY if item.error_code == ChannelBusy.code else Kind.TRYING
    if reply.case.post.visibility != Visibility.VISIBLE:
        return Kind.DELETED
    if not _fits(item):
        return Kind.TOO_LONG
    return Kind.GAVE_UP if item.error_code in _GIVES_UP else Kind.REFUSED


def _fits(item: OutboxItem) -> bool:
    try:
        return channel_info(item.channel.platform, item.channel.settings).takes(item.text)
    except ConfigurationError:
        return True
