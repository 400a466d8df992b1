"""What leaves: a model's words that nobody read are held, and what came of a draft is recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.approvals.models import ApprovalDraft
from levelhead.drafting.domain import MadeState, Unread
from levelhead.drafting.models import MadeDraft
from levelhead.drafting.recording import record
from levelhead.drafting.sameness import has_words_of
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.knowledge.outcomes import measure_change
from levelhead.replies.gate import Door, Outgoing, Waits
from levelhead.replies.models import Reply, ScheduledReply

_LOOKED_AT: Final = 20


def door_of(agency_id: int, form_token: str) -> Door | None:
    """The door of drafting; it asks only once a reply is about to leave."""
    return _Door()


class _Door:
    """See `replies.gate.Door`."""

    def hold(self, outgoing: Outgoing) -> Waits | None:
        """Refuse a model's words where nobody said that they have read them."""
        check_read(outgoing.case, outgoing.text, before=_kept_at(outgoing))
        return None

    def let_out(self, reply: Reply) -> None:
        """Say on the record that it was drafted by a model, and how much a person changed."""
        made = _written_from(reply.case_id, reply.written)
        if made is None:
            return
        percent = measure_change(reply.written, [made.text]) or 0
        made.reply, made.changed_percent = reply, percent
        made.save(update_fields=["reply", "changed_percent"])
        used = {number for one in made.sentences if not one["struck"] for number in one["cites"]}
        record(
            agency_id=reply.agency_id, subject=f"case:{reply.case_id}",
            action="person:drafting:sent", by=reply.by,
            payload={
                "reply": reply.pk, "draft": made.pk, "model": made.model, "host": made.host,
                "prompt_sha256": made.prompt_sha256, "answer_sha256": made.answer_sha256,
                "sources": [
                    f"{one['kind']}:{one['id']}:{one['version']}"
                    for one in made.sources if one["number"] in used
                ],
                "changed_percent": percent,
                "read_by": made.read_by_id,
            },
        )  # fmt: skip

    def hold_retry(self, reply: Reply) -> None:
        """What left once was looked at then."""


def _kept_at(outgoing: Outgoing) -> datetime | None:
    """When these very words were looked at before, to leave later or once they are approved.

    A draft that somebody asked for since has no part in them.
    """
    of_form = {"agency_id": outgoing.case.agency_id}
    scheduled = ScheduledReply.objects.filter(
        **of_form, case=outgoing.case, form_token=outgoing.form_token, text=outgoing.text
    ).values_list("made_at", flat=True)
    approved = ApprovalDraft.objects.filter(
        **of_form, request__case=outgoing.case, request__sending_token=outgoing.form_token,
        text=outgoing.text,
    ).values_list("at", flat=True)  # fmt: skip
    return scheduled.first() or approved.order_by("number").first()


def _ready(case_id: int) -> list[MadeDraft]:
    rows = MadeDraft.objects.filter(case_id=case_id, state=MadeState.READY.value)
    return list(rows.order_by("-pk")[:_LOOKED_AT])


def _sentences(made: MadeDraft) -> list[str]:
    return [one["text"] for one in made.sentences if not one["struck"] and one["cites"]]


def _written_from(case_id: int, text: str) -> MadeDraft | None:
    """The draft whose words a reply has, the nearest of several."""
    found = [one for one in _ready(case_id) if has_words_of(text, _sentences(one))]
    return min(found, key=lambda one: measure_change(text, [one.text]) or 0, default=None)


def check_read(case: Case, text: str, *, before: datetime | None = None) -> None:
    """Raises Unread where a model's words are in `text` and nobody has said that they read them.

    Whatever way they took into it: by the form, by a program, by a copy.
    """
    if not text.strip():
        return
    for one in _ready(case.pk):
        since = before is not None and one.ended_at is not None and one.ended_at > before
        if one.read_by_id is None and not since and has_words_of(text, _sentences(one)):
            raise Unread(
                _(
                    "Words that a program drafted are in this reply, and nobody has said that "
                    "they are right. Read them, tick “I have read it and it is right”, and send "
                    "again. Nothing was sent; your text is kept."
                )
            )


def say_read(*, case: Case, text: str, by: User) -> None:
    """A person says that they have read the drafts whose words are in `text`, and stands by them.

    What of a draft is not in it was not said of.
    """
    require(by, case.agency_id, Ability.REPLY)
    with transaction.atomic():
        unread = MadeDraft.objects.select_for_update().filter(
            case=case, state=MadeState.READY.value, read_by__isnull=True
        )
        for made in unread.order_by("-pk")[:_LOOKED_AT]:
            if not has_words_of(text, _sentences(made)):
                continue
            made.read_by, made.read_at = by, clock.now()
            made.save(update_fields=["read_by", "read_at"])
            record(
                agency_id=case.agency_id, subject=f"case:{case.pk}",
                action="person:drafting:read", by=by, payload={"draft": made.pk},
            )  # fmt: skip
