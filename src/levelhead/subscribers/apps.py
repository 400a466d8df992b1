"""Subscribers hear of each update."""

from __future__ import annotations

from django.apps import AppConfig


class SubscribersConfig(AppConfig):
    """Wires updates to the mails about them."""

    name = "levelhead.subscribers"

    def ready(self) -> None:
        from levelhead.incidents.recording import on_told
        from levelhead.subscribers.actions import note_told

        on_told(note_told)
