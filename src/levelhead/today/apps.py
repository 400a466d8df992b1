"""Today as an app of Django."""

from __future__ import annotations

from django.apps import AppConfig


class TodayConfig(AppConfig):
    """The first page after sign-in."""

    name = "levelhead.today"
