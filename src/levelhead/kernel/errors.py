"""One hierarchy of errors: a code, data, and whether trying again can help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class LevelheadError(Exception):
    """Something went wrong that a person can understand.

    The message says what happened, what was kept and what to do. `code` is stable and is what
    programs read. `permanent` is true where trying again without a change cannot help.
    """

    code: ClassVar[str] = "error"
    permanent: ClassVar[bool] = True

    def __init__(self, message: str, **data: object) -> None:
        super().__init__(message)
        self.message = message
        self.data = data

    def as_json(self) -> Mapping[str, object]:
        """The one shape in which an error leaves the program."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "permanent": self.permanent,
                "data": self.data,
            }
        }


class NotAllowed(LevelheadError):
    """This person may not do this."""

    code = "not_allowed"


class NotFound(LevelheadError):
    """It is not there, or not for this agency to see."""

    code = "not_found"


class Invalid(LevelheadError):
    """What was given cannot be used as it is."""

    code = "invalid"


class Conflict(LevelheadError):
    """Somebody else changed it in the meantime."""

    code = "conflict"


class ConfigurationError(LevelheadError):
    """A setting is missing or wrong."""

    code = "configuration"


class ChannelError(LevelheadError):
    """A platform did not do what was asked of it."""

    code = "channel"


class ChannelBusy(ChannelError):
    """The platform asks us to slow down or is not well; it may work later.

    `retry_after_seconds` is what the platform asked for, where it did.
    """

    code = "channel_busy"
    permanent = False

    def __init__(
        self, message: str, *, retry_after_seconds: float | None = None, **data: object
    ) -> None:
        super().__init__(message, **data)
        self.retry_after_seconds = retry_after_seconds


class ChannelGarbled(ChannelError):
    """The platform answered with something that is not what its interface promises."""

    code = "channel_garbled"
    permanent = False


class ChannelRefused(ChannelError):
    """The platform understood and said no; the same request will be refused again."""

    code = "channel_refused"


class ChannelSignedOut(ChannelRefused):
    """The account's key is not accepted any more; a person must connect it again."""

    code = "channel_signed_out"


class SendUnclear(ChannelError):
    """The connection ended after the request left: the platform may have accepted it.

    It must be looked up on the platform (`Sender.find`) before it may be sent again.
    """

    code = "send_unclear"
    permanent = False


class BadSignature(ChannelError):
    """A webhook's signature does not fit its body; nothing of it was used."""

    code = "bad_signature"
