"""Adding targets, pausing them, taking them away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.channels.secrets import seal
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotFound
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.records.models import RecordChain
from levelhead.webhooks.domain import (
    MOST_TARGETS,
    TargetState,
    Topic,
    UrlFault,
    find_fault,
    make_secret,
)
from levelhead.webhooks.models import WebhookPlace, WebhookTarget

FAULTS: Final[Mapping[UrlFault, Promise]] = {
    UrlFault.UNREADABLE: gettext_lazy(
        "That is not an address. Write https://… as the other program gives it."
    ),
    UrlFault.TOO_LONG: gettext_lazy("An address has at most 500 characters."),
    UrlFault.SCHEME: gettext_lazy("Write an address that begins with https://."),
    UrlFault.SECRETS: gettext_lazy(
        "Leave names, passwords and # out of the address; the signature is the proof."
    ),
}


@dataclass(frozen=True, slots=True)
class NewTarget:
    """A target that was just added. `secret` is shown now and never again."""

    target: WebhookTarget
    secret: str


def add_target(*, agency: Agency, url: str, topics: Collection[str], by: User) -> NewTarget:
    """Tell a program of what happens from now on. Raises Invalid, NotAllowed."""
    require(by, agency.pk, Ability.MANAGE)
    url = url.strip()
    fault = find_fault(url, private=settings.ENVIRONMENT.webhooks_private)
    if fault is not None:
        raise Invalid(str(FAULTS[fault]))
    chosen = [topic.value for topic in Topic if topic.value in topics]
    if not chosen:
        raise Invalid(_("Choose what it is told of."))
    secret = make_secret()
    with transaction.atomic():
        # The agency's row is the queue at which two who add targets at once wait.
        Agency.objects.select_for_update().get(pk=agency.pk)
        if WebhookTarget.objects.filter(agency=agency).count() >= MOST_TARGETS:
            raise Invalid(
                _("There are %(most)d webhooks already; take one away first.")
                % {"most": MOST_TARGETS}
            )
        target = WebhookTarget.objects.create(
            agency=agency, url=url, sealed_secret=seal({"secret": secret}), topics=chosen,
            made_by=by, made_at=clock.now(), next_attempt_at=clock.now(),
        )  # fmt: skip
        _record(target, "person:webhook:added", by, {"url": url, "topics": chosen})
        # From here on: what lies before is in the archive, not news.
        WebhookPlace.objects.bulk_create(
            WebhookPlace(agency=agency, target=target, chain=chain.name, seq=chain.seq)
            for chain in RecordChain.objects.filter(agency=agency)
        )
    return NewTarget(target=target, secret=secret)


def _locked(agency: Agency, target_id: int, by: User) -> WebhookTarget:
    require(by, agency.pk, Ability.MANAGE)
    found = WebhookTarget.objects.select_for_update().filter(agency=agency, pk=target_id).first()
    if found is None:
        raise NotFound(_("There is no such webhook here."))
    return found


def pause_target(*, agency: Agency, target_id: int, by: User) -> WebhookTarget:
    """Tell it nothing for now; what happens meanwhile is told when it goes on."""
    with transaction.atomic():
        target = _locked(agency, target_id, by)
        if target.state == TargetState.ON:
            target.state = TargetState.PAUSED.value
            target.save(update_fields=["state"])
            _record(target, "person:webhook:paused", by, {"url": target.url})
    return target


def resume_target(*, agency: Agency, target_id: int, by: User) -> WebhookTarget:
    """Go on, or try at once one that failed."""
    with transaction.atomic():
        target = _locked(agency, target_id, by)
        resumed = target.state == TargetState.PAUSED
        target.state = TargetState.ON.value
        target.next_attempt_at = clock.now()
        target.save(update_fields=["state", "next_attempt_at"])
        if resumed:
            _record(target, "person:webhook:resumed", by, {"url": target.url})
    return target


def remove_target(*, agency: Agency, target_id: int, by: User) -> None:
    """Tell it nothing any more."""
    with transaction.atomic():
        target = _locked(agency, target_id, by)
        _record(target, "person:webhook:removed", by, {"url": target.url})
        target.delete()


def _record(target: WebhookTarget, action: str, by: User, payload: dict[str, object]) -> None:
    append_events(
        agency_id=target.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"webhook:{target.pk}", action=action, actor=f"user:{by.pk}",
                payload=payload,
            )
        ],
    )  # fmt: skip
