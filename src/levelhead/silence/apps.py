"""The silence clock hears of what happens in incidents."""

from __future__ import annotations

from django.apps import AppConfig


class SilenceConfig(AppConfig):
    """Has people called when an incident is declared."""

    name = "levelhead.silence"

    def ready(self) -> None:
        from levelhead.incidents.recording import on_told
        from levelhead.silence.watching import follow

        on_told(follow)
