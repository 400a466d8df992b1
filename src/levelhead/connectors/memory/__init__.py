"""The in-memory twin of the connector port, for tests: it fails on demand and never by chance."""

from levelhead.connectors.memory.client import (
    SIGNATURE_HEADER,
    MemoryConnector,
    connect,
    forget_platforms,
    info,
    platform_of,
)
from levelhead.connectors.memory.platform import Failure, MemoryPlatform, SimulatedBugError

__all__ = [
    "SIGNATURE_HEADER",
    "Failure",
    "MemoryConnector",
    "MemoryPlatform",
    "SimulatedBugError",
    "connect",
    "forget_platforms",
    "info",
    "platform_of",
]
