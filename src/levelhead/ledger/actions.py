"""What people do with facts. Each in one transaction, with one line in the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from levelhead.accounts.models import User
from levelhead.incidents.actions import lock_incident
from levelhead.incidents.models import Incident
from levelhead.incidents.reading import read_text
from levelhead.incidents.recording import tell
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.ledger.domain import (
    LONGEST_RECHECK,
    MOST_FACTS,
    NEXT_STATUSES,
    REASON_LIMIT,
    REASSURING,
    RECHECK_AFTER,
    SOURCE_LIMIT,
    TEXT_LIMIT,
    FactStatus,
    FactSubject,
    subject_of,
)
from levelhead.ledger.models import Confirmation, Fact, FactVersion

# Called in the transaction that takes a fact's truth away, with the fact as it is now and why:
# whoever said it before has something to correct.
ChangeListener = Callable[[Fact, str, User], None]
_listeners: Final[list[ChangeListener]] = []
_on_confirmed: Final[list[Callable[[Fact], None]]] = []


def on_change(listener: ChangeListener) -> ChangeListener:
    """Have `listener` called when a fact that was confirmed is changed, false or superseded."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def on_confirmed(listener: Callable[[Fact], None]) -> Callable[[Fact], None]:
    """Have `listener` called when enough people vouched for a fact, in the same transaction."""
    if listener not in _on_confirmed:
        _on_confirmed.append(listener)
    return listener


def add_fact(
    *,
    incident: Incident,
    text: str,
    by: User,
    subject: FactSubject = FactSubject.GENERAL,
    source: str = "",
    confirmed_how: str = "",
) -> Fact:
    """Put a statement into the ledger; with `confirmed_how` the author vouches for it at once."""
    text = read_text(text, TEXT_LIMIT, _("Write the fact in one sentence."))
    source = read_text(source, SOURCE_LIMIT)
    confirmed_how = read_text(confirmed_how, SOURCE_LIMIT)
    with transaction.atomic():
        locked = lock_incident(incident, by=by, guests_too=True)
        found = Fact.objects.filter(incident=locked).aggregate(last=Max("number"))["last"] or 0
        if found >= MOST_FACTS:
            raise Invalid(_("A ledger holds at most %(n)d facts.") % {"n": MOST_FACTS})
        now = clock.now()
        fact = Fact.objects.create(
            agency_id=locked.agency_id, incident=locked, number=found + 1,
            subject=subject_of(subject, text).value, text=text, source=source, by=by, at=now,
        )  # fmt: skip
        _keep_version(fact, by, "")
        _tell(fact, "person:fact:added", by, {"subject": fact.subject})
        if confirmed_how:
            _confirm(fact, by, confirmed_how)
    return fact


def confirm_fact(
    *,
    fact: Fact,
    how: str,
    by: User,
    expected_version: int,
    valid_until: datetime | None = None,
) -> Fact:
    """Vouch for the text as it stands. With the last person needed it is confirmed.

    Raises Invalid without `how`, or where the same person did so before; Conflict where the text
    was changed meanwhile.
    """
    how = read_text(how, SOURCE_LIMIT, _("Say how you know: who told you, or what you saw."))
    with transaction.atomic():
        locked = lock_fact(fact, by=by, expected_version=expected_version, guests_too=True)
        if locked.status != FactStatus.UNCONFIRMED:
            raise Conflict(_("This fact is not waiting to be confirmed. Look at it as it is now."))
        _confirm(locked, by, how, valid_until=valid_until)
    return locked


def _confirm(fact: Fact, by: User, how: str, *, valid_until: datetime | None = None) -> None:
    if Confirmation.objects.filter(fact=fact, version=fact.version, by=by).exists():
        raise Invalid(_("You confirmed this already. Somebody else has to, from what they know."))
    now = clock.now()
    Confirmation.objects.create(
        agency_id=fact.agency_id, fact=fact, version=fact.version, by=by, at=now, how=how
    )
    count = Confirmation.objects.filter(fact=fact, version=fact.version).count()
    if count < fact.needs:
        _tell(fact, "person:fact:vouched", by, {"of": fact.needs, "count": count, "how": how})
        return
    fact.status = FactStatus.CONFIRMED.value
    fact.valid_until = _read_recheck(fact, valid_until, now)
    fact.save()
    # The text that was vouched for keeps its version; its row says that it is confirmed now.
    FactVersion.objects.filter(fact=fact, version=fact.version).update(status=fact.status)
    _tell(
        fact, "person:fact:confirmed", by,
        {
            "how": how, "count": count,
            "valid_until": fact.valid_until.isoformat() if fact.valid_until else None,
        },
    )  # fmt: skip
    for listener in _on_confirmed:
        listener(fact)


