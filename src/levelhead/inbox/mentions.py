"""Who is named in a note: "@Full Name", "@" with what stands before the @ of an e-mail, "@desk"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from levelhead.accounts.models import Membership, User
from levelhead.inbox.models import Note

# Whoever is on duty, in both languages.
DESK_WORDS: Final = ("desk", "shift", "mesa", "turno")
# People that are looked through, and names that one note can have.
PEOPLE: Final = 500
MOST: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A name in a note, by where it stands; several people where they share the name."""

    start: int
    end: int
    people: tuple[int, ...] = ()
    desk: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Colleague:
    """Somebody who can be named, and by what: the shortest that names nobody else comes first."""

    id: int
    name: str
    handle: str
    email: str


def find_mentions(text: str, people: Sequence[Colleague]) -> list[Mention]:
    """The names in `text`, in order; the longest that fits counts."""
    names: dict[str, set[int]] = {word: set() for word in DESK_WORDS}
    for one in people:
        for said in (one.name, one.handle, one.email):
            if said:
                names.setdefault(said.casefold(), set()).add(one.id)
    lengths = sorted({len(name) for name in names}, reverse=True)
    found: list[Mention] = []
    at = text.find("@")
    while at >= 0 and len(found) < MOST:
        end = at + 1
        if _begins(text, at):
            for length in lengths:
                stop = at + 1 + length
                said = text[at + 1 : stop].casefold()
                if stop <= len(text) and said in names and _ends(text, stop):
                    end = stop
                    ids = tuple(sorted(names[said]))
                    found.append(Mention(start=at, end=end, people=ids, desk=said in DESK_WORDS))
                    break
        at = text.find("@", end)
    return found


def _begins(text: str, at: int) -> bool:
    """Whether the @ begins a name: in an e-mail address it does not."""
    return at == 0 or not (text[at - 1].isalnum() or text[at - 1] in "._%+-@")


def _ends(text: str, at: int) -> bool:
    """Whether a name ends there: the next letter does not go on with it."""
    after = text[at : at + 2]
    if not after:
        return True
    if after[0].isalnum() or after[0] in "_-@":
        return False
    return not (after[0] == "." and len(after) == 2 and after[1].isalnum())


def list_nameable(agency_id: int) -> list[Colleague]:
    """Who can be named in an agency: everybody who may see its cases."""
    members = Membership.objects.filter(agency_id=agency_id, active=True, user__is_active=True)
    rows = members.order_by("user__name", "user_id").values_list(
        "user_id", "user__name", "user__email"
    )
    return [
        Colleague(id=pk, name=name, handle=email.partition("@")[0], email=email)
        for pk, name, email in rows[:PEOPLE]
    ]


def read_mentions(agency_id: int, text: str) -> list[dict[str, Any]]:
    """The names in a note as its row keeps them."""
    if "@" not in text:
        return []
    return [
        {"at": [one.start, one.end], "people": list(one.people), "desk": one.desk}
        for one in find_mentions(text, list_nameable(agency_id))
    ]


def named_in(mentions: Sequence[dict[str, Any]]) -> tuple[set[int], bool]:
    """The people of a note's row, and whether whoever is on duty is named."""
    people = {pk for one in mentions for pk in one["people"]}
    return people, any(one["desk"] for one in mentions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Somebody to choose while a note is typed, with what is put in."""

    said: str
    name: str
    beside: str


def list_choices(people: Sequence[User]) -> list[Choice]:
    """Who can be chosen; those who share a name are told apart by their address."""
    names = [person.name.casefold() for person in people]
    return [
        Choice(
            said=person.name
            if person.name and names.count(person.name.casefold()) == 1
            else person.email,
            name=person.name or person.email,
            beside=person.email.partition("@")[0],
        )
        for person in people
    ]


Listener = Callable[[Note, set[int], bool], None]
_listeners: list[Listener] = []


def on_named(listener: Listener) -> None:
    """Have `listener` told of whom a note names, in the note's transaction."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_named(note: Note, before: Sequence[dict[str, Any]] = ()) -> None:
    """Tell of those that the note names now and did not name before."""
    people, desk = named_in(note.mentions)
    people_before, desk_before = named_in(before)
    new = people - people_before - {note.by_id}
    if new or (desk and not desk_before):
        for listener in _listeners:
            listener(note, new, desk and not desk_before)
