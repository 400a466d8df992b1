"""The public register: what an agency shows of its commitments to everybody, and no more.

Nothing is public by itself. An administrator turns the register on; then a person puts single
commitments on it, in words written for it, because what the desk wrote for itself names people.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.commitments.actions import lock_commitment, record
from levelhead.commitments.domain import PUBLIC_LIMIT, CommitmentState
from levelhead.commitments.models import Commitment, PublicEntry, Register
from levelhead.doctrine.reply.check import check_reply
from levelhead.doctrine.reply.domain import RuleName, Severity
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_text
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

# What the reply check finds that has no place on a page for everybody.
_GATES: Final = frozenset(
    {RuleName.PRIVATE_DATA, RuleName.GATED_MINOR, RuleName.GATED_VICTIM, RuleName.GUILT_LANGUAGE}
)
_SHOWN: Final = (CommitmentState.OPEN, CommitmentState.KEPT, CommitmentState.DROPPED)


def turn_register(*, agency: Agency, on: bool, by: User) -> Register:
    """Show the register to everybody, or to nobody; what is on it stays where it is."""
    require(by, agency.pk, Ability.MANAGE)
    from levelhead.publicpage.actions import want_front

    with transaction.atomic():
        register, _made = Register.objects.select_for_update().get_or_create(agency=agency)
        if register.on != on:
            register.on = on
            register.save(update_fields=["on"])
            # The front page for everybody leads there.
            want_front(agency)
            append_events(
                agency_id=agency.pk,
                chain=DESK_CHAIN,
                at=clock.now(),
                events=[
                    EventToRecord(
                        subject=f"agency:{agency.pk}",
                        action="person:register:turned_on" if on else "person:register:turned_off",
                        actor=f"user:{by.pk}",
                    )
                ],
            )
    return register


def publish(
    *, commitment: Commitment, text: str, outcome: str, by: User, expected_version: int | None
) -> PublicEntry:
    """Put a commitment on the register, or change its words there.

    `outcome` says what came of it, once it is closed. Raises Invalid, NotAllowed, Conflict.
    """
    require(by, commitment.agency_id, Ability.REPLY)
    text, outcome = _read_public(text), _read_public(outcome)
    if not text:
        raise Invalid(_("Write what everybody may read: what will be done, without names."))
    with transaction.atomic():
        locked = lock_commitment(commitment, by=by, expected_version=expected_version)
        if locked.state not in _SHOWN:
            raise Invalid(_("Say first whether it is a promise."))
        if outcome and locked.state == CommitmentState.OPEN:
            raise Invalid(_("It is still open; write what came of it when it is closed."))
        entry, made = PublicEntry.objects.update_or_create(
            commitment=locked,
            defaults={
                "agency_id": locked.agency_id, "text": text, "outcome": outcome, "by": by,
                "at": clock.now(),
            },
        )  # fmt: skip
        locked.version += 1
        locked.save(update_fields=["version"])
        record(
            locked,
            "person:commitment:published" if made else "person:commitment:public_words_changed",
            by=by,
            payload={"text": text, "outcome": outcome},
        )
    return entry


def unpublish(*, commitment: Commitment, by: User, expected_version: int | None) -> None:
    """Take a commitment off the register; what it said there stays on the record."""
    require(by, commitment.agency_id, Ability.REPLY)
    with transaction.atomic():
        locked = lock_commitment(commitment, by=by, expected_version=expected_version)
        entry = PublicEntry.objects.filter(commitment=locked).first()
        if entry is None:
            return
        said = {"text": entry.text, "outcome": entry.outcome}
        entry.delete()
        locked.version += 1
        locked.save(update_fields=["version"])
        record(locked, "person:commitment:unpublished", by=by, payload=said)


def _read_public(text: str) -> str:
    if len(text) > PUBLIC_LIMIT:
        raise Invalid(_("At most %(limit)d characters; shorten it.") % {"limit": PUBLIC_LIMIT})
    text = clean_text(text, PUBLIC_LIMIT).strip()
    for finding in check_reply("", text):
        if finding.rule in _GATES and finding.severity is Severity.STOP:
            raise Invalid(
                _("Not on a page for everybody: “%(words)s”. %(why)s")
                % {"words": text[slice(*finding.span)][:80], "why": finding.why}
            )
    return text
