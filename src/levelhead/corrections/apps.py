"""Corrections hear of facts that change, and of updates and replies that leave."""

from __future__ import annotations

from django.apps import AppConfig


class CorrectionsConfig(AppConfig):
    """Wires the ledger, the updates and the replies to corrections."""

    name = "levelhead.corrections"

    def ready(self) -> None:
        from levelhead.corrections.actions import (
            follow_confirmed,
            open_corrections,
            refuse_end,
            settle_by_update,
        )
        from levelhead.corrections.replying import (
            door_of,
            lock_running,
            note_said,
            note_withdrawn,
            open_again,
        )
        from levelhead.incidents.actions import before_end
        from levelhead.ledger.actions import on_change, on_confirmed
        from levelhead.replies.actions import before_sending, on_failed, on_withdrawn
        from levelhead.replies.actions import on_sent as on_reply_sent
        from levelhead.replies.gate import keep_door
        from levelhead.updates.actions import on_sent

        before_sending(lock_running)
        on_reply_sent(note_said)
        on_withdrawn(note_withdrawn)
        on_failed(open_again)
        keep_door(door_of)
        on_change(open_corrections)
        on_confirmed(follow_confirmed)
        on_sent(settle_by_update)
        before_end(refuse_end)
