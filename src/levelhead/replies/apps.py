"""Replies hear from the outbox what became of them."""

from __future__ import annotations

from django.apps import AppConfig


class RepliesConfig(AppConfig):
    """Wires the outbox's outcomes to replies."""

    name = "levelhead.replies"

    def ready(self) -> None:
        from levelhead.channels.outbox import on_outcome
        from levelhead.replies.actions import note_outcome

        on_outcome(note_outcome)
