"""What a person fills in about their notifications."""

from __future__ import annotations

from django.http import QueryDict

from levelhead.notifications.domain import Choice, Kind, Mail


def read_choices(given: QueryDict) -> dict[Kind, Choice]:
    """What was chosen for each kind."""
    return {kind: _read_choice(given, kind.value) for kind in Kind}


def _read_choice(given: QueryDict, key: str) -> Choice:
    mail = given.get(f"mail-{key}", "")
    return Choice(
        screen=f"screen-{key}" in given,
        mail=Mail(mail) if mail in set(Mail) else Mail.NO,
        call=f"call-{key}" in given,
        on_duty_only=given.get(f"when-{key}") == "duty",
    )


def read_kinds(given: QueryDict) -> list[Kind]:
    """The kinds that were ticked."""
    return [Kind(key) for key in given.getlist("kind")[: len(Kind)] if key in set(Kind)]
