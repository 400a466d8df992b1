"""Keeping what somebody types.

It comes every few seconds and is kept with its history, but not put on the record: the record says
what was sent, closed, deleted, brought back and copied. Whoever changes a draft holds the lock of
its case.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.drafts.domain import (
    MOST_OPEN,
    NAME_LIMIT,
    TEXT_LIMIT,
    DraftState,
    leaves_words_behind,
)
from levelhead.drafts.history import holds, keep_version
from levelhead.drafts.models import Draft
from levelhead.inbox.actions import lock_case
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotFound
from levelhead.kernel.text import clean_name, clean_text
from levelhead.live.actions import announce
from levelhead.presence.actions import hold_pen, look_at_pen, tell
from levelhead.presence.domain import GONE_AFTER, PenState
from levelhead.presence.models import Presence

KEY_LIMIT = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """What a page says is in its form."""

    text: str
    # Drawn by the page; a draft that it begins is found again by it.
    key: str
    draft_id: int | None = None
    # The version of the draft that the page has seen; None where it does not say.
    version: int | None = None
    # None leaves the name as it is.
    name: str | None = None
    answers: str = ""
    research: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """What became of it."""

    # None where there was nothing to keep.
    draft: Draft | None
    pen: PenState
    # Another window changed the draft meanwhile; its words are in the history.
    changed_elsewhere: bool = False


def save_draft(*, case: Case, by: User, typed: Typed, window: str, writes: bool = True) -> Saved:
    """Keep what somebody has typed. Whoever writes new words holds the pen, if it is free.

    `writes` is false for the last words of a page that is being closed. The words are kept
    whoever holds the pen. Raises NotAllowed, NotFound, Invalid (too long, a NUL, too many drafts).
    """
    _check(typed)
    text = clean_text(typed.text, TEXT_LIMIT)
    with transaction.atomic():
        locked = lock_case(case, by=by, ability=Ability.REPLY, expected_version=None)
        draft = _find(locked, by, typed)
        if draft is not None and draft.state != DraftState.OPEN and holds(draft, text):
            # A late word of a page whose reply has left: it is kept already.
            return Saved(draft=draft, pen=look_at_pen(locked, by))
        draft = _still_open(draft)
        if draft is None and not text.strip():
            return Saved(draft=None, pen=look_at_pen(locked, by))
        elsewhere = False
        if draft is None:
            check_room(locked, by)
            draft = begin(locked, by, key=_key_for(locked, by, typed), name="")
        else:
            elsewhere = (
                typed.version is not None
                and typed.version != draft.version
                and leaves_words_behind(draft.text, text)
            )
        changed = draft.text != text
        _write(draft, text, typed)
        pen, news = look_at_pen(locked, by), False
        if changed and writes:
            pen, news = hold_pen(locked, by, window=window)
        if news:
            tell(locked)
        elif changed and _is_watched(locked, by):
            announce(
                agency_id=locked.agency_id, kind="draft.changed", payload={"case": str(locked.pk)}
            )
    return Saved(draft=draft, pen=pen, changed_elsewhere=elsewhere)


def _check(typed: Typed) -> None:
    if "\0" in typed.text or "\0" in (typed.name or ""):
        raise Invalid(
            _(
                "The text holds a character (NUL) that cannot be kept. It stays on this page; "
                "take the character out."
            )
        )
    if len(typed.text) > TEXT_LIMIT:
        raise Invalid(
            _(
                "The text has more than %(limit)d characters, which no platform takes. It stays "
                "on this page only; shorten it."
            )
            % {"limit": TEXT_LIMIT}
        )
    if not typed.key or len(typed.key) > KEY_LIMIT:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )


def _find(case: Case, by: User, typed: Typed) -> Draft | None:
    own = Draft.objects.filter(case=case, owner=by)
    if typed.draft_id is None:
        return own.filter(key=typed.key).first()
    draft = own.filter(pk=typed.draft_id).first()
    if draft is None:
        raise NotFound(_("This draft is not there, or not yours."))
    return draft


def _still_open(draft: Draft | None) -> Draft | None:
    """The draft, or the one that goes on after it was closed; None where that is to be begun."""
    while draft is not None and draft.state != DraftState.OPEN:
        draft = Draft.objects.filter(
            case_id=draft.case_id, owner_id=draft.owner_id, key=_key_after(draft)
        ).first()
    return draft


def _key_after(draft: Draft) -> str:
    return f"after-{draft.pk}"


def _key_for(case: Case, by: User, typed: Typed) -> str:
    """The key of a draft that is to be begun: the page's, or that of what goes on after it."""
    last = _find(case, by, typed)
    key = typed.key
    while last is not None:
        key = _key_after(last)
        last = Draft.objects.filter(case=case, owner=by, key=key).first()
    return key


def check_room(case: Case, by: User) -> None:
    """Raises Invalid where a person has as many open drafts of a case as there may be."""
    mine = Draft.objects.filter(case=case, owner=by, state=DraftState.OPEN)
    if mine.count() >= MOST_OPEN:
        raise Invalid(
            _(
                "You have %(limit)d drafts of this reply already. What you typed stays on this "
                "page; delete a draft that you do not need."
            )
            % {"limit": MOST_OPEN}
        )


def begin(case: Case, by: User, *, key: str, name: str, **fields: object) -> Draft:
    """A draft that begins now, on a locked case."""
    now = clock.now()
    return Draft.objects.create(
        agency_id=case.agency_id, case=case, owner=by, key=key, name=name,
        created_at=now, updated_at=now, opened_at=now, **fields,
    )  # fmt: skip


def _write(draft: Draft, text: str, typed: Typed) -> None:
    name = draft.name if typed.name is None else clean_name(typed.name, NAME_LIMIT)
    same = (draft.text, draft.name, draft.answers, draft.research) == (
        text, name, typed.answers, typed.research,
    )  # fmt: skip
    if same:
        return
    if leaves_words_behind(draft.text, text):
        keep_version(draft)
    draft.text, draft.name = text, name
    draft.answers, draft.research = typed.answers, typed.research
    draft.version += 1
    draft.updated_at = clock.now()
    draft.opened_at = max(draft.updated_at, draft.opened_at)
    draft.save()


def _is_watched(case: Case, by: User) -> bool:
    since = clock.now() - GONE_AFTER
    here = Presence.objects.filter(case=case, seen_at__gte=since)
    return here.exclude(user=by).exists()
