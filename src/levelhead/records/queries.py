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
# Events that a program gets at once.
EVENTS: Final = 500
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
    "person:clock:paused": gettext_lazy("Stopped the clock for a reason"),
    "person:clock:resumed": gettext_lazy("Let the clock go on"),
    "system:clock:resumed": gettext_lazy("The clock goes on by itself"),
    "system:alert:raised": gettext_lazy("Raised an alert"),
    "system:alert:called": gettext_lazy("Called the next of the order"),
    "system:alert:over": gettext_lazy("The alert was over before anybody answered"),
    "system:alert:unanswered": gettext_lazy("Everybody was called, nobody answered"),
    "system:alert:nobody": gettext_lazy("Nobody was rung: no place to call is set up"),
    "person:alert:acknowledged": gettext_lazy("Said that somebody sees to the alert"),
    "person:target:added": gettext_lazy("Added a place to call"),
    "person:target:removed": gettext_lazy("Took a place to call away"),
    "person:shift:added": gettext_lazy("Put somebody on duty"),
    "person:shift:ended": gettext_lazy("Ended a shift"),
    "person:shift:handed_over": gettext_lazy("Handed a shift over"),
    "person:alert:rules_changed": gettext_lazy("Changed how long the called have"),
    "person:alert:order_changed": gettext_lazy("Changed the order of calls"),
    "person:case:snoozed": gettext_lazy("Put the case aside"),
    "person:case:woken": gettext_lazy("Took the case up before its time"),
    "system:case:woke": gettext_lazy("The case came back"),
    "person:case:undone": gettext_lazy("Took back what was done to many cases at once"),
    "person:note:added": gettext_lazy("Added a note"),
    "person:note:edited": gettext_lazy("Changed a note"),
    "person:notification:duty_changed": gettext_lazy("Changed what those on duty hear of"),
    "person:handover:given": gettext_lazy("Handed the shift over"),
    "person:handover:taken": gettext_lazy("Took the shift over"),
    "person:handover:withdrawn": gettext_lazy("Took a handover back"),
    "system:handover:waiting": gettext_lazy("Nobody had taken a handover for 15 minutes"),
    "person:reply:sent": gettext_lazy("Sent a reply on its way"),
    "person:reply:retried": gettext_lazy("Had the reply sent again"),
    "person:reply:withdrawn": gettext_lazy("Took the reply back"),
    "person:reply:scheduled": gettext_lazy("Scheduled a reply"),
    "person:reply:schedule_moved": gettext_lazy("Chose another time for the scheduled reply"),
    "person:reply:schedule_taken_back": gettext_lazy("Took the scheduled reply back"),
    "person:reply:schedule_released": gettext_lazy(
        "Let the scheduled reply leave although all are frozen"
    ),
    "person:reply:schedule_sent_now": gettext_lazy("Sent the scheduled reply before its time"),
    "person:reply:given_up": gettext_lazy("Gave up a reply that could not be sent"),
    "person:replies:undo_changed": gettext_lazy("Changed how long a reply can be taken back"),
    "person:replies:signature_changed": gettext_lazy("Changed how replies are signed"),
    "person:replies:other_way_changed": gettext_lazy("Changed how another way is offered"),
    "person:replies:scheduled_frozen": gettext_lazy("Froze all scheduled replies"),
    "person:replies:scheduled_released": gettext_lazy("Released the scheduled replies"),
    "system:reply:left": gettext_lazy("The scheduled reply left at its time"),
    "system:reply:held": gettext_lazy("The scheduled reply was held"),
    "outbox:reply:arrived": gettext_lazy("The reply is on the platform"),
    "outbox:reply:failed": gettext_lazy("The reply could not be sent"),
    "outbox:message:sent": gettext_lazy("A message left"),
    "outbox:message:failed": gettext_lazy("A message could not be sent"),
    "person:channel:added": gettext_lazy("Connected a channel"),
    "person:member:added": gettext_lazy("Gave a person a place in the agency"),
    "person:member:role_changed": gettext_lazy("Gave a person another role"),
    "person:member:ended": gettext_lazy("Ended a person’s place"),
    "person:member:returned": gettext_lazy("Gave a person their place back"),
    "person:member:password_drawn": gettext_lazy("Drew a new password for a person"),
    "person:member:password_changed": gettext_lazy("Changed their own password"),
    "person:agency:settings_changed": gettext_lazy("Changed the agency's settings"),
    "person:learning:accepted": gettext_lazy("Put in force what the corrections taught"),
    "person:learning:declined": gettext_lazy("Set aside what the corrections taught"),
    "person:learning:reverted": gettext_lazy("Took back what the corrections had taught"),
    "person:token:made": gettext_lazy("Made a key for a program"),
    "person:token:revoked": gettext_lazy("Took a program's key back"),
    "person:drafting:changed": gettext_lazy("Changed the settings of drafting"),
    "person:drafting:tried": gettext_lazy("Tried the model of drafting"),
    "person:drafting:asked": gettext_lazy("Asked a model for a draft"),
    "person:drafting:cancelled": gettext_lazy("Cancelled a model’s draft"),
    "person:drafting:read": gettext_lazy("Said that a model’s draft is right"),
    "person:drafting:sent": gettext_lazy("Sent a reply drafted by a model"),
    "system:drafting:made": gettext_lazy("A model made a draft"),
    "system:drafting:failed": gettext_lazy("A model gave no draft"),
    "system:drafting:ceiling_reached": gettext_lazy("The month’s tokens for drafts are used up"),
    "person:webhook:added": gettext_lazy("Added a webhook"),
    "person:webhook:paused": gettext_lazy("Paused a webhook"),
    "person:webhook:resumed": gettext_lazy("Had a webhook go on"),
    "person:webhook:removed": gettext_lazy("Removed a webhook"),
    "system:case:answer_found": gettext_lazy("Found an approved answer that fits"),
    "system:case:answer_gone": gettext_lazy("The approved answer does not fit any more"),
    "person:answer:written": gettext_lazy("Wrote an answer"),
    "person:answer:edited": gettext_lazy("Changed an answer"),
    "person:answer:approved": gettext_lazy("Approved an answer"),
    "person:answer:retired": gettext_lazy("Retired an answer"),
    "person:answer:used": gettext_lazy("Wrote a reply from an answer"),
    "person:asked:set_aside": gettext_lazy("Set a question aside that is asked often"),
    "person:asked:brought_back": gettext_lazy("Took a question up again"),
    "person:asked:answer_written": gettext_lazy("Wrote the answer to a question asked often"),
    "person:asked:part_of_answer": gettext_lazy("Made a question part of an answer"),
    "system:asked:came_back": gettext_lazy("A question is asked twice as often as before"),
    "person:ownpost:sent": gettext_lazy("Said something to everybody"),
    "person:ownpost:withdrawn": gettext_lazy("Took a post back before it left"),
    "person:ownpost:retried": gettext_lazy("Had a post sent again"),
    "person:ownpost:given_up": gettext_lazy("Did without a post that failed"),
    "outbox:ownpost:arrived": gettext_lazy("The post is on the platform"),
    "outbox:ownpost:failed": gettext_lazy("The post could not be sent"),
    "person:answer:question_added": gettext_lazy("Added a question to an answer"),
    "system:answer:stale": gettext_lazy("An answer passed its review date"),
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
    "person:commitment:published": gettext_lazy("Put it on the public register"),
    "person:commitment:public_words_changed": gettext_lazy("Changed its words on the register"),
    "person:commitment:unpublished": gettext_lazy("Took it off the public register"),
    "person:register:turned_on": gettext_lazy("Turned the public register on"),
    "person:register:turned_off": gettext_lazy("Turned the public register off"),
    "person:commitment:reopened": gettext_lazy("Opened the commitment again"),
    "person:incident:declared": gettext_lazy("Declared the incident"),
    "person:correction:due": gettext_lazy("Made a correction due"),
    "person:correction:corrected": gettext_lazy("Put right what was said"),
    "person:correction:unsaid": gettext_lazy("Took back what nobody had read"),
    "person:correction:decided": gettext_lazy("Decided that no correction is needed"),
    "outbox:correction:open_again": gettext_lazy("The correction did not arrive; it is due again"),
    "person:rumor:added": gettext_lazy("Put a claim on the board"),
    "person:rumor:linked": gettext_lazy("Added posts to a claim"),
    "person:rumor:unlinked": gettext_lazy("Took a post from a claim"),
    "person:rumor:set": gettext_lazy("Changed what is done about a claim"),
    "person:rumor:answered": gettext_lazy("Answered a claim"),
    "person:rumor:reopened": gettext_lazy("A claim is open again"),
    "person:rumor:posted": gettext_lazy("An update answered a claim"),
    "system:silence:soon": gettext_lazy(
        "A fifth of the time to the promised word was left: an alert was raised"
    ),
    "system:silence:out": gettext_lazy("The promised word did not come: an alert was raised"),
    "system:silence:declared": gettext_lazy("An alert was raised for those on duty"),
    "person:incident:level_set": gettext_lazy("Changed the level of the incident"),
    "person:incident:named": gettext_lazy("Changed the headline or the place"),
    "person:incident:reopened": gettext_lazy("Went on with the incident"),
    "person:incident:over": gettext_lazy("Stood the incident down"),
    "person:incident:role_given": gettext_lazy("Gave a role"),
    "person:incident:noted": gettext_lazy("Noted"),
    "person:incident:lesson": gettext_lazy("Wrote down what to do better"),
    "person:incident:guest_invited": gettext_lazy("Invited another agency"),
    "person:incident:guest_accepted": gettext_lazy("Accepted the invitation"),
    "person:incident:guest_ended": gettext_lazy("Ended the seat of another agency"),
    "person:fact:added": gettext_lazy("Added a fact"),
    "person:fact:vouched": gettext_lazy("Confirmed a fact; it needs one more"),
    "person:fact:confirmed": gettext_lazy("Confirmed a fact"),
    "person:fact:changed": gettext_lazy("Changed a fact"),
    "person:fact:false": gettext_lazy("Said that a fact is not true"),
    "person:fact:superseded": gettext_lazy("Put another fact in its place"),
    "person:fact:rechecked": gettext_lazy("Looked at a fact again; it holds"),
    "person:update:sent": gettext_lazy("Sent an update"),
    "outbox:update:arrived": gettext_lazy("An update arrived"),
    "outbox:update:failed": gettext_lazy("An update was not sent"),
    "outbox:update:waits": gettext_lazy("An update waits and is tried again"),
    "system:topic:seen": gettext_lazy("Told of a topic"),
    "system:topic:raised": gettext_lazy("Proposed a higher level"),
    "system:topic:grown": gettext_lazy("The topic has grown"),
    "person:topic:ordinary": gettext_lazy("Found the topic ordinary"),
    "person:topic:looked_again": gettext_lazy("Took back that the topic is ordinary"),
    "person:update:retried": gettext_lazy("Had an update sent again on a channel"),
    "person:update:done_without": gettext_lazy("Decided to do without an update on a channel"),
    "person:update:sent_after_all": gettext_lazy("Had an update sent on a channel after all"),
    "person:issue:opened": gettext_lazy("Opened an issue"),
    "person:issue:renamed": gettext_lazy("Gave the issue another name"),
    "person:issue:level_set": gettext_lazy("Set the level of the issue"),
    "person:issue:assessed": gettext_lazy("Answered whether it is an issue or a crisis"),
    "person:issue:given": gettext_lazy("Gave the issue to a colleague"),
    "person:issue:findings_written": gettext_lazy("Wrote down cause, actions and outcome"),
    "person:issue:topic_added": gettext_lazy("Added a topic to the issue"),
    "person:issue:topic_removed": gettext_lazy("Took a topic out of the issue"),
    "person:conversation:joined": gettext_lazy("Joined two conversations"),
    "person:conversation:join_undone": gettext_lazy("Took the joining back"),
    "person:conversation:taken_apart": gettext_lazy("Took joined conversations apart"),
    "person:conversation:split": gettext_lazy("Split off a conversation of its own"),
    "person:conversation:split_undone": gettext_lazy("Took the splitting back"),
    "person:conversation:put_back": gettext_lazy("Put the split-off posts back"),
    "person:issue:conversation_added": gettext_lazy("Added a conversation to the issue"),
    "person:issue:conversation_removed": gettext_lazy("Took a conversation out of the issue"),
    "person:issue:theme_added": gettext_lazy("Added a theme to the issue"),
    "person:issue:theme_removed": gettext_lazy("Took a theme away"),
    "person:issue:fact_added": gettext_lazy("Added a fact"),
    "person:issue:fact_approved": gettext_lazy("Approved a fact"),
    "person:issue:fact_withdrawn": gettext_lazy("Withdrew a fact"),
    "person:issue:closed": gettext_lazy("Closed the issue"),
    "person:issue:reopened": gettext_lazy("Opened the issue again"),
    "person:research:asked": gettext_lazy("Asked a colleague"),
    "person:research:withdrawn": gettext_lazy("Took the question back"),
    "person:research:link_revoked": gettext_lazy("Closed the link"),
    "person:research:link_renewed": gettext_lazy("Sent a new link"),
    "person:research:passed_on": gettext_lazy("Passed the question on"),
    "person:research:reminded": gettext_lazy("Sent a reminder"),
    "person:research:due_changed": gettext_lazy("Changed when the answer is due"),
    "person:research:asked_again": gettext_lazy("Asked back"),
    "person:research:released": gettext_lazy("Released the answer"),
    "person:research:release_undone": gettext_lazy("Took the release back"),
    "person:research:posted": gettext_lazy("Wrote a reply from the answer"),
    "person:research:post_taken_back": gettext_lazy("Took the reply with the answer back"),
    "person:research:mail_retried": gettext_lazy("Had the mail sent again"),
    "person:research:policy_changed": gettext_lazy("Changed how colleagues are asked"),
    "person:replies:numbering_changed": gettext_lazy("Changed how long answers are posted"),
    "colleague:research:answered": gettext_lazy("Answered the question"),
    "colleague:research:not_mine": gettext_lazy("Named somebody else"),
    "colleague:research:passed_on": gettext_lazy("Named somebody else, who was asked"),
    "system:research:reminded": gettext_lazy("Reminded the colleague"),
    "system:research:overdue": gettext_lazy("The colleague's answer is overdue"),
    "mail:message:sent": gettext_lazy("The mail left"),
    "mail:update:handed_out": gettext_lazy("The update was handed to the mails of subscribers"),
    "mail:message:waits": gettext_lazy("The mail could not leave yet; it is tried again"),
    "mail:message:failed": gettext_lazy("The mail could not be sent"),
    "mail:message:unclear": gettext_lazy("Nobody knows whether the mail left"),
    "mail:research:late": gettext_lazy("A mail came when no answer was waited for"),
    "mail:research:automatic": gettext_lazy("An automatic answer came"),
    "mail:research:bounce": gettext_lazy("A mail server said that the mail does not arrive"),
    "person:view:saved": gettext_lazy("Saved a view of the list"),
    "person:view:changed": gettext_lazy("Changed a view of the list"),
    "person:view:deleted": gettext_lazy("Deleted a view of the list"),
    "person:view:restored": gettext_lazy("Brought a view of the list back"),
    "person:pen:taken_over": gettext_lazy("Took over the pen of the reply"),
    "person:draft:closed": gettext_lazy("Closed a draft by sending another"),
    "person:draft:deleted": gettext_lazy("Deleted a draft"),
    "person:draft:restored": gettext_lazy("Brought a draft back"),
    "person:draft:copied": gettext_lazy("Copied a colleague’s draft"),
    "person:approval:asked": gettext_lazy("Asked for approval of a reply"),
    "person:approval:asked_again": gettext_lazy("Changed the reply and asked again"),
    "person:approval:part_approved": gettext_lazy("Approved the reply by one rule"),
    "person:approval:approved": gettext_lazy("Approved the reply"),
    "person:approval:changed": gettext_lazy("Approved the reply with a change"),
    "person:approval:sent_back": gettext_lazy("Sent the reply back to its author"),
    "person:approval:taken_back": gettext_lazy("Took the request for approval back"),
    "person:approval:undone": gettext_lazy("Took the decision on the reply back"),
    "person:approval:seen": gettext_lazy("Looked at a reply that went without asking"),
    "system:approval:sent": gettext_lazy("The approved reply left"),
    "system:approval:failed": gettext_lazy("The approved reply could not leave"),
    "system:approval:told": gettext_lazy("The reply went without asking: a life was at stake"),
    "system:approval:escalated": gettext_lazy("Nobody decided in time; the next was asked"),
    "system:approval:more_rules": gettext_lazy("The changed words need more approval"),
    "person:rule:saved": gettext_lazy("Saved a rule of approval"),
    "person:rule:on": gettext_lazy("Switched a rule of approval on"),
    "person:rule:off": gettext_lazy("Switched a rule of approval off"),
    "person:agency:counsel_named": gettext_lazy("Said who is counsel"),
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


def list_case_events(case: Case, joined: Iterable[int] = ()) -> list[LogLine]:
    """What happened to a case, its post and its conversation, newest first.

    `joined` are the conversations that show as this one.
    """
    events = RecordEvent.objects.filter(
        agency_id=case.agency_id,
        subject__in=[
            f"case:{case.pk}", f"post:{case.pk}",
            *(f"conversation:{pk}" for pk in {case.conversation_id, *joined}),
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


def list_chain_events(agency: Agency, chain: str, *, after: int) -> list[RecordEvent]:
    """Events of one chain of this agency behind a number, in order, at most EVENTS."""
    events = RecordEvent.objects.select_related("chain").filter(
        agency=agency, chain__agency=agency, chain__name=chain, seq__gt=after
    )
    return list(events.order_by("seq")[:EVENTS])


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
            who=names.get(event.actor, _unnamed(event.actor)),
            what=str(ACTIONS.get(event.action, event.action)),
            detail=_detail(event.payload),
            action=event.action,
            subject=event.subject,
            seq=event.seq,
            hash=event.hash,
        )
        for event in found
    ]


def _unnamed(actor: str) -> str:
    if actor == "system":
        return _("Levelhead")
    return _("The colleague") if actor == "colleague" else actor


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