def change_fact(
    *,
    fact: Fact,
    text: str,
    why: str,
    by: User,
    expected_version: int,
    source: str = "",
    subject: FactSubject | None = None,
    confirmed_how: str = "",
) -> Fact:
    """Say it otherwise from now on: a new version, unconfirmed; what said the old one is listed."""
    text = read_text(text, TEXT_LIMIT, _("Write the fact in one sentence."))
    why = read_text(why, REASON_LIMIT, _("Say why it changes."))
    source = read_text(source, SOURCE_LIMIT)
    confirmed_how = read_text(confirmed_how, SOURCE_LIMIT)
    with transaction.atomic():
        locked = lock_fact(fact, by=by, expected_version=expected_version)
        if locked.status == FactStatus.SUPERSEDED:
            raise Invalid(_("Another fact stands in its place; change that one."))
        locked.text, locked.source = text, source or locked.source
        locked.subject = subject_of(subject or FactSubject(locked.subject), text).value
        locked.valid_until = None
        _step(locked, FactStatus.UNCONFIRMED, "person:fact:changed", by, why)
        if confirmed_how:
            _confirm(locked, by, confirmed_how)
    return locked


def mark_false(*, fact: Fact, why: str, by: User, expected_version: int) -> Fact:
    """Say that it is not true. What said so is listed for correction."""
    why = read_text(why, REASON_LIMIT, _("Say how you know that it is not true."))
    with transaction.atomic():
        locked = lock_fact(fact, by=by, expected_version=expected_version)
        _move(locked, FactStatus.FALSE)
        _step(locked, FactStatus.FALSE, "person:fact:false", by, why)
    return locked


def supersede(*, fact: Fact, newer: Fact, why: str, by: User, expected_version: int) -> Fact:
    """Say that another fact of the incident stands in its place. Raises Invalid."""
    why = read_text(why, REASON_LIMIT, _("Say why the other one stands in its place."))
    with transaction.atomic():
        locked = lock_fact(fact, by=by, expected_version=expected_version)
        if newer.pk == locked.pk or newer.incident_id != locked.incident_id:
            raise Invalid(_("Choose another fact of this incident."))
        if Fact.objects.get(pk=newer.pk).status in (FactStatus.FALSE, FactStatus.SUPERSEDED):
            raise Invalid(_("The other fact does not stand itself. Choose one that does."))
        _move(locked, FactStatus.SUPERSEDED)
        locked.superseded_by = newer
        _step(locked, FactStatus.SUPERSEDED, "person:fact:superseded", by, why)
    return locked


def recheck(
    *, fact: Fact, how: str, by: User, expected_version: int, valid_until: datetime | None = None
) -> Fact:
    """Say that something reassuring still holds, and until when somebody looks again."""
    how = read_text(how, SOURCE_LIMIT, _("Say how you know that it still holds."))
    with transaction.atomic():
        locked = lock_fact(fact, by=by, expected_version=expected_version)
        if locked.status != FactStatus.CONFIRMED:
            raise Invalid(_("Only a confirmed fact is looked at again."))
        locked.valid_until = _read_recheck(locked, valid_until, clock.now())
        locked.save()
        _tell(
            locked, "person:fact:rechecked", by,
            {
                "how": how,
                "valid_until": locked.valid_until.isoformat() if locked.valid_until else None,
            },
        )  # fmt: skip
    return locked


def lock_fact(fact: Fact, *, by: User, expected_version: int, guests_too: bool = False) -> Fact:
    """The fact as it is now; its incident is locked first. Raises Conflict, Invalid."""
    lock_incident(fact.incident, by=by, guests_too=guests_too)
    locked = Fact.objects.select_related("incident").get(pk=fact.pk, agency_id=fact.agency_id)
    if locked.version != expected_version:
        raise Conflict(
            _(
                "Somebody changed this fact while you looked at it. Nothing was changed. Look at "
                "it as it is now, then do it again if it is still right."
            ),
            version=locked.version,
        )
    return locked


def _move(fact: Fact, status: FactStatus) -> None:
    if status not in NEXT_STATUSES[FactStatus(fact.status)]:
        raise Conflict(_("This fact was decided already. Look at it as it is now."))


def _step(fact: Fact, status: FactStatus, action: str, by: User, why: str) -> None:
    """A new version with this status; listeners hear where somebody may have relied on it."""
    fact.status = status.value
    fact.version += 1
    fact.save()
    _keep_version(fact, by, why)
    _tell(fact, action, by, {"reason": why})
    for listener in _listeners:
        listener(fact, why, by)


def _keep_version(fact: Fact, by: User, why: str) -> None:
    FactVersion.objects.create(
        agency_id=fact.agency_id, fact=fact, version=fact.version, subject=fact.subject,
        status=fact.status, text=fact.text, source=fact.source, why=why, by=by, at=clock.now(),
    )  # fmt: skip


def _tell(fact: Fact, action: str, by: User, payload: dict[str, object]) -> None:
    tell(
        fact.incident, action, by=by, text=fact.text,
        payload={
            "fact": fact.pk, "number": fact.number, "version": fact.version,
            "status": fact.status, **payload,
        },
    )  # fmt: skip


def _read_recheck(fact: Fact, wished: datetime | None, now: datetime) -> datetime | None:
    if wished is None:
        return now + RECHECK_AFTER if FactSubject(fact.subject) in REASSURING else None
    if not now < wished <= now + LONGEST_RECHECK:
        raise Invalid(_("Choose a time within the next seven days for looking again."))
    return wished
