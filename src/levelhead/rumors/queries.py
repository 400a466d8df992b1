"""Reading the board: each claim with its spread, however many posts there are. Bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Q, Sum

from levelhead.accounts.models import Agency
from levelhead.inbox.models import Case, Post
from levelhead.inbox.newest import NO_ID
from levelhead.inbox.search import find_post_ids, search_words
from levelhead.incidents.domain import IncidentState
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.errors import NotFound
from levelhead.ledger.domain import FactStatus
from levelhead.ledger.models import Fact
from levelhead.rumors.domain import (
    MOST_LINKED_AT_ONCE,
    MOST_RUMORS,
    SPREAD_OVER,
    RumorState,
    urgency_of,
)
from levelhead.rumors.models import Rumor, RumorPost
from levelhead.updates.models import UpdateDelivery

PROPOSED: Final = 10
LINKS_SHOWN: Final = 20
_RUNNING: Final = 20
_LONG: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How far a claim went, as far as posts were linked."""

    posts: int = 0
    authors: int = 0
    reach: int = 0
    per_minute: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A claim on the board."""

    rumor: Rumor
    spread: Spread
    # Where the answer was posted: name of the channel, its link where the platform gave one.
    posted: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicRumor:
    """A claim as the public page shows it, for schema.org ClaimReview."""

    claim: str
    # "true", "false", "unknown" or "answered".
    verdict: str
    explanation: str
    answered_at: datetime
    first_seen_at: datetime
    # Number of the update that said so; None before one did.
    update_number: int | None


def board(incident: Incident) -> list[Line]:
    """All claims, the most harmful and fastest first; three queries, whatever is linked."""
    rumors = list(
        Rumor.objects.filter(incident=incident)
        .select_related("owner", "fact", "correction", "answered_by", "first_post__channel")
        .defer("first_post__raw", "first_post__channel__sealed_secrets")
        .order_by("-pk")[:MOST_RUMORS]
    )
    spreads = spread_of(rumors)
    posted = _posted({rumor.correction_id for rumor in rumors if rumor.correction_id})
    lines = [
        Line(
            rumor=rumor, spread=spreads.get(rumor.pk, Spread()),
            posted=posted.get(rumor.correction_id or 0, ()),
        )
        for rumor in rumors
    ]  # fmt: skip
    return sorted(
        lines,
        key=lambda line: (
            line.rumor.state != RumorState.OPEN,
            -urgency_of(line.rumor.harm, line.spread.per_minute),
            -line.spread.posts,
            line.rumor.number,
        ),
    )


def spread_of(rumors: Sequence[Rumor]) -> dict[int, Spread]:
    """Posts, authors, reach and posts per minute of each, in one query."""
    if not rumors:
        return {}
    since = clock.now() - SPREAD_OVER
    rows = (
        RumorPost.objects.filter(rumor__in=[rumor.pk for rumor in rumors])
        .values("rumor")
        .annotate(
            posts=Count("pk"),
            authors=Count("pk", filter=Q(first_of_author=True)),
            reach=Sum("followers", filter=Q(first_of_author=True)),
            lately=Count("pk", filter=Q(posted_at__gt=since)),
        )
        .order_by()
    )
    minutes = SPREAD_OVER.total_seconds() / 60
    return {
        row["rumor"]: Spread(
            posts=row["posts"], authors=row["authors"], reach=row["reach"] or 0,
            per_minute=round(row["lately"] / minutes, 1),
        )
        for row in rows
    }  # fmt: skip


def _posted(updates: set[int]) -> dict[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = {}
    if not updates:
        return found
    rows = UpdateDelivery.objects.filter(update_of__in=updates).order_by("channel__name")
    for update, name, url in rows.values_list("update_of", "channel__name", "outbox_item__url"):
        found.setdefault(update, []).append((name, url))
    return found


def rumors_for(incident: Incident) -> list[PublicRumor]:
    """Claims that the agency answered, the newest answer first; one query."""
    rows = (
        Rumor.objects.filter(incident=incident, answered_at__isnull=False)
        .select_related("correction")
        .order_by("-answered_at", "-pk")
    )
    return [
        PublicRumor(
            claim=row.text, verdict=row.state, explanation=row.explanation,
            answered_at=row.answered_at, first_seen_at=row.first_seen_at,
            update_number=row.correction.number if row.correction else None,
        )
        for row in rows[:MOST_RUMORS]
        if row.answered_at is not None
    ]  # fmt: skip


def list_unposted(incident: Incident) -> list[Rumor]:
    """Answers that no update gave yet."""
    rows = Rumor.objects.filter(
        incident=incident, answered_at__isnull=False, correction__isnull=True
    )
    return list(rows.select_related("incident").order_by("pk")[:20])


def find_rumor(agency: Agency, rumor_id: int) -> Rumor:
    """A rumor of the agency. Raises NotFound."""
    rows = Rumor.objects.filter(agency=agency, pk=rumor_id)
    found = rows.select_related(
        "incident__agency", "owner", "fact", "correction", "answered_by", "by"
    ).first()
    if found is None:
        raise NotFound(f"There is no rumor {rumor_id} here.")
    return found


def find_running(agency_id: int) -> list[Incident]:
    """Incidents that run, the newest first."""
    rows = Incident.objects.filter(agency_id=agency_id, state=IncidentState.RUNNING)
    return list(rows.order_by("-pk")[:_RUNNING])


def list_usable_facts(incident: Incident) -> list[Fact]:
    """Facts that an answer may rest on."""
    rows = Fact.objects.filter(
        incident=incident, status__in=[FactStatus.CONFIRMED, FactStatus.FALSE]
    )
    return list(rows.order_by("number"))


def list_links(rumor: Rumor) -> list[RumorPost]:
    """The newest posts that make the claim."""
    rows = RumorPost.objects.filter(rumor=rumor).select_related("post__author", "post__channel")
    rows = rows.defer("post__raw", "post__channel__sealed_secrets")
    return list(rows.order_by("-posted_at", "-pk")[:LINKS_SHOWN])


def propose_posts(rumor: Rumor) -> list[Post]:
    """Posts that may make the same claim: copies of linked ones first, then by the claim's words.

    A person links them. Bounded, whatever is linked.
    """
    linked = RumorPost.objects.filter(rumor=rumor)
    newest = list(linked.order_by("-posted_at", "-pk").values_list("post_id", flat=True)[:100])
    heads = set(newest) | set(
        Case.objects.filter(pk__in=newest, cluster__isnull=False).values_list("cluster", flat=True)
    )
    copies = (
        Case.objects.filter(agency_id=rumor.agency_id, cluster__in=heads)
        .exclude(pk__in=linked.values("post"))
        .order_by("-pk")
        .values_list("pk", flat=True)
    )
    ids = list(copies[:MOST_LINKED_AT_ONCE])
    if len(ids) < PROPOSED:
        like = _by_words(rumor)
        taken = set(linked.filter(post__in=like).values_list("post_id", flat=True)) | set(ids)
        ids += [pk for pk in like if pk not in taken]
    posts = Post.objects.filter(agency_id=rumor.agency_id, pk__in=ids, from_agency=False)
    found = {post.pk: post for post in posts.select_related("author", "channel").defer("raw")}
    return [found[pk] for pk in ids if pk in found][:MOST_LINKED_AT_ONCE]


def _by_words(rumor: Rumor) -> list[int]:
    words = dict.fromkeys(word.casefold() for word in search_words(rumor.text))
    long = sorted((word for word in words if len(word) >= _LONG), key=len, reverse=True)[:3]
    if len(long) < 2:
        return []
    query = " ".join(f'"{word}"' for word in long)
    return find_post_ids(agency_id=rumor.agency_id, query=query, before=NO_ID, limit=PROPOSED * 2)


def denied_claims(incident: Incident) -> list[str]:
    """Claims that are false, or that nobody can confirm: an update may quote them to say so."""
    states = [RumorState.FALSE.value, RumorState.UNKNOWN.value]
    rows = Rumor.objects.filter(incident=incident, state__in=states).order_by("pk")
    return list(rows.values_list("text", flat=True)[:MOST_RUMORS])
