"""What people fill in about a commitment, and what they find filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency, User
from levelhead.commitments.domain import WHAT_LIMIT
from levelhead.commitments.models import Commitment
from levelhead.doctrine.promises import Promise, due_moment, find_promises
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid

# Promises of one draft that its form asks about.
ASKED_AT_ONCE = 10
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
# "In a couple of hours" moves with the clock while the reply is written; morning and evening lie
# further apart.
_FORM_OPEN = timedelta(hours=3)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What, by when and who, as a form shows it and brings it back."""

    # Before the names of the fields: several of these stand in one reply form.
    prefix: str = ""
    said: str = ""
    what: str = ""
    day: str = ""
    at: str = ""
    # Moments between which the person chooses, where the words leave it open.
    readings: list[datetime] = field(default_factory=list)
    # The chosen one, in ISO form; empty for none of them.
    reading: str = ""
    owner: int | None = None
    # On a reply form: "keep", "no", or "later".
    answer: str = "later"
    certain: bool = True
    # Whether the person changed what was proposed.
    edited: bool = False
    # When the words say it is due, where they leave no doubt.
    due_at: datetime | None = None

    @property
    def choices(self) -> list[tuple[str, datetime]]:
        """The moments to choose between, each with its value."""
        return [(moment.isoformat(), moment) for moment in self.readings]


def local_parts(moment: datetime | None, agency: Agency) -> tuple[str, str]:
    """Day and time as the fields of a form have them, where the agency is."""
    if moment is None:
        return "", ""
    local = moment.astimezone(ZoneInfo(agency.zone))
    return f"{local:%Y-%m-%d}", f"{local:%H:%M}"


def terms_of(commitment: Commitment, agency: Agency) -> Terms:
    """A commitment as a form shows it."""
    day, at = local_parts(commitment.due_at, agency)
    return Terms(
        said=commitment.said,
        what=commitment.what,
        day=day,
        at=at,
        readings=commitment.possible_dues,
        owner=commitment.owner_id,
    )


def terms_of_draft(text: str, *, agency: Agency, person: User, given: QueryDict) -> list[Terms]:
    """What a draft promises, one for each promise, with what was filled in about it already."""
    found = find_promises(text, sent_at=clock.now(), schedule=agency.office_schedule)
    filled = {terms.said: terms for terms in read_all_terms(given)}
    made = []
    for number, promise in enumerate(found[:ASKED_AT_ONCE]):
        terms = _terms_of_promise(promise, f"p{number}-", agency, person)
        before = filled.get(terms.said)
        if before is not None:
            proposed = (terms.what, terms.day, terms.at, terms.owner)
            terms = replace(
                terms, what=before.what, day=before.day, at=before.at, reading=before.reading,
                owner=before.owner, answer=before.answer,
                edited=(before.what, before.day, before.at, before.owner) != proposed,
            )  # fmt: skip
        made.append(terms)
    return made


def _terms_of_promise(promise: Promise, prefix: str, agency: Agency, person: User) -> Terms:
    due = promise.due
    certain = due.readings[0] if due is not None and due.certain else None
    day, at = local_parts(certain, agency)
    return Terms(
        prefix=prefix,
        said=promise.sentence[:WHAT_LIMIT],
        what=promise.sentence[:WHAT_LIMIT],
        day=day,
        at=at,
        readings=list(due.readings) if due is not None and certain is None else [],
        owner=person.pk,
        certain=due is None or certain is not None,
        due_at=certain,
    )


def read_terms(given: QueryDict, prefix: str = "") -> Terms:
    """The fields as they were sent, bounded; `due_of` and the action check them."""

    def text(name: str, limit: int) -> str:
        return given.get(prefix + name, "").replace("\r\n", "\n")[: limit + 1]

    owner = text("owner", 19)
    return Terms(
        prefix=prefix,
        said=text("said", WHAT_LIMIT)[:WHAT_LIMIT],
        what=text("what", WHAT_LIMIT),
        day=text("day", 12),
        at=text("at", 8),
        reading=text("reading", 40),
        owner=int(owner) if owner.isascii() and owner.isdigit() and len(owner) < 19 else None,
        answer=text("answer", 8),
    )


def read_all_terms(given: QueryDict) -> list[Terms]:
    """What a reply form says of each of its promises."""
    numbers = range(ASKED_AT_ONCE)
    return [read_terms(given, f"p{n}-") for n in numbers if f"p{n}-said" in given]


def due_of(terms: Terms, agency: Agency, *, readings: Sequence[datetime] = ()) -> datetime | None:
    """The moment that was given: one of those proposed, or a day and a time; None for no date.

    With `readings` one of them must be chosen, or another date, or none, but said: nothing is
    assumed. Raises Invalid.
    """
    if readings and not terms.reading and not terms.day:
        raise Invalid(_("Say which date you meant; the words can be read in more than one way."))
    if terms.reading and terms.reading != "other":
        return _find_reading(terms.reading, readings)
    return read_due(terms.day, terms.at, agency)


def _find_reading(chosen: str, readings: Sequence[datetime]) -> datetime:
    """The proposed moment that was chosen: on a form that was open for a while, the nearest."""
    try:
        moment = datetime.fromisoformat(chosen).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    near = [one for one in readings if moment is not None and abs(one - moment) < _FORM_OPEN]
    if not near:
        raise Invalid(_("Choose one of the dates, or give your own."))
    return near[0]


def read_due(day: str, at: str, agency: Agency) -> datetime | None:
    """A day and a time of the agency as a moment; without a time, when the office closes."""
    if not day:
        if at:
            raise Invalid(_("Give the day too, or take the time out."))
        return None
    try:
        on = date.fromisoformat(day)
        clock_time = _read_time(at) if at else None
    except ValueError as error:
        raise Invalid(
            _("Give the date as year, month and day, such as 2027-03-10, and the time as 17:00.")
        ) from error
    return due_moment(on, clock_time, schedule=agency.office_schedule)


def _read_time(at: str) -> time:
    # Browsers may send seconds; a zone or anything else is no time of this field.
    if not _TIME.fullmatch(at):
        raise ValueError(at)
    return time.fromisoformat(at)


def find_owner(agency: Agency, owner_id: int | None) -> User:
    """The colleague that was chosen. Raises Invalid."""
    owner = None
    if owner_id is not None:
        owner = User.objects.filter(pk=owner_id, memberships__agency=agency).first()
    if owner is None:
        raise Invalid(_("Choose a colleague of your agency."))
    return owner


def read_reason(given: Mapping[str, str], name: str = "reason") -> str:
    """Words of a field, a little over the longest limit at most so that the action can say so."""
    return given.get(name, "").replace("\r\n", "\n")[:2_001]
