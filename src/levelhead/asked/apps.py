"""What is asked often as an app of Django."""

from __future__ import annotations

from django.apps import AppConfig


class AskedConfig(AppConfig):
    """Groups the questions that no approved answer fits."""

    name = "levelhead.asked"
