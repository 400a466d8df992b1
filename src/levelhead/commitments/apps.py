"""Commitments hear of replies."""

from __future__ import annotations

from django.apps import AppConfig


class CommitmentsConfig(AppConfig):
    """Has the promises of a reply looked for when it is sent."""

    name = "levelhead.commitments"

    def ready(self) -> None:
        from levelhead.commitments.asking import ask_about_promises, forget_promises
        from levelhead.replies.actions import on_sent, on_withdrawn

        on_sent(ask_about_promises)
        on_withdrawn(forget_promises)
