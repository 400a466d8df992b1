"""A platform that lives in memory: what is on it, and what goes wrong on it next."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from levelhead.channels.domain import IncomingKind, IncomingPost, OutgoingMessage, Receipt
from levelhead.kernel.clock import now
from levelhead.kernel.errors import (
    ChannelBusy,
    ChannelError,
    ChannelGarbled,
    ChannelRefused,
    ChannelSignedOut,
)


class Failure(StrEnum):
    """What can go wrong once."""

    BUSY = "busy"  # asks to slow down, for 7 seconds
    GARBLED = "garbled"  # answers with something else than promised
    REFUSED = "refused"  # understood, and said no
    SIGNED_OUT = "signed_out"  # the key is not accepted any more
    UNCLEAR_ACCEPTED = "unclear_accepted"  # send: published, but the answer was lost
    UNCLEAR_LOST = "unclear_lost"  # send: the request was lost, and we cannot know
    HALF = "half"  # fetch: the page stops in the middle of a post
    SAME_PAGE = "same_page"  # fetch: the page, and a cursor that does not move
    REPEATED = "repeated"  # fetch: the page before this one again, then this one
    BUG = "bug"  # the connector itself breaks with an error that is none of ours


Operation = Literal["check", "fetch", "send", "find", "read", "verify", "parse"]

# Where a failure makes sense only in one operation.
ONLY_ON: dict[Failure, Operation] = {
    Failure.UNCLEAR_ACCEPTED: "send",
    Failure.UNCLEAR_LOST: "send",
    Failure.HALF: "fetch",
    Failure.SAME_PAGE: "fetch",
    Failure.REPEATED: "fetch",
}


class SimulatedBugError(RuntimeError):
    """A mistake in a connector, as the code around it must survive one."""


@dataclass(frozen=True, slots=True)
class _Planned:
    failure: Failure
    on: Operation | None


class MemoryPlatform:
    """The far side: outlives its connectors, as a platform outlives our restarts."""

    def __init__(self) -> None:
        # What happened, in order; the index is the cursor.
        self.events: list[IncomingPost] = []
        self.sent: dict[str, OutgoingMessage] = {}
        # How often each operation was called, failures included.
        self.calls: dict[Operation, int] = {}
        self._planned: deque[_Planned] = deque()

    def publish(self, post: IncomingPost) -> None:
        """A resident's post appears, or is edited or taken down."""
        self.events.append(post)

    def delete(self, external_id: str) -> None:
        """A post is taken down at the source."""
        last = self.current(external_id)
        if last is None:
            raise KeyError(external_id)
        self.events.append(replace(last, kind=IncomingKind.DELETED, text="", raw="{}"))

    def current(self, external_id: str) -> IncomingPost | None:
        """The newest state of a post; None where it never was or is gone."""
        for event in reversed(self.events):
            if event.external_id == external_id:
                return event if event.kind is IncomingKind.POST else None
        return None

    def accept(self, message: OutgoingMessage, channel_id: int, handle: str) -> Receipt:
        """Publish a message of ours, once for each marker."""
        if message.marker not in self.sent:
            self.sent[message.marker] = message
            self.events.append(
                IncomingPost(
                    channel_id=channel_id,
                    external_id=external_id_of(message.marker),
                    text=message.text,
                    created_at=now(),
                    author_external_id=handle,
                    author_handle=handle,
                    parent_external_id=message.parent_external_id,
                    thread_external_id=message.thread_external_id,
                    lang=message.lang,
                    from_agency=True,
                    raw=json.dumps({"marker": message.marker, "text": message.text}),
                )
            )
        return self.receipt(message.marker)

    def receipt(self, marker: str) -> Receipt:
        """The receipt of a message that was accepted. Raises KeyError."""
        message = self.sent[marker]
        return Receipt(
            external_id=external_id_of(marker),
            raw=json.dumps({"marker": marker, "text": message.text}),
        )

    def fail_next(
        self, failure: Failure | str, *, times: int = 1, on: Operation | None = None
    ) -> None:
        """Let the next operation (of this kind) fail, `times` in a row; several calls queue up."""
        kind = Failure(failure)
        only = ONLY_ON.get(kind)
        if only is not None and on not in (None, only):
            raise ValueError(f"{kind} can only happen on {only}.")
        self._planned.extend([_Planned(kind, on or only)] * times)

    def take_failure(self, operation: Operation) -> Failure | None:
        """Count the call and give what is planned for it."""
        self.calls[operation] = self.calls.get(operation, 0) + 1
        for planned in self._planned:
            if planned.on in (None, operation):
                self._planned.remove(planned)
                return planned.failure
        return None


def external_id_of(marker: str) -> str:
    """The platform's id for a message of ours."""
    return f"sent-{marker}"


def error_of(failure: Failure) -> ChannelError:
    """The error in which a simple failure shows."""
    match failure:
        case Failure.BUSY:
            return ChannelBusy("The platform asks to slow down.", retry_after_seconds=7)
        case Failure.GARBLED:
            return ChannelGarbled("The platform answered <html>502 Bad Gateway</html>.")
        case Failure.REFUSED:
            return ChannelRefused("The platform refuses this request.")
        case Failure.SIGNED_OUT:
            return ChannelSignedOut("The platform does not accept the key any more.")
        case _:
            raise ValueError(f"{failure} does not show as an error of its own.")
