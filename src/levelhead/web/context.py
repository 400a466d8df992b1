"""What every page shows on top: where one is, and what must not be overlooked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from django.db.models import OuterRef, Subquery, Sum
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership
from levelhead.alerts.queries import OnStrip, for_strip
from levelhead.channels.models import Channel, ChannelState
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Tally
from levelhead.incidents.queries import OnStrip as RunningIncident
from levelhead.incidents.queries import running_columns, running_of
from levelhead.issues.attention import Attention, attention_of
from levelhead.issues.queries import attention_columns
from levelhead.kernel import clock
from levelhead.notifications.queries import unread_column
from levelhead.posts.queries import failed_posts_column
from levelhead.replies.unsent import Unsent, unsent_columns, unsent_of
from levelhead.web.stream import stream_url

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "levelhead_theme"
# More channels than this are not looked through for the strip.
CHANNEL_LIMIT = 500
# Addresses that are behind "More".
MORE_PAGES: Final = frozenset(
    {"research", "question", "channels", "alerts", "records", "agency-settings", "learning",
     "research-policy", "incidents", "incident", "incident-declare", "incident-log", "facts",
     "fact", "fact-add", "update", "update-write"}
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Strip:
    """The line on top of a page of an agency."""

    agency: Agency
    member: Membership
    stream_url: str
    now: int
    attention: Attention
    # The running incident whose word is due first.
    incident: RunningIncident | None
    # Replies that failed, are held, or may or may not have arrived.
    unsent: Unsent
    # A post of the agency's own that could not be sent, and nobody dealt with it.
    posts_failed: bool
    channels: int
    troubled: int
    # Never asked with success so far, and no trouble known.
    unproven: int
    # Since when the first of the troubled ones is not proven.
    troubled_since: datetime | None
    duty: OnStrip
    # Notifications of this person that count at the bell.
    unread: int
    may_reply: bool
    may_work: bool
    may_manage: bool
    may_records: bool
    more_pages: ClassVar[frozenset[str]] = MORE_PAGES


def strip(request: HttpRequest) -> dict[str, object]:
    """The context processor; nothing is asked of the database unless the page shows it."""
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    found: dict[str, object] = {
        "theme": theme if theme in THEMES else "auto",
        "language": get_language() or "en",
        "now": clock.now(),
    }
    if hasattr(request, "live_seq"):
        found["strip"] = SimpleLazyObject(lambda: _strip(request))
    return found


def _strip(request: HttpRequest) -> Strip:
    agency: Agency = request.agency  # type: ignore[attr-defined]
    place: Membership = request.member  # type: ignore[attr-defined]
    channels = list(
        Channel.objects.filter(agency=agency).only(
            "state", "failures", "last_error_at", "last_success_at"
        )[:CHANNEL_LIMIT]
    )
    troubled = [
        channel
        for channel in channels
        if channel.state == ChannelState.SIGNED_OUT or channel.failures
    ]
    since = [at for c in troubled if (at := c.last_success_at or c.last_error_at) is not None]
    now_open = Tally.objects.filter(
        agency=OuterRef("pk"), state=CaseState.OPEN.value, queue=Queue.NOW.value
    )
    # One query for all of them: every page pays for it.
    standing: dict[str, Any] = dict(
        Agency.objects.values(
            now=Subquery(now_open.order_by().values("agency").annotate(n=Sum("cases")).values("n")),
            **attention_columns(),
            **running_columns(),
            **unread_column(place.user_id),
            **failed_posts_column(),
            **unsent_columns(),
        ).get(pk=agency.pk)
    )
    return Strip(
        agency=agency,
        member=place,
        stream_url=stream_url(request, agency.slug, request.live_seq),  # type: ignore[attr-defined]
        now=standing["now"] or 0,
        attention=attention_of(standing),
        incident=running_of(standing),
        unsent=unsent_of(standing),
        posts_failed=standing["posts_failed"],
        channels=len(channels),
        troubled=len(troubled),
        unproven=sum(c.last_success_at is None and not c.failures for c in channels),
        troubled_since=min(since) if since else None,
        duty=for_strip(agency),
        unread=standing["unread"] or 0,
        may_reply=place.may(Ability.REPLY),
        may_work=place.may(Ability.WORK),
        may_manage=place.may(Ability.MANAGE),
        may_records=place.may(Ability.RECORDS),
    )
