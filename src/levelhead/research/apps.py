"""Research hears of replies."""

from __future__ import annotations

from django.apps import AppConfig


class ResearchConfig(AppConfig):
    """A released answer whose reply was taken back may be posted again."""

    name = "levelhead.research"

    def ready(self) -> None:
        from levelhead.replies.actions import on_withdrawn
        from levelhead.research.posting import note_withdrawn

        on_withdrawn(note_withdrawn)
