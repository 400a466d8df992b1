"""Splitting a branch off a conversation as a matter of its own, and putting it back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.inbox.joining import changed, check_shapes, read_reason, tell
from levelhead.inbox.models import (
    Case,
    Conversation,
    Joining,
    Note,
    Post,
    SplitMark,
    Splitting,
)
from levelhead.inbox.shaping import joined_with, lead_on, lock_agency, lock_joined, reshape
from levelhead.issues.models import IssueConversation
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotFound
from levelhead.kernel.ids import new_id

# Posts that a person can choose one by one.
MOST_CHOSEN: Final = 200
# Answers below chosen posts that stay behind.
MOST_STAYING: Final = 5_000


def split_conversation(
    *, case: Case, reason: str, by: User, chosen: Collection[int] | None = None,
    expected_shape: int | None = None,
) -> Splitting:  # fmt: skip
    """Say that from this post on it is another matter: a conversation of its own.

    Everything below the post goes with it, and later answers too. With `chosen` the post and
    these posts go, and what stands below them stays unless it is chosen; later answers to them go.
    Raises Invalid, NotAllowed and Conflict.
    """
    require(by, case.agency_id, Ability.WORK)
    reason = read_reason(reason)
    with transaction.atomic():
        lock_agency(case.agency_id)
        post = Post.objects.get(pk=case.pk, agency_id=case.agency_id)
        standing = lock_joined({post.conversation_id})
        post = Post.objects.get(pk=case.pk)
        again = Splitting.objects.filter(post=post, undone_at=None, made=post.conversation_id)
        if (done := again.order_by("-pk").first()) is not None:
            return done
        source = post.conversation_id
        if source not in standing:
            raise changed()
        check_shapes(
            None if expected_shape is None else {source: expected_shape},
            {source: standing[source][2]},
        )
        made = new_id()
        # No platform's id begins with a space: nothing that arrives finds it by this name.
        Conversation.objects.create(
            pk=made, agency_id=case.agency_id, channel_id=post.channel_id, key=f" split {made}",
            created_at=clock.now(),
        )  # fmt: skip
        splitting = Splitting.objects.create(
            agency_id=case.agency_id, source_id=source, made_id=made, post=post, reason=reason,
            by=by, at=clock.now(),
        )  # fmt: skip
        _mark(splitting, post, chosen)
        moved = reshape({source, made}).moved
        if not Post.objects.filter(conversation_id=source).exists():
            raise Invalid(
                _("This is the whole conversation: nothing would stay behind. Nothing was done.")
            )
        tell(
            agency_id=case.agency_id, conversations={*standing, made}, subject=source, by=by,
            action="person:conversation:split",
            payload={
                "splitting": splitting.pk, "source": source, "made": made, "post": post.pk,
                "posts": len(moved), "reason": reason,
            },
        )  # fmt: skip
    return splitting


def _mark(splitting: Splitting, post: Post, chosen: Collection[int] | None) -> None:
    going = {post.pk} | set(chosen or ())
    if len(going) > MOST_CHOSEN:
        raise Invalid(_("Choose at most %(n)d posts.") % {"n": MOST_CHOSEN})
    here = Post.objects.filter(conversation_id=post.conversation_id, agency_id=post.agency_id)
    if here.filter(pk__in=going).count() != len(going):
        raise Invalid(_("One of the chosen posts is not in this conversation any more."))
    staying: list[int] = []
    if chosen is not None:
        below = here.filter(parent__in=going).exclude(pk__in=going).order_by("pk")
        staying = list(below.values_list("pk", flat=True)[: MOST_STAYING + 1])
        if len(staying) > MOST_STAYING:
            raise Invalid(
                _("More than %(n)d answers would stay behind. Take everything below the post.")
                % {"n": MOST_STAYING}
            )
    SplitMark.objects.bulk_create(
        [
            SplitMark(agency_id=post.agency_id, splitting=splitting, post_id=pk, goes=goes)
            for ids, goes in ((sorted(going), True), (staying, False))
            for pk in ids
        ],
        batch_size=500,
    )


def find_splitting(agency: Agency, splitting_id: int) -> Splitting:
    """A splitting of this agency. Raises NotFound."""
    found = (
        Splitting.objects.select_related("by", "post", "made")
        .filter(agency=agency, pk=splitting_id)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no splitting {splitting_id} here.")
    return found


def undo_splitting(*, splitting: Splitting, by: User) -> Splitting:
    """Take a splitting back at once, while nothing was done since that makes it unclear."""
    return _back(splitting, reason="", by=by, at_once=True, expected_shape=None)


def put_back(
    *, splitting: Splitting, reason: str, by: User, expected_shape: int | None = None
) -> Splitting:
    """Put a branch back where it came from; what was noted on it goes along."""
    return _back(
        splitting, reason=read_reason(reason), by=by, at_once=False, expected_shape=expected_shape
    )


def _back(
    splitting: Splitting, *, reason: str, by: User, at_once: bool, expected_shape: int | None
) -> Splitting:
    require(by, splitting.agency_id, Ability.WORK)
    with transaction.atomic():
        lock_agency(splitting.agency_id)
        locked = Splitting.objects.select_for_update().get(pk=splitting.pk)
        if locked.undone_at is not None:
            return locked
        made = locked.made_id
        standing = lock_joined({locked.source_id, made})
        check_shapes(
            None if expected_shape is None else {made: expected_shape}, {made: standing[made][2]}
        )
        nodes, _edges = joined_with({made})
        if nodes != {made}:
            raise Invalid(
                _("This conversation was joined with another since. Take them apart first.")
            )
        if at_once and is_unclear(locked):
            raise Invalid(
                _(
                    "Something was written or changed in this conversation since. Nothing was "
                    "done: use “Put back”, which shows what goes where."
                )
            )
        locked.undone_by, locked.undone_at, locked.undone_reason = by, clock.now(), reason
        locked.save(update_fields=["undone_by", "undone_at", "undone_reason"])
        done = reshape({locked.source_id, made})
        home = Conversation.objects.get(pk=done.placed[locked.post_id])
        lead_on(made, home.pk)
        Conversation.objects.filter(Q(pk=made) | Q(merged_into=made)).update(
            joined_into=home.joined_into_id
        )
        Note.objects.filter(conversation_id=made).update(conversation_id=home.pk)
        Splitting.objects.filter(source_id=made).update(source_id=home.pk)
        tell(
            agency_id=locked.agency_id, conversations={*standing, home.pk}, subject=home.pk, by=by,
            action="person:conversation:split_undone" if at_once
            else "person:conversation:put_back",
            payload={
                "splitting": locked.pk, "source": home.pk, "made": made, "post": locked.post_id,
                "posts": len(done.moved), "reason": reason,
            },
        )  # fmt: skip
    return locked


def is_unclear(splitting: Splitting) -> bool:
    """Whether something was done since in the branch that is not of its posts alone."""
    made = splitting.made_id
    return (
        Note.objects.filter(conversation=made).exists()
        or IssueConversation.objects.filter(conversation=made).exists()
        or Joining.objects.filter(Q(part=made) | Q(whole=made), undone_at=None).exists()
        or Splitting.objects.filter(source=made, undone_at=None).exists()
    )
