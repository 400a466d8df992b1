"""Who may do what: roles and abilities. Pure."""

from __future__ import annotations

from enum import StrEnum


class Ability(StrEnum):
    """One kind of thing a person may do within an agency."""

    READ = "read"  # see the inbox and its conversations
    WORK = "work"  # assign, note, change a decision, let stand
    REPLY = "reply"  # write in the agency's name
    RECORDS = "records"  # see and verify the records
    MANAGE = "manage"  # settings, channels, people


class Role(StrEnum):
    """What a person is in an agency."""

    VIEWER = "viewer"
    WRITER = "writer"
    RECORDS = "records"
    ADMINISTRATOR = "administrator"


ABILITIES: dict[Role, frozenset[Ability]] = {
    Role.VIEWER: frozenset({Ability.READ}),
    Role.WRITER: frozenset({Ability.READ, Ability.WORK, Ability.REPLY}),
    Role.RECORDS: frozenset({Ability.READ, Ability.WORK, Ability.RECORDS}),
    Role.ADMINISTRATOR: frozenset(Ability),
}


def allows(role: Role, ability: Ability) -> bool:
    """Whether a person of this role may do it."""
    return ability in ABILITIES[role]
