"""Commitments hear of replies and updates."""

from __future__ import annotations

from django.apps import AppConfig


class CommitmentsConfig(AppConfig):
    """Has the promises of a reply or an update looked for when it is sent."""

    name = "levelhead.commitments"

    def ready(self) -> None:
        from levelhead.commitments.asking import ask_about_promises, forget_promises
        from levelhead.commitments.of_updates import ask_about_update
        from levelhead.replies.actions import on_sent, on_withdrawn
        from levelhead.updates.actions import on_sent as on_update_sent

        on_sent(ask_about_promises)
        on_withdrawn(forget_promises)
        on_update_sent(ask_about_update)
