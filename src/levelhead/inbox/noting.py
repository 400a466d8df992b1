"""Changing a note: by its author, for a short while; the earlier words stay on the record."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.inbox.actions import NOTE_LIMIT
from levelhead.inbox.mentions import read_mentions, tell_named
from levelhead.inbox.models import Note
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from levelhead.kernel.text import clean_text
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

EDIT_FOR: Final = timedelta(minutes=10)


def find_note(agency: Agency, conversation_id: int, note_id: int) -> Note:
    """A note of a conversation of this agency. Raises NotFound."""
    note = Note.objects.filter(agency=agency, conversation_id=conversation_id, pk=note_id).first()
    if note is None:
        raise NotFound(f"There is no note {note_id} here.")
    return note


def may_edit(note: Note, person: User) -> bool:
    """Whether this person may still change the note."""
    return note.by_id == person.pk and clock.now() < note.at + EDIT_FOR


def edit_note(*, note: Note, text: str, seen: str, by: User) -> Note:
    """Give a note other words. `seen` is when it was last changed as the person saw it.

    Whoever is named for the first time is told. Raises NotAllowed, Invalid (too late, nothing
    written), Conflict.
    """
    require(by, note.agency_id, Ability.WORK)
    if note.by_id != by.pk:
        raise NotAllowed(_("Only its author can change a note. Add one of your own."))
    text = clean_text(text, NOTE_LIMIT + 1).strip()
    if not text:
        raise Invalid(_("A note cannot be emptied. Say what is right now."))
    if len(text) > NOTE_LIMIT:
        raise Invalid(_("A note has at most %(limit)d characters.") % {"limit": NOTE_LIMIT})
    with transaction.atomic():
        locked = Note.objects.select_for_update().get(pk=note.pk)
        if not may_edit(locked, by):
            raise Invalid(
                _("A note can be changed for 10 minutes. Add another one; the first stays.")
            )
        if seen != version_of(locked):
            raise Conflict(_("You changed this note in another window. Look at what it says now."))
        if text == locked.text:
            return locked
        before, named_before = locked.text, locked.mentions
        now = clock.now()
        locked.text, locked.edited_at = text, now
        locked.mentions = read_mentions(locked.agency_id, text)
        locked.save(update_fields=["text", "edited_at", "mentions"])
        append_events(
            agency_id=locked.agency_id,
            chain=DESK_CHAIN,
            at=now,
            events=[
                EventToRecord(
                    subject=f"conversation:{locked.conversation_id}",
                    action="person:note:edited",
                    actor=f"user:{by.pk}",
                    payload={"note": locked.pk, "text": [before, text]},
                )
            ],
        )
        tell_named(locked, named_before)
        announce(
            agency_id=locked.agency_id,
            kind="note.added",
            payload={"conversation": str(locked.conversation_id)},
        )
    return locked


def version_of(note: Note) -> str:
    """When the note was last changed, as its form carries it."""
    return note.edited_at.isoformat() if note.edited_at else ""
