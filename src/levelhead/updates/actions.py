"""Sending an update: numbered, everywhere at once, saying only what the ledger confirms."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.channels.lanes import Lane
from levelhead.channels.models import Channel, OutboxItem, OutboxState
from levelhead.incidents.actions import lock_incident
from levelhead.incidents.domain import (
    CADENCE,
    LONGEST_PROMISE,
    REASON_LIMIT,
    SHORTEST_PROMISE,
)
from levelhead.incidents.models import Incident
from levelhead.incidents.reading import read_line, read_text
from levelhead.incidents.recording import tell
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_name, clean_text
from levelhead.ledger.domain import FactStatus
from levelhead.ledger.models import Fact
from levelhead.posts.domain import Closed
from levelhead.posts.queries import closed_because
from levelhead.updates.checking import check_update, overruled
from levelhead.updates.domain import (
    LEAD_LIMIT,
    LINE_LIMIT,
    MOST_CHANNELS,
    MOST_LINES,
    TOKEN_LIMIT,
    ToChannel,
    UpdateKind,
    Wish,
    Words,
)
from levelhead.updates.framing import takes
from levelhead.updates.models import Citation, Update, UpdateDelivery, UpdateText
from levelhead.updates.picturing import Chosen, keep_with, read_pictures, those_for

_on_sent: Final[list[Callable[[Update, Sequence[Words]], None]]] = []


def on_sent(listener: Callable[[Update, Sequence[Words]], None]) -> None:
    """Have `listener` told of every update with its words, in the transaction that sends it."""
    if listener not in _on_sent:
        _on_sent.append(listener)


def send_update(
    *, incident: Incident, wish: Wish, by: User, corrects: Update | None = None
) -> Update:
    """Say it: on the record, on the public page and on every chosen channel, or nowhere.

    The same form twice gives the same update. Raises NotAllowed, Invalid, and Conflict where
    somebody sent one meanwhile or a cited fact changed.
    """
    require(by, incident.agency_id, Ability.REPLY)
    if not wish.form_token or len(wish.form_token) > TOKEN_LIMIT:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )
    known = _sent_with(incident, wish.form_token)
    if known is not None:
        return known
    texts = tuple(_read_words(one) for one in wish.words)
    if not texts:
        raise Invalid(_("Write what the agency says."))
    try:
        with transaction.atomic():
            return _send(incident, wish, texts, by, corrects)
    except IntegrityError:
        # The same form twice at the same moment: the first one counts.
        twice = _sent_with(incident, wish.form_token)
        if twice is None:
            raise
        return twice


def _sent_with(incident: Incident, form_token: str) -> Update | None:
    return Update.objects.filter(agency_id=incident.agency_id, form_token=form_token).first()


def _send(
    incident: Incident, wish: Wish, texts: Sequence[Words], by: User, corrects: Update | None
) -> Update:
    locked = lock_incident(incident, by=by)
    if locked.updates_count != wish.after_number:
        raise Conflict(
            _(
                "Somebody sent update %(n)d while you wrote. Nothing was sent. Read it, then send "
                "yours if it is still right."
            )
            % {"n": locked.updates_count},
            number=locked.updates_count,
        )
    now = clock.now()
    _check_promise(locked, wish)
    facts = _read_cited(locked, wish)
    _check_corrected(locked, wish, corrects)
    if any(len(one.known) != len(facts) for one in texts):
        raise Invalid(_("Every cited fact needs its words in each language."))
    pictures = read_pictures(locked, wish.pictures, [one.lang for one in texts])
    passed = overruled(
        check_update(
            locked, texts, facts=facts, corrects=corrects,
            channel_texts=[
                *(one.text for one in wish.channels),
                *(alt for one in pictures for alt in one.alts.values()),
            ],
        ),
        read_text(wish.all_the_same, REASON_LIMIT),
    )  # fmt: skip
    number = locked.updates_count + 1
    update = Update.objects.create(
        agency_id=locked.agency_id, incident=locked, number=number, kind=wish.kind.value, by=by,
        at=now, next_word_at=wish.next_word_at, corrects=corrects, form_token=wish.form_token,
    )  # fmt: skip
    _keep_texts(update, texts)
    keep_with(update, pictures)
    for fact in facts:
        Citation.objects.create(
            agency_id=locked.agency_id, update_of=update, fact=fact, version=fact.version,
            text=fact.text,
        )  # fmt: skip
    sent_to = _enqueue(update, wish, pictures, by)
    locked.updates_count = number
    locked.first_word_at = locked.first_word_at or now
    locked.last_word_at = now
    # After the last word the incident still runs until somebody stands it down.
    locked.next_word_due = wish.next_word_at or now + CADENCE[locked.level]
    locked.save()
    tell(
        locked, "person:update:sent", by=by, text=texts[0].lead,
        payload={
            "update": update.pk, "number": number, "kind": wish.kind.value,
            "next_word_at": wish.next_word_at.isoformat() if wish.next_word_at else None,
            "facts": [[fact.pk, fact.version] for fact in facts], "channels": sent_to,
            "corrects": corrects.number if corrects else None,
            "pictures": [[one.picture.sha256, one.alts] for one in pictures], **passed,
        },
    )  # fmt: skip
    for listener in _on_sent:
        listener(update, texts)
    return update


def _check_corrected(incident: Incident, wish: Wish, corrects: Update | None) -> None:
    """A correction says what it corrects, and goes there. Raises Invalid."""
    if corrects is None:
        if wish.kind is UpdateKind.CORRECTION:
            raise Invalid(_("Say which update this one corrects. Nothing was sent."))
        return
    if corrects.incident_id != incident.pk or wish.kind is not UpdateKind.CORRECTION:
        raise Invalid(_("Only an update of this incident can be corrected. Nothing was sent."))
    went = {one.channel_id: one.channel for one in _deliveries(corrects)}
    goes = {one.channel_id for one in wish.channels}
    missing = [
        channel.name
        for pk, channel in went.items()
        if pk not in goes and closed_because(channel) is not Closed.READ_ONLY
    ]
    if missing:
        raise Invalid(
            _(
                "A correction goes where the mistake went: %(channels)s is missing. Nothing was "
                "sent."
            )
            % {"channels": ", ".join(missing)}
        )


def _deliveries(update: Update) -> list[UpdateDelivery]:
    return list(update.deliveries.select_related("channel").order_by("pk"))


def _check_promise(incident: Incident, wish: Wish) -> None:
    if wish.next_word_at is None:
        if wish.kind is not UpdateKind.LAST:
            raise Invalid(_("Say when the next update comes. Silence is filled by rumor."))
        return
    now = clock.now()
    if not now + SHORTEST_PROMISE <= wish.next_word_at <= now + LONGEST_PROMISE:
        raise Invalid(_("Promise the next update between 2 minutes and 24 hours from now."))
    if wish.next_word_at > now + CADENCE[incident.level]:
        raise Invalid(
            _("At level %(level)d the next update comes within %(minutes)d minutes.")
            % {
                "level": incident.level,
                "minutes": CADENCE[incident.level].total_seconds() // 60,
            }
        )


def _read_cited(incident: Incident, wish: Wish) -> list[Fact]:
    """The facts as they are now, in the order of the update. Raises Conflict, Invalid."""
    found = Fact.objects.filter(incident=incident).in_bulk([one.fact_id for one in wish.cited])
    now = clock.now()
    facts = []
    for one in wish.cited:
        fact = found.get(one.fact_id)
        if fact is None:
            raise Invalid(_("One of the facts is not of this incident. Nothing was sent."))
        if fact.version != one.version or fact.status != FactStatus.CONFIRMED:
            raise Conflict(
                _(
                    "Fact %(n)d changed while you wrote, or is not confirmed: “%(text)s”. Nothing "
                    "was sent."
                )
                % {"n": fact.number, "text": fact.text[:120]}
            )
        if fact.valid_until is not None and fact.valid_until <= now:
            raise Invalid(
                _(
                    "Fact %(n)d must be looked at again before it is said: “%(text)s”. Nothing was "
                    "sent."
                )
                % {"n": fact.number, "text": fact.text[:120]}
            )
        facts.append(fact)
    return facts


def _keep_texts(update: Update, texts: Sequence[Words]) -> None:
    UpdateText.objects.bulk_create(
        [
            UpdateText(
                agency_id=update.agency_id, update_of=update, lang=one.lang, main=place == 0,
                lead=one.lead, known=json.dumps(one.known), unknown=json.dumps(one.unknown),
                doing=json.dumps(one.doing),
                actions=json.dumps([[who.value, text] for who, text in one.actions]),
            )
            for place, one in enumerate(texts)
        ]
    )  # fmt: skip


def _enqueue(
    update: Update, wish: Wish, pictures: Sequence[Chosen], by: User
) -> list[dict[str, object]]:
    if len(wish.channels) > MOST_CHANNELS:
        raise Invalid(
            _("One update goes to at most %(n)d channels. Nothing was sent.") % {"n": MOST_CHANNELS}
        )
    channels = Channel.objects.filter(agency_id=update.agency_id).in_bulk(
        [one.channel_id for one in wish.channels]
    )
    told: list[dict[str, object]] = []
    for one in wish.channels:
        channel = channels.get(one.channel_id)
        if channel is None:
            raise Invalid(_("One of the channels is not there any more. Nothing was sent."))
        text = _read_text(channel, one)
        lang = one.lang if not pictures or one.lang in pictures[0].alts else update.incident.lang
        item = outbox.enqueue(
            channel=channel, text=text, by=by, lang=one.lang, urgent=True,
            lane=Lane(number=update.incident_id, place=update.number),
            pictures=those_for(channel, pictures, lang),
        )  # fmt: skip
        UpdateDelivery.objects.create(
            agency_id=update.agency_id, update_of=update, channel=channel, outbox_item=item,
            lang=one.lang, text=text,
        )  # fmt: skip
        told.append({"channel": channel.pk, "text": text, "marker": item.marker})
    return told


def _read_text(channel: Channel, one: ToChannel) -> str:
    name = {"channel": channel.name}
    if closed_because(channel) is Closed.READ_ONLY:
        raise Invalid(_("%(channel)s takes no posts from here. Nothing was sent.") % name)
    text = clean_text(one.text, 100_000).strip()
    if not text:
        raise Invalid(_("Write what is said on %(channel)s. Nothing was sent.") % name)
    if not takes(channel, text):
        raise Invalid(
            _("What is said on %(channel)s is too long for it. Shorten it. Nothing was sent.")
            % name
        )
    return text


def retry_delivery(*, delivery: UpdateDelivery, by: User) -> None:
    """Have an update that failed on one channel sent again. Raises Invalid."""
    require(by, delivery.agency_id, Ability.REPLY)
    with transaction.atomic():
        item = OutboxItem.objects.select_for_update().get(pk=delivery.outbox_item_id)
        if item.state != OutboxState.FAILED:
            raise Invalid(_("This update did not fail on that channel."))
        outbox.retry(item)
        tell(
            delivery.update_of.incident, "person:update:retried", by=by,
            payload={"channel": delivery.channel_id, "number": delivery.update_of.number},
        )  # fmt: skip


def note_outcome(item: OutboxItem) -> None:
    """The outbox tells what became of an item: the log has it. In its transaction."""
    delivery = (
        UpdateDelivery.objects.select_related("update_of__incident", "channel")
        .filter(outbox_item=item)
        .first()
    )
    if delivery is None:
        return
    arrived = item.state == OutboxState.SENT
    action = {
        OutboxState.SENT: "outbox:update:arrived", OutboxState.FAILED: "outbox:update:failed",
    }.get(OutboxState(item.state), "outbox:update:waits")  # fmt: skip
    tell(
        delivery.update_of.incident, action, by=None,
        payload={
            "channel": delivery.channel_id, "name": delivery.channel.name,
            "number": delivery.update_of.number, "url": item.url,
            "error": "" if arrived else item.last_error,
        },
    )  # fmt: skip


def _read_words(words: Words) -> Words:
    lead = read_line(words.lead, LEAD_LIMIT, _("Write the first sentence: it must stand alone."))
    return Words(
        lang=words.lang if words.lang in ("en", "es") else "en",
        lead=lead,
        known=_read_lines(words.known),
        unknown=_read_lines(words.unknown),
        doing=_read_lines(words.doing),
        actions=tuple(
            (who, line)
            for (who, _text), line in zip(
                [one for one in words.actions if one[1].strip()],
                _read_lines([text for _who, text in words.actions]),
                strict=True,
            )
        ),
    )


def _read_lines(lines: Sequence[str]) -> tuple[str, ...]:
    read = tuple(line for line in (clean_name(one, LINE_LIMIT + 1) for one in lines) if line)
    if len(read) > MOST_LINES or any(len(one) > LINE_LIMIT for one in read):
        raise Invalid(
            _("At most %(lines)d lines with %(limit)d characters each; shorten it.")
            % {"lines": MOST_LINES, "limit": LINE_LIMIT}
        )
    return read
