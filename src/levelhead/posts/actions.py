"""Saying something to everybody: written once, once on each channel, its outcome told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.channels import outbox
from levelhead.channels.models import Channel, OutboxItem, OutboxState
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_text
from levelhead.knowledge.domain import AnswerState
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import kind_of_channel, today_of
from levelhead.live.actions import announce
from levelhead.posts.checking import check_post, held_by
from levelhead.posts.domain import MOST_CHANNELS, TEXT_LIMIT, TOKEN_LIMIT, Closed, Said
from levelhead.posts.models import Delivery, OwnPost
from levelhead.posts.queries import closed_because, count_characters
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.replies.domain import REASON_LIMIT, Held, find_unfilled


def send_post(
    *,
    agency: Agency,
    said: Sequence[Said],
    answer: Answer | None,
    lang: str,
    by: User,
    form_token: str,
    answer_version: int | None = None,
    all_the_same: str = "",
) -> OwnPost:
    """Post on all the channels of `said`, or on none. The same form twice gives the same post.

    `answer_version` is the version that the person saw. `all_the_same` says why it goes although
    the reply check holds it; the record keeps it. Raises NotAllowed, Conflict (the answer was
    changed), Invalid (data: `errors` by channel id), Held.
    """
    require(by, agency.pk, Ability.REPLY)
    if not form_token or len(form_token) > TOKEN_LIMIT:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )
    sent_already = OwnPost.objects.filter(agency=agency, form_token=form_token).first()
    if sent_already is not None:
        return sent_already
    texts = check_texts(agency, said)
    overruled = _check(agency, texts, lang, all_the_same)
    try:
        return _send(agency, texts, answer, lang, by, form_token, answer_version, overruled)
    except IntegrityError:
        # The same form twice at the same moment: the first one counts.
        return OwnPost.objects.get(agency=agency, form_token=form_token)


def check_texts(agency: Agency, said: Sequence[Said]) -> list[tuple[Channel, Said]]:
    """The channels with their words, cleaned. Raises Invalid (data: `errors` by channel id)."""
    if not said:
        raise Invalid(_("Choose at least one channel. Nothing was sent."))
    if len(said) > MOST_CHANNELS:
        raise Invalid(
            _("One post goes to at most %(n)d channels. Nothing was sent.") % {"n": MOST_CHANNELS}
        )
    channels = Channel.objects.filter(agency=agency).in_bulk({one.channel_id for one in said})
    errors: dict[int, str] = {}
    texts: dict[int, tuple[Channel, Said]] = {}
    for one in said:
        channel = channels.get(one.channel_id)
        if channel is None:
            raise Invalid(_("One of the channels is not there any more. Nothing was sent."))
        text = clean_text(one.text, TEXT_LIMIT + 1).replace("\r\n", "\n").strip()
        mistake = _find_mistake(channel, text)
        if mistake:
            errors[channel.pk] = mistake
        texts[channel.pk] = (
            channel,
            Said(channel_id=channel.pk, text=text, form=one.form[:10]),
        )
    if errors:
        raise Invalid(" ".join(dict.fromkeys(errors.values())), errors=errors)
    return list(texts.values())


def _find_mistake(channel: Channel, text: str) -> str:
    name = {"channel": channel.name}
    closed = closed_because(channel)
    if closed is Closed.READ_ONLY:
        return _("%(channel)s takes no posts from here. Nothing was sent.") % name
    if closed is Closed.SIGNED_OUT:
        return _("%(channel)s must be connected again before anything can be sent.") % name
    if not text:
        return _("Write what is said on %(channel)s. Nothing was sent.") % name
    unfilled = find_unfilled(text)
    if unfilled:
        return _(
            "What is said on %(channel)s still has a part to fill in: %(parts)s. Everybody reads "
            "it: write what fits all, or take the part out. Nothing was sent."
        ) % {**name, "parts": ", ".join(unfilled[:5])}
    limit = kind_of_channel(channel).limit
    length = count_characters(channel, text)
    if limit is not None and length > limit:
        return _(
            "What is said on %(channel)s has %(length)d characters; it takes %(limit)d. Shorten "
            "it. Nothing was sent."
        ) % {**name, "length": length, "limit": limit}
    return ""


def _check(
    agency: Agency, texts: Sequence[tuple[Channel, Said]], lang: str, all_the_same: str
) -> Mapping[str, object]:
    """What the record is to say of findings that were overruled; raises Held where none was."""
    held = [
        (channel, finding)
        for channel, one in texts
        for finding in held_by(
            check_post(agency, channel, one.text, post_lang=lang, ui_lang=get_language() or "en")
        )
    ]
    if not held:
        return {}
    rules = sorted({finding.rule.value for _channel, finding in held})
    reason = clean_text(all_the_same, REASON_LIMIT).strip()
    if not reason:
        raise Held(
            _(
                "The reply check holds what is said on %(channel)s: %(why)s Change it, or say why "
                "it should go all the same. Nothing was sent."
            )
            % {"channel": held[0][0].name, "why": held[0][1].why},
            rules=rules,
        )
    return {"overruled": rules, "reason": reason}


def _send(
    agency: Agency,
    texts: Sequence[tuple[Channel, Said]],
    answer: Answer | None,
    lang: str,
    by: User,
    form_token: str,
    answer_version: int | None,
    overruled: Mapping[str, object],
) -> OwnPost:
    with transaction.atomic():
        if answer is not None:
            answer = _lock_answer(agency, answer, answer_version)
        own_post = OwnPost.objects.create(
            agency=agency,
            answer=answer,
            answer_version=answer.version if answer is not None else None,
            lang=lang if lang in ("en", "es") else "",
            by=by,
            at=clock.now(),
            form_token=form_token,
        )
        told = []
        for channel, one in texts:
            item = outbox.enqueue(channel=channel, text=one.text, by=by, lang=own_post.lang)
            Delivery.objects.create(
                agency=agency, own_post=own_post, channel=channel, outbox_item=item, text=one.text,
                form=one.form,
            )  # fmt: skip
            told.append({"channel": channel.pk, "text": one.text, "marker": item.marker})
        _record(
            own_post, "person:ownpost:sent", by,
            {
                "answer": answer.pk if answer is not None else None,
                "answer_version": own_post.answer_version,
                "on": told,
                **overruled,
            },
        )  # fmt: skip
    return own_post


def _lock_answer(agency: Agency, answer: Answer, version: int | None) -> Answer:
    """The answer as it is now. Raises Conflict, Invalid."""
    locked = (
        Answer.objects.select_for_update(of=("self",))
        .select_related("agency")
        .get(pk=answer.pk, agency=agency)
    )
    if version is not None and locked.version != version:
        raise Conflict(
            _(
                "Somebody changed the answer while you wrote. Nothing was sent; look at what it "
                "says now."
            )
        )
    if locked.state != AnswerState.APPROVED or locked.stale_on(today_of(agency)):
        raise Invalid(
            _(
                "Only an approved answer that is not past its review date is said to everybody. "
                "Nothing was sent."
            )
        )
    return locked


def withdraw_delivery(*, delivery: Delivery, by: User) -> None:
    """Take a post back on one channel before it leaves. Raises Conflict where it is too late."""
    require(by, delivery.agency_id, Ability.REPLY)
    with transaction.atomic():
        if not outbox.withdraw(delivery.outbox_item):
            raise Conflict(_("It is too late to take this back: the post is being sent."))
        _record(delivery.own_post, "person:ownpost:withdrawn", by, _where(delivery))


def retry_delivery(*, delivery: Delivery, by: User) -> None:
    """Have a post that failed on one channel sent again. Raises Invalid."""
    require(by, delivery.agency_id, Ability.REPLY)
    with transaction.atomic():
        _lock_failed(delivery)
        outbox.retry(delivery.outbox_item)
        Delivery.objects.filter(pk=delivery.pk).update(given_up=False)
        _record(delivery.own_post, "person:ownpost:retried", by, _where(delivery))


def give_up_delivery(*, delivery: Delivery, by: User) -> None:
    """Do without a post that failed on one channel: it is not loud any more. Raises Invalid."""
    require(by, delivery.agency_id, Ability.REPLY)
    with transaction.atomic():
        _lock_failed(delivery)
        changed = Delivery.objects.filter(pk=delivery.pk, given_up=False).update(given_up=True)
        if changed:
            _record(delivery.own_post, "person:ownpost:given_up", by, _where(delivery))


def _lock_failed(delivery: Delivery) -> None:
    item = OutboxItem.objects.select_for_update().get(pk=delivery.outbox_item_id)
    if item.state != OutboxState.FAILED:
        raise Invalid(_("This post is not one that failed."))


def note_outcome(item: OutboxItem) -> None:
    """The outbox tells what became of an item: it goes on the record. In its transaction."""
    delivery = Delivery.objects.select_related("own_post").filter(outbox_item=item).first()
    if delivery is None:
        return
    if item.state in (OutboxState.SENT, OutboxState.FAILED):
        sent = item.state == OutboxState.SENT
        _record(
            delivery.own_post,
            "outbox:ownpost:arrived" if sent else "outbox:ownpost:failed",
            None,
            {**_where(delivery), "url": item.url, "error": item.last_error},
        )
    else:
        _announce(delivery.own_post)


def _where(delivery: Delivery) -> dict[str, object]:
    return {"channel": delivery.channel_id, "delivery": delivery.pk}


def _record(own_post: OwnPost, action: str, by: User | None, payload: Mapping[str, object]) -> None:
    append_events(
        agency_id=own_post.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"ownpost:{own_post.pk}",
                action=action,
                actor=f"user:{by.pk}" if by is not None else "system",
                payload=payload,
            )
        ],
    )
    _announce(own_post)


def _announce(own_post: OwnPost) -> None:
    announce(
        agency_id=own_post.agency_id, kind="ownpost.changed", payload={"post": str(own_post.pk)}
    )
