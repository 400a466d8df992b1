"""Reading the record: the log of a case, and what happened last in the agency."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from levelhead.accounts.models import Agency, User
from levelhead.channels.models import Channel
from levelhead.inbox.models import Case
from levelhead.records.models import RecordChain, RecordEvent

CASE_EVENTS: Final = 40
PAGE: Final = 100
_TEXT_LIMIT: Final = 300

ACTIONS: Final = {
    "channel:post:filed": gettext_lazy("The post came in"),
    "channel:post:revised": gettext_lazy("The author changed the post"),
    "channel:post:deleted": gettext_lazy("The post was deleted at its source"),
    "person:case:assigned": gettext_lazy("Gave the case to a colleague, or took it away"),
    "person:case:let_stand": gettext_lazy("Let it stand"),
    "person:case:let_stand_undone": gettext_lazy("Took the let-stand back"),
    "person:case:closed": gettext_lazy("Closed the case"),
    "person:case:reopened": gettext_lazy("Opened the case again"),
    "person:case:decision_changed": gettext_lazy("Changed the decision"),
    "person:case:snoozed": gettext_lazy("Put the case aside"),
    "person:case:woken": gettext_lazy("Took the case up before its time"),
    "system:case:woke": gettext_lazy("The case came back"),
    "person:case:undone": gettext_lazy("Took back what was done to many cases at once"),
    "person:note:added": gettext_lazy("Added a note"),
    "person:reply:sent": gettext_lazy("Sent a reply on its way"),
    "person:reply:retried": gettext_lazy("Had the reply sent again"),
    "person:reply:withdrawn": gettext_lazy("Took the reply back"),
    "outbox:reply:arrived": gettext_lazy("The reply is on the platform"),
    "outbox:reply:failed": gettext_lazy("The reply could not be sent"),
    "outbox:message:sent": gettext_lazy("A message left"),
    "outbox:message:failed": gettext_lazy("A message could not be sent"),
    "person:channel:added": gettext_lazy("Connected a channel"),
    "person:member:added": gettext_lazy("Gave a person a place in the agency"),
    "person:agency:settings_changed": gettext_lazy("Changed the agency's settings"),
    "person:learning:accepted": gettext_lazy("Put in force what the corrections taught"),
    "person:learning:declined": gettext_lazy("Set aside what the corrections taught"),
    "person:learning:reverted": gettext_lazy("Took back what the corrections had taught"),
    "person:answer:written": gettext_lazy("Wrote an answer"),
    "person:answer:edited": gettext_lazy("Changed an answer"),
    "person:answer:approved": gettext_lazy("Approved an answer"),
    "person:answer:retired": gettext_lazy("Retired an answer"),
    "person:answer:used": gettext_lazy("Wrote a reply from an answer"),
    "system:learning:corrections_exported": gettext_lazy("The corrections were exported"),
    "system:commitment:found": gettext_lazy("Found a promise in a reply"),
    "system:commitment:overdue": gettext_lazy("A commitment is overdue"),
    "person:commitment:added": gettext_lazy("Added a commitment"),
    "person:commitment:accepted": gettext_lazy("Took a promise as a commitment"),
    "person:commitment:no_promise": gettext_lazy("Said that it is no promise"),
    "person:commitment:given": gettext_lazy("Gave the commitment to a colleague"),
    "person:commitment:due_changed": gettext_lazy("Changed when the commitment is due"),
    "person:commitment:kept": gettext_lazy("Closed the commitment as kept"),
    "person:commitment:dropped": gettext_lazy("Dropped the commitment"),
    "person:commitment:reopened": gettext_lazy("Opened the commitment again"),
    "person:view:saved": gettext_lazy("Saved a view of the list"),
    "person:view:changed": gettext_lazy("Changed a view of the list"),
    "person:view:deleted": gettext_lazy("Deleted a view of the list"),
    "person:view:restored": gettext_lazy("Brought a view of the list back"),
    "system:agency:created": gettext_lazy("The agency was created"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One event in words."""

    id: int
    at: datetime
    who: str
    what: str
    # A reason or an error that the event carries; bounded.
    detail: str
    action: str
    subject: str
    seq: int
    hash: str


def list_case_events(case: Case) -> list[LogLine]:
    """What happened to a case, its post and its conversation, newest first."""
    events = RecordEvent.objects.filter(
        agency_id=case.agency_id,
        subject__in=[
            f"case:{case.pk}", f"post:{case.pk}", f"conversation:{case.conversation_id}",
        ],
    )  # fmt: skip
    return _in_words(case.agency_id, events.order_by("-id")[:CASE_EVENTS])


def list_subject_events(agency: Agency, subject: str) -> list[LogLine]:
    """What happened to one thing of an agency, newest first."""
    events = RecordEvent.objects.filter(agency=agency, subject=subject)
    return _in_words(agency.pk, events.order_by("-id")[:CASE_EVENTS])


def list_agency_events(agency: Agency, before: int | None) -> tuple[list[LogLine], int | None]:
    """The last events of an agency, newest first, and where the next page begins."""
    events = RecordEvent.objects.filter(agency=agency)
    if before:
        events = events.filter(pk__lt=before)
    found = list(events.order_by("-id")[: PAGE + 1])
    more = len(found) > PAGE
    lines = _in_words(agency.pk, found[:PAGE])
    return lines, lines[-1].id if more else None


def list_chains(agency: Agency) -> list[RecordChain]:
    """The agency's chains with their heads."""
    return list(RecordChain.objects.filter(agency=agency).order_by("name")[:200])


def _in_words(agency_id: int, events: Iterable[RecordEvent]) -> list[LogLine]:
    found = list(events)
    people = _numbers(found, "user")
    names: dict[str, str] = {}
    if people:
        for pk, name in User.objects.filter(pk__in=people).values_list("pk", "name"):
            names[f"user:{pk}"] = name
    channels = _numbers(found, "channel")
    if channels:
        owned = Channel.objects.filter(agency_id=agency_id, pk__in=channels)
        for pk, name in owned.values_list("pk", "name"):
            names[f"channel:{pk}"] = name
    return [
        LogLine(
            id=event.pk,
            at=datetime.strptime(event.at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC),
            who=names.get(event.actor, _("Levelhead") if event.actor == "system" else event.actor),
            what=str(ACTIONS.get(event.action, event.action)),
            detail=_detail(event.payload),
            action=event.action,
            subject=event.subject,
            seq=event.seq,
            hash=event.hash,
        )
        for event in found
    ]


def _numbers(events: Iterable[RecordEvent], kind: str) -> set[int]:
    parts = (event.actor.partition(":") for event in events)
    return {int(number) for head, _colon, number in parts if head == kind and number.isdigit()}


def _detail(payload: str) -> str:
    """The reason or the error in a payload; a post's words are elsewhere."""
    try:
        given: dict[str, Any] = json.loads(payload)
    except ValueError:
        return ""
    for name in ("reason", "error"):
        if isinstance(given.get(name), str) and given[name]:
            return str(given[name])[:_TEXT_LIMIT]
    return ""
