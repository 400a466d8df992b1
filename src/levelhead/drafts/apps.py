"""Drafts hear of replies."""

from __future__ import annotations

from django.apps import AppConfig


class DraftsConfig(AppConfig):
    """Has drafts closed when a reply is sent, and opened when it is taken back."""

    name = "levelhead.drafts"

    def ready(self) -> None:
        from levelhead.drafts.closing import close_drafts, reopen_drafts
        from levelhead.replies.actions import on_sent, on_withdrawn

        on_sent(close_drafts)
        on_withdrawn(reopen_drafts)
