"""The public page hears what happens in incidents."""

from __future__ import annotations

from django.apps import AppConfig


class PublicPageConfig(AppConfig):
    """Wires what happens in an incident to its public files."""

    name = "levelhead.publicpage"

    def ready(self) -> None:
        from levelhead.incidents.recording import on_told
        from levelhead.publicpage.actions import note_told

        on_told(note_told)
