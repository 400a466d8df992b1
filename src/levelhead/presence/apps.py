"""Sending asks who holds the pen; signing out lays it down."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class PresenceConfig(AppConfig):
    """Wires the pen to sending, and both rooms' rows to signing out."""

    name = "levelhead.presence"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_out

        from levelhead.presence.actions import check_pen, leave_everywhere
        from levelhead.replies.actions import before_sending

        before_sending(check_pen)

        def signed_out(user: Any = None, **_given: Any) -> None:
            if user is not None:
                leave_everywhere(user)

        user_logged_out.connect(signed_out, dispatch_uid="presence", weak=False)
