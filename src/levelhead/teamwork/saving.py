"""Saved views: made, renamed, shared, deleted and brought back; each once on the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.inbox.choice import Choice, read_choice
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotAllowed, NotFound
from levelhead.kernel.text import clean_name
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.teamwork.domain import (
    ADDRESS_LIMIT,
    MOST_OWN,
    MOST_SHARED,
    NAME_LIMIT,
    UNDO_SECONDS,
)
from levelhead.teamwork.models import SavedView


def save_view(*, agency: Agency, name: str, choice: Choice, shared: bool, by: User) -> SavedView:
    """Keep what the list shows under a name. Raises Invalid, NotAllowed."""
    require(by, agency.pk, Ability.WORK if shared else Ability.READ)
    name = _read_name(name)
    address = urlencode(choice.parameters)
    if len(address) > ADDRESS_LIMIT:
        raise Invalid(_("This filter is too long to be kept; take some words out."))
    with transaction.atomic():
        _check_room(agency.pk, by, shared)
        view = SavedView(
            agency=agency, owner=by, name=name, address=address, shared=shared,
            created_at=clock.now(),
        )  # fmt: skip
        return _store(view, "person:view:saved", by, {"address": address, "shared": shared})


def change_view(*, view: SavedView, name: str, shared: bool, by: User) -> SavedView:
    """Give a view another name, or share it, or keep it to oneself."""
    name = _read_name(name)
    with transaction.atomic():
        locked = _lock(view, by=by)
        require(by, locked.agency_id, Ability.WORK if shared else Ability.READ)
        if locked.shared != shared:
            _check_room(locked.agency_id, locked.owner, shared)
        before = [locked.name, locked.shared]
        locked.name, locked.shared = name, shared
        return _store(
            locked, "person:view:changed", by, {"name": [before[0], name], "shared": shared}
        )


def delete_view(*, view: SavedView, by: User) -> SavedView:
    """Take a view off the list; it can be brought back for a minute."""
    with transaction.atomic():
        locked = _lock(view, by=by)
        locked.deleted_at = clock.now()
        return _store(locked, "person:view:deleted", by, {"name": locked.name})


def restore_view(*, view: SavedView, by: User) -> SavedView:
    """Bring back a view that was just deleted. Raises Invalid where it is too late."""
    with transaction.atomic():
        locked = _lock(view, by=by, deleted=True)
        if locked.deleted_at is None:
            return locked
        if clock.now() - locked.deleted_at > timedelta(seconds=UNDO_SECONDS):
            raise Invalid(_("It is too late to bring this view back; save it again."))
        _check_room(locked.agency_id, locked.owner, locked.shared)
        locked.deleted_at = None
        return _store(locked, "person:view:restored", by, {"name": locked.name})


def choice_of(view: SavedView) -> Choice:
    """What a saved view shows."""
    return read_choice(dict(parse_qsl(view.address)))


def _read_name(name: str) -> str:
    name = clean_name(name, NAME_LIMIT + 1)
    if not name:
        raise Invalid(_("Give the view a name."))
    if len(name) > NAME_LIMIT:
        raise Invalid(_("A name has at most %(limit)d characters.") % {"limit": NAME_LIMIT})
    return name


def _check_room(agency_id: int, owner: User, shared: bool) -> None:
    views = SavedView.objects.filter(agency_id=agency_id, shared=shared, deleted_at__isnull=True)
    if not shared:
        views = views.filter(owner=owner)
    most = MOST_SHARED if shared else MOST_OWN
    if views.count() >= most:
        raise Invalid(
            _("There are %(most)d such views already; delete one that nobody uses first.")
            % {"most": most}
        )


def _lock(view: SavedView, *, by: User, deleted: bool = False) -> SavedView:
    member = require(by, view.agency_id, Ability.READ)
    views = SavedView.objects.select_for_update(of=("self",)).select_related("owner")
    found = views.filter(pk=view.pk).first()
    if found is not None and found.deleted_at is not None and not deleted:
        found = None
    if found is None or (not found.shared and found.owner_id != by.pk):
        raise NotFound(_("This view is not there any more."))
    if found.owner_id != by.pk and not member.may(Ability.MANAGE):
        raise NotAllowed(
            _("%(name)s made this view; only they or an administrator can change it.")
            % {"name": found.owner.name}
        )
    return found


def _store(view: SavedView, action: str, by: User, payload: Mapping[str, object]) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise Invalid(
            _("There is a view called “%(name)s” already; choose another name.")
            % {"name": view.name}
        ) from error
    append_events(
        agency_id=view.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"view:{view.pk}", action=action, actor=f"user:{by.pk}", payload=payload
            )
        ],
    )
    announce(agency_id=view.agency_id, kind="view.changed", payload={"view": str(view.pk)})
    return view
