"""The preview of a reply that is being written: where it would go, and the desk's other places."""

from __future__ import annotations

from typing import Final

from levelhead.accounts.models import Agency, User
from levelhead.channels.domain import Capability
from levelhead.channels.models import Channel
from levelhead.channels.shapes import PlatformShape, shape_of
from levelhead.connectors.registry import channel_info
from levelhead.inbox.models import Case
from levelhead.kernel.errors import ConfigurationError
from levelhead.kernel.text import clean_text
from levelhead.replies.domain import LONGEST
from levelhead.replies.forms import ReplyForm
from levelhead.replies.models import SendingChoice
from levelhead.replies.posting import numbers_posts
from levelhead.replies.previewing import Account, Preview, preview_text
from levelhead.replies.signatures import sign

# Other places that are shown beside the one it goes to.
OTHERS: Final = 5
_CHANNELS: Final = 50
_HANDLE_SHOWN: Final = 120


def show_preview(
    case: Case,
    agency: Agency,
    form: ReplyForm | None,
    person: User,
    choice: SendingChoice | None = None,
) -> Preview | None:
    """How the reply would look as `person` signs it; None while there are no words.

    Three short queries, two where the `choice` is known.
    """
    if form is None:
        return None
    text = clean_text(form.text, LONGEST + 1).strip()
    if not text:
        return None
    text += sign(case, text, by=person, choice=choice)
    channels = Channel.objects.filter(agency=agency).order_by("pk")
    return preview_text(
        text,
        list_accounts(case.post.channel, list(channels[:_CHANNELS]), agency),
        numbered=numbers_posts(agency.pk),
    )


def list_accounts(here: Channel, channels: list[Channel], agency: Agency) -> list[Account]:
    """Where it goes first, then one account for each other platform that the agency is on."""
    found: dict[str, Account] = {}
    for channel in [here, *(one for one in channels if one.pk != here.pk)]:
        shape = _shape(channel)
        if shape is None or shape.platform in found or len(found) > OTHERS:
            continue
        handle = channel.settings.get("handle")
        found[shape.platform] = Account(
            shape=shape,
            channel=channel.name,
            name=agency.name,
            handle=handle[:_HANDLE_SHOWN] if isinstance(handle, str) else "",
            goes_here=channel.pk == here.pk,
        )
    return list(found.values())


def _shape(channel: Channel) -> PlatformShape | None:
    """What is shown of a channel; None for one that is for reading only."""
    shape = shape_of(channel.platform, channel.settings)
    try:
        info = channel_info(channel.platform, channel.settings)
    except ConfigurationError:
        # A platform that we know, and have no connector for.
        return shape
    if not {Capability.REPLY, Capability.POST} & info.capabilities:
        return None
    if shape is not None:
        return shape
    return PlatformShape(
        platform=channel.platform,
        title=info.title,
        limit=info.text_limit,
        counting=info.counting,
        threads=info.threads,
    )
