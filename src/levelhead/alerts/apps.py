"""Alerts hear of danger."""

from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Has an alert raised with every post that may tell of danger to a life."""

    name = "levelhead.alerts"

    def ready(self) -> None:
        from levelhead.alerts.raising import raise_life
        from levelhead.inbox.urgent import on_urgent

        on_urgent(raise_life)
