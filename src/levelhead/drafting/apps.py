"""Drafting stands at the door of replies: it hears of what leaves, and sends nothing itself."""

from __future__ import annotations

from django.apps import AppConfig


class DraftingConfig(AppConfig):
    """Has a model's words looked at before they leave."""

    name = "levelhead.drafting"

    def ready(self) -> None:
        from levelhead.drafting.door import door_of
        from levelhead.replies.gate import keep_door

        keep_door(door_of)
