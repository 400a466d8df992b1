"""The words of the channels: what comes in, what goes out, what a platform can do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from levelhead.analysis.lengths import PLAIN, Counting, fits


class Capability(StrEnum):
    """What can be done on a channel."""

    RECEIVE = "receive"
    REPLY = "reply"
    POST = "post"
    EDIT = "edit"
    DELETE = "delete"
    HIDE = "hide"
    BLOCK = "block"
    STREAM = "stream"
    MEDIA = "media"


class IncomingKind(StrEnum):
    """What a platform tells us about a post."""

    POST = "post"  # it exists, new or edited
    DELETED = "deleted"  # it was taken down at the source


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomingPost:
    """One post as a connector hands it over. Nothing in it is trusted."""

    channel_id: int
    # The platform's own id, unique in the channel.
    external_id: str
    kind: IncomingKind = IncomingKind.POST
    text: str = ""
    # As the platform says, aware; None where it does not say.
    created_at: datetime | None = None
    # When its author last edited it, where the platform says so: an older edit that comes late
    # does not replace a newer one.
    edited_at: datetime | None = None
    author_external_id: str | None = None
    author_handle: str | None = None
    author_name: str | None = None
    author_followers: int | None = None
    # The post this one answers, and the first of its thread, by the platform's ids.
    parent_external_id: str | None = None
    thread_external_id: str | None = None
    lang: str | None = None
    url: str | None = None
    # True for a post of the agency's own account.
    from_agency: bool = False
    # The platform's own words, kept as they came: JSON text.
    raw: str = "{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedPage:
    """What one pull gave."""

    posts: tuple[IncomingPost, ...]
    # Where to go on; handed back at the next pull. Opaque to everybody but the connector.
    cursor: str | None
    # True where the platform has more right now.
    more: bool = False
    # Items that could not be understood: (raw text, reason). Kept aside and counted.
    rejected: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingPicture:
    """A picture that goes with a message."""

    content: bytes = field(repr=False)
    # image/jpeg or image/png.
    content_type: str
    # Pixels.
    width: int
    height: int
    # What it shows, for people who do not see it; never empty.
    alt: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMessage:
    """What is to be put on a platform."""

    # Idempotency marker, the same at every attempt: [a-z0-9]{13}, usable as a record key.
    marker: str
    text: str
    # Set for a reply.
    parent_external_id: str | None = None
    thread_external_id: str | None = None
    lang: str | None = None
    created_at: datetime
    # At most as many as the platform's PlatformInfo.pictures.
    pictures: tuple[OutgoingPicture, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The platform has it."""

    external_id: str
    url: str | None = None
    # What the platform answered, as JSON text.
    raw: str = "{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelAccount:
    """What a connector needs to know of its account; secrets already decrypted."""

    channel_id: int
    platform: str
    name: str
    # Non-secret settings by the connector's own names (service address, handle, file path).
    settings: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformInfo:
    """What is true of a platform whatever the account."""

    platform: str
    title: str
    capabilities: frozenset[Capability]
    # Longest text of one post, as the platform counts; None where it has no limit.
    text_limit: int | None
    # Seconds between two pulls when nothing is happening; None for push-only.
    poll_seconds: float | None
    # Names of settings and of secrets that an account needs.
    required_settings: tuple[str, ...] = ()
    required_secrets: tuple[str, ...] = ()
    counting: Counting = PLAIN
    # Whether an answer of ours can be answered by us again, so that a long one is several posts.
    threads: bool = False
    # How many pictures one post can carry.
    pictures: int = 0

    def takes(self, text: str) -> bool:
        """Whether one post can hold the text."""
        return fits(text, self.text_limit, self.counting)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiveReport:
    """What became of the posts that were received; the numbers add up to `received`."""

    received: int = 0
    new: int = 0
    revised: int = 0
    deleted: int = 0
    duplicates: int = 0
    # Without a usable id; set aside with the reason.
    rejected: int = 0

    def plus(self, other: ReceiveReport) -> ReceiveReport:
        """Both together."""
        return ReceiveReport(
            received=self.received + other.received,
            new=self.new + other.new,
            revised=self.revised + other.revised,
            deleted=self.deleted + other.deleted,
            duplicates=self.duplicates + other.duplicates,
            rejected=self.rejected + other.rejected,
        )
