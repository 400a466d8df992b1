"""XRPC over HTTP."""

from __future__ import annotations

from levelhead.connectors.transport import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    READ_SECONDS,
    JsonObject,
    Params,
    Upload,
)
from levelhead.connectors.transport import Transport as _Transport

__all__ = ["JsonObject", "Params", "Transport", "Upload"]


class Transport(_Transport):
    """Speaks to one Bluesky service."""

    def __init__(
        self,
        service: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        super().__init__(
            f"{service.rstrip('/')}/xrpc",
            title="Bluesky",
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
            answer_seconds=answer_seconds,
        )
