"""The generic signed webhook: any system that can POST JSON can be a channel."""

from levelhead.connectors.webhook.connector import connect, info

__all__ = ["connect", "info"]
