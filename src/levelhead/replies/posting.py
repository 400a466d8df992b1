"""A reply as posts: how many it takes, their way out one after the other, what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.analysis.lengths import count_bytes, count_text
from levelhead.channels import outbox
from levelhead.channels.domain import PlatformInfo
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.replies.domain import LONGEST, NeedsPosts
from levelhead.replies.models import PostingChoice, Reply, ReplyPart
from levelhead.replies.parts import MOST_PARTS, Cut, Trouble, cut_for

_WORDS_NAMED = 40


def numbers_posts(agency_id: int) -> bool:
    """Whether the agency wants "1/3" at the end of each post."""
    return PostingChoice.objects.filter(agency_id=agency_id, numbered=True).exists()


def choose_numbering(*, agency: Agency, numbered: bool, by: User) -> None:
    """Have the posts of long answers numbered, or not; for those that are written from now on."""
    require(by, agency.pk, Ability.MANAGE)
    with transaction.atomic():
        choice, _new = PostingChoice.objects.select_for_update().get_or_create(agency=agency)
        before, choice.numbered = choice.numbered, numbered
        if before == numbered:
            return
        choice.save(update_fields=["numbered"])
        append_events(
            agency_id=agency.pk,
            chain=DESK_CHAIN,
            at=clock.now(),
            events=[
                EventToRecord(
                    subject=f"agency:{agency.pk}",
                    action="person:replies:numbering_changed",
                    actor=f"user:{by.pk}",
                    payload={"before": before, "after": numbered},
                )
            ],
        )


def plan_posts(text: str, info: PlatformInfo, *, agency_id: int, agreed: int) -> list[str]:
    """The texts of the posts that a reply leaves as. Raises Invalid, NeedsPosts.

    `agreed` is how many posts the person who sends it has seen that it takes.
    """
    if len(text) > LONGEST:
        raise Invalid(
            _("The reply has more than %(limit)d characters. Shorten it. Nothing was sent.")
            % {"limit": LONGEST}
        )
    cut = cut_for(text, takes=info.takes, threads=info.threads, numbered=numbers_posts(agency_id))
    if cut.trouble is not None:
        raise Invalid(_say_trouble(cut, text, info))
    posts = [part.text for part in cut.parts]
    if len(posts) > agreed:
        raise NeedsPosts(
            _(
                "This reply goes out as %(posts)d posts, one after the other. Look at them under "
                "“How it will look”, then send it again. Nothing was sent."
            )
            % {"posts": len(posts)},
            posts=len(posts),
        )
    return posts


def _say_trouble(cut: Cut, text: str, info: PlatformInfo) -> str:
    if cut.trouble is Trouble.TOO_MANY:
        return _(
            "The reply would need more than %(most)d posts on %(platform)s. Shorten it, or put the "
            "rest on a page of yours and link to it. Nothing was sent."
        ) % {"most": MOST_PARTS, "platform": info.title}
    if info.threads:
        return _(
            "“%(words)s…” is longer than one post on %(platform)s and cannot be cut there. Shorten "
            "it. Nothing was sent."
        ) % {"words": cut.parts[-1].text[:_WORDS_NAMED], "platform": info.title}
    length = count_text(text, info.counting)
    if info.text_limit is not None and length > info.text_limit:
        return _(
            "The reply has %(length)d characters; %(platform)s takes %(limit)d. Shorten it."
        ) % {"length": length, "platform": info.title, "limit": info.text_limit}
    return _(
        "The reply takes %(length)d bytes; %(platform)s takes %(limit)d. Use fewer emoji, or "
        "shorten it. Nothing was sent."
    ) % {
        "length": count_bytes(text),
        "platform": info.title,
        "limit": info.counting.byte_limit or 0,
    }


def add_posts(reply: Reply, texts: Sequence[str]) -> None:
    """Queue the further posts of a reply, each after the one before. In its transaction."""
    before = reply.outbox_item
    for number, text in enumerate(texts, 2):
        before = outbox.enqueue(
            channel=before.channel,
            text=text,
            by=reply.by,
            thread_external_id=before.thread_external_id,
            lang=before.lang,
            after=before,
        )
        ReplyPart.objects.create(
            agency_id=reply.agency_id, reply=reply, number=number, outbox_item=before
        )


def reply_of(item: OutboxItem) -> Reply | None:
    """The reply that an item is a post of."""
    replies = Reply.objects.select_related("case")
    if item.after_id is None:
        return replies.filter(outbox_item=item).first()
    return replies.filter(parts__outbox_item=item).first()


def is_last(item: OutboxItem) -> bool:
    """Whether nothing follows it."""
    return not OutboxItem.objects.filter(after=item).exists()


def retry_posts(reply: Reply) -> bool:
    """Have those posts of a reply sent again that failed; gives whether there are any."""
    ids = [item.pk for item in reply.items]
    failed = [
        item
        for item in OutboxItem.objects.select_for_update(of=("self",)).filter(pk__in=ids)
        if item.state == OutboxState.FAILED
    ]
    for item in failed:
        outbox.retry(item)
    return bool(failed)


def posts_told(reply: Reply) -> dict[str, object]:
    """For the record: which posts of a reply in several are public."""
    states = [item.state for item in reply.items]
    if len(states) == 1:
        return {}
    return {"posts": len(states), "public": states.count(OutboxState.SENT)}
