"""Handover between shifts."""

from __future__ import annotations

from django.apps import AppConfig


class HandoverConfig(AppConfig):
    """What one shift tells the next."""

    name = "levelhead.handover"
