"""Approvals stand at the door of replies."""

from __future__ import annotations

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Has every reply asked about before it leaves."""

    name = "levelhead.approvals"

    def ready(self) -> None:
        from levelhead.approvals.asking import door_of
        from levelhead.replies.gate import keep_door

        keep_door(door_of)
