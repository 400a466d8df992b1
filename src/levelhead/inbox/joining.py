"""Joining conversations that are about one matter, and taking them apart again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.inbox.actions import REASON_LIMIT
from levelhead.inbox.models import Case, Conversation, Joining, Note, Post, Splitting
from levelhead.inbox.shaping import (
    MOST_JOINED,
    joined_with,
    lock_agency,
    lock_joined,
    reshape,
    threads_of,
)
from levelhead.issues.models import IssueConversation
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from levelhead.kernel.text import clean_text
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

# A person cannot have looked at more; a larger one is split or left as it is.
MOST_POSTS: Final = 20_000
# How long the desk offers to take it back with one press. The page offers it longer.
UNDO_SECONDS: Final = 600


def read_reason(text: str) -> str:
    """Why it is done; it goes on the record. Raises Invalid where nothing is said."""
    reason = clean_text(text, REASON_LIMIT).strip()
    if not reason:
        raise Invalid(_("Say in a few words why. It goes on the record."))
    return reason


def check_shapes(seen: Mapping[int, int] | None, now: Mapping[int, int]) -> None:
    """Raise Conflict where a conversation was joined or split since the person looked at it."""
    if seen is not None and any(seen.get(pk) != shape for pk, shape in now.items()):
        raise changed()


def changed() -> Conflict:
    """Somebody was faster."""
    return Conflict(
        _(
            "Somebody joined or split one of these conversations while you looked at it. "
            "Nothing was done: look at them again."
        )
    )


def tell(
    *, agency_id: int, conversations: Iterable[int], action: str, subject: int, by: User,
    payload: Mapping[str, object],
) -> None:  # fmt: skip
    """Put what was done to conversations on the record, and tell the open pages."""
    append_events(
        agency_id=agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"conversation:{subject}", action=action, actor=f"user:{by.pk}",
                payload=payload,
            )
        ],
    )  # fmt: skip
    announce(
        agency_id=agency_id,
        kind="conversation.changed",
        payload={"conversations": [str(pk) for pk in sorted(set(conversations))]},
    )


def join_conversations(
    *, keep: Case, other: Case, reason: str, by: User, seen: Mapping[int, int] | None = None
) -> Joining:
    """Say that two conversations are about one matter: they show as the one of `keep` from now on.

    `seen` gives the shape of each conversation as the person saw it. Two that are one already stay
    so, and nothing is done. Raises Invalid, NotAllowed and Conflict.
    """
    if keep.agency_id != other.agency_id:
        raise NotAllowed(_("These posts belong to different agencies."))
    agency_id = keep.agency_id
    require(by, agency_id, Ability.WORK)
    reason = read_reason(reason)
    with transaction.atomic():
        lock_agency(agency_id)
        whole, part = _now_in(keep), _now_in(other)
        if whole == part:
            return _joined_already(whole)
        standing = lock_joined({whole, part})
        if (whole, part) != (_now_in(keep), _now_in(other)):
            raise changed()
        check_shapes(seen, {pk: standing[pk][2] for pk in (whole, part)})
        _check_size(whole, part)
        joining = Joining.objects.create(
            agency_id=agency_id, part_id=part, whole_id=whole, part_post_id=other.pk,
            whole_post_id=keep.pk, reason=reason, by=by, at=clock.now(),
        )  # fmt: skip
        done = reshape({whole, part}, prefer=whole)
        tell(
            agency_id=agency_id, conversations=standing, subject=whole, by=by,
            action="person:conversation:joined",
            payload={
                "joining": joining.pk, "part": part, "whole": whole, "posts": len(done.moved),
                "part_post": other.pk, "whole_post": keep.pk, "reason": reason,
            },
        )  # fmt: skip
    return joining


def join_many(
    *, keep: Case, others: Sequence[Case], reason: str, by: User, seen: Mapping[int, int]
) -> list[Joining]:
    """Join several conversations with one: all of them, or none where somebody was faster."""
    done = []
    shapes = dict(seen)
    with transaction.atomic():
        for other in others:
            done.append(
                join_conversations(keep=keep, other=other, reason=reason, by=by, seen=shapes)
            )
            # What is joined here changes the kept one for the next.
            rows = Conversation.objects.filter(pk=_now_in(keep))
            shapes.update(rows.values_list("pk", "shape"))
    return done


def _now_in(case: Case) -> int:
    rows = Post.objects.filter(pk=case.pk, agency_id=case.agency_id)
    return rows.values_list("conversation_id", flat=True).get()


def _joined_already(conversation_id: int) -> Joining:
    nodes, _edges = joined_with({conversation_id})
    rows = Joining.objects.filter(undone_at=None, whole__in=nodes).order_by("-pk")
    found = rows.first()
    if found is None:
        raise Invalid(_("Both posts stand in the same conversation already."))
    return found


def _check_size(whole: int, part: int) -> None:
    posts = Post.objects.filter(conversation__in=[whole, part])
    if posts[: MOST_POSTS + 1].count() > MOST_POSTS:
        raise Invalid(
            _("Together they would have more than %(n)d posts. Split off what it is about first.")
            % {"n": MOST_POSTS}
        )
    if len(threads_of(posts)) > MOST_JOINED:
        raise Invalid(
            _("At most %(n)d threads can be one conversation. Keep an issue for more.")
            % {"n": MOST_JOINED}
        )


def find_joining(agency: Agency, joining_id: int) -> Joining:
    """A joining of this agency. Raises NotFound."""
    found = (
        Joining.objects.select_related("by", "part", "whole")
        .filter(agency=agency, pk=joining_id)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no joining {joining_id} here.")
    return found


def undo_joining(*, joining: Joining, by: User) -> Joining:
    """Take a joining back at once, while nothing was done since that makes it unclear.

    Raises Invalid where something was: then it is taken apart, with a look at what goes where.
    """
    return _apart(joining, reason="", by=by, at_once=True, expected_shape=None)


def take_apart(
    *, joining: Joining, reason: str, by: User, expected_shape: int | None = None
) -> Joining:
    """Take joined conversations apart: each post, case and note goes back to where it belongs.

    Notes that were written meanwhile stay with the conversation that was kept.
    """
    return _apart(
        joining, reason=read_reason(reason), by=by, at_once=False, expected_shape=expected_shape
    )


def _apart(
    joining: Joining, *, reason: str, by: User, at_once: bool, expected_shape: int | None
) -> Joining:
    require(by, joining.agency_id, Ability.WORK)
    with transaction.atomic():
        lock_agency(joining.agency_id)
        locked = Joining.objects.select_for_update().get(pk=joining.pk)
        if locked.undone_at is not None:
            return locked
        ends = (locked.part_id, locked.whole_id)
        standing = lock_joined(ends)
        check_shapes(
            None if expected_shape is None else {locked.whole_id: expected_shape},
            {locked.whole_id: standing[locked.whole_id][2]},
        )
        if locked.part_id == locked.whole_id:
            raise Invalid(
                _("The platform shows both as one thread by now. Nothing can be taken apart here.")
            )
        if at_once and is_unclear(locked, standing):
            raise Invalid(
                _(
                    "Something was written or changed in this conversation since. Nothing was "
                    "done: use “Take apart”, which shows what goes where."
                )
            )
        locked.undone_by, locked.undone_at, locked.undone_reason = by, clock.now(), reason
        locked.save(update_fields=["undone_by", "undone_at", "undone_reason"])
        done = reshape(ends, instead=ends)
        _bring_links_home(standing, joining.at)
        tell(
            agency_id=locked.agency_id, conversations=standing, subject=locked.whole_id, by=by,
            action="person:conversation:join_undone" if at_once
            else "person:conversation:taken_apart",
            payload={
                "joining": locked.pk, "part": locked.part_id, "whole": locked.whole_id,
                "posts": len(done.moved), "reason": reason,
            },
        )  # fmt: skip
    return locked


def is_unclear(joining: Joining, nodes: Iterable[int]) -> bool:
    """Whether something was done since that belongs to both: a note, a link, another joining."""
    wanted = list(nodes)
    touched = Q(part__in=wanted) | Q(whole__in=wanted)
    return (
        Note.objects.filter(conversation__in=wanted, at__gt=joining.at).exists()
        or Joining.objects.filter(touched, pk__gt=joining.pk, undone_at=None).exists()
        or Splitting.objects.filter(
            source__in=wanted, pk__gt=joining.pk, undone_at=None
        ).exists()
        or IssueConversation.objects.filter(
            conversation__in=wanted, at__gt=joining.at
        ).exists()
    )  # fmt: skip


def _bring_links_home(nodes: Iterable[int], since: datetime) -> None:
    """What was added to an issue meanwhile goes with the post from which it was added."""
    links = IssueConversation.objects.filter(conversation__in=list(nodes), at__gt=since)
    for link in links.select_related("conversation", "post"):
        shows = link.conversation.joined_into_id or link.conversation_id
        home = link.post.conversation_id
        if shows == home:
            continue
        taken = IssueConversation.objects.filter(issue_id=link.issue_id, conversation_id=home)
        if not taken.exists():
            link.conversation_id = home
            link.save(update_fields=["conversation"])
