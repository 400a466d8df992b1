"""Levelhead: the engagement and crisis desk of a public agency."""

__version__ = "0.1.0"
