"""Notifications hear of notes and of requests for approval."""

from __future__ import annotations

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Has whoever a note names, or whose approval is asked for, told of it."""

    name = "levelhead.notifications"

    def ready(self) -> None:
        from levelhead.approvals.asking import on_asked
        from levelhead.inbox.mentions import on_named
        from levelhead.notifications.actions import tell_of_note
        from levelhead.notifications.approving import tell_of_request

        on_named(tell_of_note)
        on_asked(tell_of_request)
