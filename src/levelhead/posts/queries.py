"""What the pages show of own posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency
from levelhead.channels.domain import Capability
from levelhead.channels.models import Channel, ChannelState, OutboxState
from levelhead.connectors.registry import platform_info
from levelhead.doctrine.reply.lengths import measure
from levelhead.inbox.models import Post
from levelhead.kernel.errors import ConfigurationError, NotFound
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import kind_of_channel
from levelhead.posts.domain import Closed
from levelhead.posts.models import Delivery, OwnPost

PAGE: Final = 20
CHANNELS: Final = 100
# Of one answer so many posts are named on its page.
OF_ANSWER: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """A post on one channel, and what the desk heard of it since."""

    delivery: Delivery
    # The post as the platform gave it back; None while it has not.
    came_back: Post | None
    # Residents' posts right under it.
    answers: int


def closed_because(channel: Channel) -> Closed | None:
    """Why nothing can be posted on the channel; None where it can."""
    try:
        info = platform_info(channel.platform)
    except ConfigurationError:
        return Closed.READ_ONLY
    if Capability.POST not in info.capabilities:
        return Closed.READ_ONLY
    return Closed.SIGNED_OUT if channel.state == ChannelState.SIGNED_OUT else None


def count_characters(channel: Channel, text: str) -> int:
    """How long the text is as the channel's platform counts."""
    return measure(text, kind_of_channel(channel).platform)


def list_channels(agency: Agency) -> list[Channel]:
    """Every channel, also those that take no post."""
    return list(Channel.objects.filter(agency=agency).order_by("name")[:CHANNELS])


def _with_deliveries(posts: QuerySet[OwnPost]) -> QuerySet[OwnPost]:
    return posts.select_related("by", "answer").prefetch_related(
        "deliveries__channel", "deliveries__outbox_item"
    )


def list_posts(agency: Agency, *, before: int | None) -> tuple[list[OwnPost], int | None]:
    """Own posts, newest first, and where the next page begins."""
    posts = OwnPost.objects.filter(agency=agency)
    if before is not None:
        posts = posts.filter(pk__lt=before)
    found = list(_with_deliveries(posts).order_by("-pk")[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def find_post(agency: Agency, own_post_id: int) -> OwnPost:
    """An own post of this agency. Raises NotFound."""
    found = _with_deliveries(OwnPost.objects.filter(agency=agency, pk=own_post_id)).first()
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return found


def find_delivery(agency: Agency, delivery_id: int) -> Delivery:
    """A post on one channel. Raises NotFound."""
    found = (
        Delivery.objects.select_related("own_post", "channel", "outbox_item")
        .filter(agency=agency, pk=delivery_id)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return found


def posts_of(answer: Answer) -> list[OwnPost]:
    """The posts that were made from an answer, newest first."""
    posts = OwnPost.objects.filter(answer=answer, agency_id=answer.agency_id)
    return list(_with_deliveries(posts).order_by("-pk")[:OF_ANSWER])


def follow(own_post: OwnPost) -> list[Arrived]:
    """Each channel's post with what came back of it; one question for all."""
    deliveries = list(own_post.deliveries.all())
    back = _came_back(deliveries)
    return [
        Arrived(
            delivery=one,
            came_back=(post := back.get((one.channel_id, one.outbox_item.external_id))),
            answers=post.under_it if post is not None else 0,  # type: ignore[attr-defined]
        )
        for one in sorted(deliveries, key=lambda one: one.channel.name)
    ]


def _came_back(deliveries: Sequence[Delivery]) -> dict[tuple[int, str], Post]:
    places = Q()
    for one in deliveries:
        if one.outbox_item.external_id:
            places |= Q(channel_id=one.channel_id, external_id=one.outbox_item.external_id)
    if not places:
        return {}
    posts = (
        Post.objects.filter(places, from_agency=True)
        .defer("raw", "text")
        .annotate(under_it=Count("answers", filter=Q(answers__from_agency=False)))
    )
    return {(post.channel_id, post.external_id): post for post in posts}


def failed_posts_column() -> dict[str, Any]:
    """Whether a post failed on a channel and nobody dealt with it, for a query over agencies."""
    failed = Delivery.objects.filter(
        agency=OuterRef("pk"), given_up=False, outbox_item__agency=OuterRef("pk"),
        outbox_item__state=OutboxState.FAILED,
    )  # fmt: skip
    return {"posts_failed": Exists(failed)}
