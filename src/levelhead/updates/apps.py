"""Updates hear from the outbox what became of them."""

from __future__ import annotations

from django.apps import AppConfig


class UpdatesConfig(AppConfig):
    """Wires the outbox's outcomes to updates."""

    name = "levelhead.updates"

    def ready(self) -> None:
        from levelhead.channels.outbox import on_outcome
        from levelhead.updates.actions import note_outcome

        on_outcome(note_outcome)
