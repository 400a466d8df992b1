"""How notes are shown: the names in them as marks."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from levelhead.accounts.models import User
from levelhead.inbox.mentions import Choice, list_choices
from levelhead.inbox.models import Note
from levelhead.inbox.noting import may_edit
from levelhead.web.posttext import show_plain

register = template.Library()


@register.simple_tag
def note_text(note: Note, reader: User) -> SafeString:
    """A note's words; a name is a mark, the reader's own a stronger one."""
    pieces: list[SafeString] = []
    at = 0
    for mention in note.mentions:
        start, end = mention["at"]
        if not at <= start < end <= len(note.text):
            continue
        mine = reader.pk in mention["people"]
        pieces.append(show_plain(note.text[at:start]))
        pieces.append(
            format_html(
                '<mark class="{}">{}</mark>',
                "mention mention-me" if mine else "mention",
                show_plain(note.text[start:end]),
            )
        )
        at = end
    pieces.append(show_plain(note.text[at:]))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


@register.filter
def can_be_changed(note: Note, person: User) -> bool:
    """Whether this person may still change the note."""
    return may_edit(note, person)


@register.filter
def nameable(people: Sequence[User]) -> list[Choice]:
    """Who can be chosen while a note is typed."""
    return list_choices(people)
