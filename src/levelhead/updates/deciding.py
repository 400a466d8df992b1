"""Doing without an update on one channel, by a person's decision, and taking that back."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.incidents.actions import lock_incident
from levelhead.incidents.domain import REASON_LIMIT
from levelhead.incidents.reading import read_text
from levelhead.incidents.recording import tell
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.updates.models import UpdateDelivery


def do_without(*, delivery: UpdateDelivery, why: str, by: User) -> None:
    """Do without an update on one channel, so that the next may go. Raises NotAllowed, Invalid.

    Where it is unclear whether it is there, the record says that it may be.
    """
    why = read_text(why, REASON_LIMIT, _("Say why this channel can do without it."))

    def act(item: OutboxItem) -> None:
        if item.state in (OutboxState.SENT, OutboxState.GIVEN_UP, OutboxState.WITHDRAWN):
            raise Invalid(_("Nothing is left to decide here: look at the channel as it is now."))
        if not outbox.give_up(item):
            raise Conflict(
                _(
                    "It is being sent in this moment. Nothing was changed. Look again in a few "
                    "seconds."
                )
            )
        UpdateDelivery.objects.filter(pk=delivery.pk).update(
            without_by=by, without_at=clock.now(), without_why=why
        )

    _decide(delivery, by, "person:update:done_without", act, why)


def send_after_all(*, delivery: UpdateDelivery, by: User) -> None:
    """Take that decision back: it is looked up there, and sent where it is not.

    Raises NotAllowed, Invalid where a later one is there already.
    """

    def act(item: OutboxItem) -> None:
        if item.state != OutboxState.GIVEN_UP:
            raise Invalid(_("Nobody decided to do without it. Nothing was changed."))
        outbox.take_up(item)
        UpdateDelivery.objects.filter(pk=delivery.pk).update(
            without_by=None, without_at=None, without_why=""
        )

    _decide(delivery, by, "person:update:sent_after_all", act)


def _decide(
    delivery: UpdateDelivery,
    by: User,
    action: str,
    act: Callable[[OutboxItem], None],
    text: str = "",
) -> None:
    require(by, delivery.agency_id, Ability.REPLY)
    with transaction.atomic():
        # Before the item, as sending does: two people cannot decide at the same time.
        incident = lock_incident(delivery.update_of.incident, by=by, over_too=True)
        item = OutboxItem.objects.select_for_update().get(pk=delivery.outbox_item_id)
        before = item.state
        act(item)
        tell(
            incident, action, by=by, text=text,
            payload={
                "channel": delivery.channel_id, "number": delivery.update_of.number,
                "was": before, "marker": item.marker,
            },
        )  # fmt: skip
