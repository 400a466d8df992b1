"""What a case's page shows of its replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from levelhead.accounts.models import Agency
from levelhead.analysis.lengths import PLAIN, Counting
from levelhead.channels.domain import Capability
from levelhead.channels.models import ChannelState
from levelhead.connectors.registry import channel_info
from levelhead.inbox.domain import CaseState, Visibility
from levelhead.inbox.models import Case
from levelhead.kernel.errors import ConfigurationError, NotFound
from levelhead.replies.models import Reply

REPLIES: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class WayOut:
    """Where a reply would go, and what stands in its way."""

    platform: str
    # Most characters that the platform takes; None where it does not say.
    text_limit: int | None
    counting: Counting = PLAIN
    threads: bool = False
    # Why nothing can be sent from here: a key of the template; empty where it can.
    closed: str


def list_replies(case: Case) -> list[Reply]:
    """The replies to a post, newest first."""
    replies = Reply.objects.filter(case=case).select_related("outbox_item", "by")
    replies = replies.prefetch_related("parts__outbox_item")
    return list(replies.order_by("-id")[:REPLIES])


def find_reply(agency: Agency, reply_id: int) -> Reply:
    """A reply of this agency. Raises NotFound."""
    reply = (
        Reply.objects.select_related("case", "outbox_item")
        .filter(agency=agency, pk=reply_id)
        .first()
    )
    if reply is None:
        raise NotFound(f"There is no reply {reply_id} here.")
    return reply


def find_way_out(case: Case) -> WayOut:
    """Whether and where a reply to this case can go."""
    channel = case.post.channel
    try:
        info = channel_info(channel.platform, channel.settings)
    except ConfigurationError:
        return WayOut(platform=channel.platform, text_limit=None, closed="read_only")
    closed = ""
    if case.state == CaseState.OWN:
        closed = "own"
    elif Capability.REPLY not in info.capabilities:
        closed = "read_only"
    elif case.post.visibility != Visibility.VISIBLE:
        closed = "deleted"
    elif channel.state == ChannelState.SIGNED_OUT:
        closed = "signed_out"
    elif case.state == CaseState.ANSWERING:
        closed = "on_its_way"
    return WayOut(
        platform=info.title,
        text_limit=info.text_limit,
        counting=info.counting,
        threads=info.threads,
        closed=closed,
    )
