"""Own posts hear from the outbox what became of them."""

from __future__ import annotations

from django.apps import AppConfig


class PostsConfig(AppConfig):
    """Wires the outbox's outcomes to own posts."""

    name = "levelhead.posts"

    def ready(self) -> None:
        from levelhead.channels.outbox import on_outcome
        from levelhead.posts.actions import note_outcome

        on_outcome(note_outcome)
