"""Rumors hear of facts that change and of updates that leave."""

from __future__ import annotations

from django.apps import AppConfig


class RumorsConfig(AppConfig):
    """Wires the ledger and the updates to the rumor board."""

    name = "levelhead.rumors"

    def ready(self) -> None:
        from levelhead.ledger.actions import on_change
        from levelhead.rumors.actions import note_said, reopen_answered
        from levelhead.rumors.queries import denied_claims
        from levelhead.updates.actions import on_sent
        from levelhead.updates.checking import may_deny

        may_deny(denied_claims)
        on_change(reopen_answered)
        on_sent(note_said)
