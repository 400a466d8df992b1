"""Giving up a reply that could not be sent: a decision with a reason."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.inbox.actions import lock_case, place_of, save_case
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_text
from levelhead.replies.domain import REASON_LIMIT
from levelhead.replies.leaving import failed_items
from levelhead.replies.models import Reply
from levelhead.replies.posting import posts_told


def give_up_reply(*, reply: Reply, reason: str, by: User) -> None:
    """Try no more; what is public stays. The case stays as it is. Raises NotAllowed, Invalid."""
    reason = clean_text(reason, REASON_LIMIT + 1).strip()
    if not reason:
        raise Invalid(_("Say in a few words why it is given up."))
    if len(reason) > REASON_LIMIT:
        raise Invalid(_("Write at most %(limit)d characters.") % {"limit": REASON_LIMIT})
    with transaction.atomic():
        locked = lock_case(reply.case, by=by, ability=Ability.REPLY, expected_version=None)
        ids = [item.pk for item in reply.items]
        given_up = OutboxItem.objects.filter(pk__in=ids, state=OutboxState.FAILED).update(
            state=OutboxState.GIVEN_UP
        )
        if not given_up:
            raise Invalid(_("This reply is not one that failed."))
        before = place_of(locked)
        locked.reply_failed = bool(failed_items(locked))
        fresh = Reply.objects.get(pk=reply.pk)
        save_case(
            locked,
            before,
            action="person:reply:given_up",
            by=by,
            payload={"reply": reply.pk, "reason": reason, **posts_told(fresh)},
        )
