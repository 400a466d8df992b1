"""Sending corrections from their drafts: an update's with one press, replies' from a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.corrections.domain import MOST_AT_ONCE, TOKEN_LIMIT, DueState
from levelhead.corrections.models import CorrectionDue
from levelhead.corrections.planning import Plan
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.replies.actions import send_reply
from levelhead.replies.domain import find_unfilled
from levelhead.replies.gate import Waits
from levelhead.replies.models import Reply
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Cited, ToChannel, UpdateKind, Wish, Words
from levelhead.updates.framing import compose_for, frame_for
from levelhead.updates.models import Update


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """What the person saw and pressed."""

    # Language -> the lead, and the words of the facts that stand instead.
    leads: Mapping[str, str]
    known: Mapping[str, Sequence[str]]
    after_number: int
    # Number of open corrections and versions of facts that the page showed.
    facts: Sequence[tuple[int, int]]
    form_token: str
    all_the_same: str = ""


def send_correction(*, plan: Plan, press: Press, by: User) -> Update:
    """Send the correction of an update where the update went. The same form twice sends once.

    Raises NotAllowed, Invalid, and Conflict where something changed since the page was shown.
    """
    update = plan.update
    require(by, update.agency_id, Ability.REPLY)
    sent = Update.objects.filter(agency_id=update.agency_id, form_token=press.form_token).first()
    if sent is not None and press.form_token:
        return sent
    now_there = [(fact.pk, fact.version) for fact in plan.facts]
    if not plan.dues or list(press.facts) != now_there:
        raise Conflict(
            _(
                "What is to be corrected changed while you looked. Nothing was sent. Look at it as "
                "it is now."
            )
        )
    words = tuple(
        replace(
            one.still,
            lead=press.leads.get(one.lang, ""),
            known=(*press.known.get(one.lang, ()), *one.still.known),
        )
        for one in plan.texts
    )
    unfilled = [mark for one in words for line in one.lines() for mark in find_unfilled(line)]
    if unfilled:
        raise Invalid(
            _("Translate what stands in double brackets: %(parts)s. Nothing was sent.")
            % {"parts": ", ".join(unfilled[:3])}
        )
    return send_update(
        incident=update.incident,
        corrects=update,
        by=by,
        wish=Wish(
            words=words,
            cited=tuple(
                Cited(fact_id=pk, version=version)
                for pk, version in [
                    *now_there,
                    *((fact.pk, fact.version) for fact in plan.still_facts),
                ]
            ),
            channels=_to_channels(plan, words, press.after_number + 1),
            kind=UpdateKind.CORRECTION,
            next_word_at=plan.next_word_at,
            after_number=press.after_number,
            form_token=press.form_token,
            all_the_same=press.all_the_same,
        ),
    )


def _to_channels(plan: Plan, words: Sequence[Words], number: int) -> tuple[ToChannel, ...]:
    by_lang = {one.lang: one for one in words}
    made = []
    for channel, lang in plan.channels:
        said = by_lang.get(lang, words[0])
        frame = frame_for(
            plan.update.incident, number=number, kind=UpdateKind.CORRECTION, at=clock.now(),
            next_word_at=plan.next_word_at, lang=said.lang,
        )  # fmt: skip
        text = compose_for(channel, said, frame)
        if text is None:
            raise Invalid(
                _("The correction is too long for %(channel)s. Shorten it. Nothing was sent.")
                % {"channel": channel.name}
            )
        made.append(ToChannel(channel_id=channel.pk, lang=said.lang, text=text))
    return tuple(made)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one correction among several."""

    due: CorrectionDue
    reply: Reply | None = None
    # Why it did not leave; in words for the person.
    trouble: str = ""


def correct_replies(
    *, dues: Sequence[CorrectionDue], by: User, form_token: str, all_the_same: str = ""
) -> list[Outcome]:
    """Answer each again in its thread with the draft; each by itself, so that one holds no other.

    Raises NotAllowed, Invalid where the form is none.
    """
    if not form_token or len(form_token) > TOKEN_LIMIT - 20:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )
    if len(dues) > MOST_AT_ONCE:
        raise Invalid(
            _("At most %(n)d replies at once. Choose fewer; nothing was sent.")
            % {"n": MOST_AT_ONCE}
        )
    for due in dues:
        require(by, due.agency_id, Ability.REPLY)
    return [_correct(due, by, f"{form_token}{due.pk}", all_the_same) for due in dues]


def _correct(due: CorrectionDue, by: User, token: str, all_the_same: str) -> Outcome:
    fresh = CorrectionDue.objects.select_related("reply__case__post__channel").get(pk=due.pk)
    if (
        fresh.state != DueState.OPEN
        and not Reply.objects.filter(agency_id=due.agency_id, form_token=token).exists()
    ):
        return Outcome(due=fresh, trouble=_("It was settled already."))
    if fresh.reply is None:
        return Outcome(due=fresh, trouble=_("This one was said in an update."))
    try:
        reply = send_reply(
            case=fresh.reply.case, text=fresh.first_draft, by=by, form_token=token,
            expected_version=None, all_the_same=all_the_same,
        )  # fmt: skip
    except Waits as waits:
        return Outcome(due=fresh, trouble=waits.message)
    except (Conflict, Invalid) as error:
        return Outcome(due=fresh, trouble=error.message)
    return Outcome(due=fresh, reply=reply)
