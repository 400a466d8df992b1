"""Posts from files: JSON Lines and CSV, plain or gzipped."""

from levelhead.connectors.file.connector import connect, info

__all__ = ["connect", "info"]
