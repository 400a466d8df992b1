"""A channel that plays a recorded stream at any speed and keeps what is sent in a file."""

from levelhead.connectors.replay.client import ReplayConnector, connect, info, info_for

__all__ = ["ReplayConnector", "connect", "info", "info_for"]
