"""What people do with issues: each in one transaction, with one event on the record."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Membership, User
from levelhead.inbox.family import family_of
from levelhead.inbox.models import Case
from levelhead.inbox.shaping import hold
from levelhead.issues.domain import (
    FINDINGS_LIMIT,
    MAX_CONVERSATIONS,
    MAX_TOPICS,
    NAME_LIMIT,
    NEXT_STATES,
    REASON_LIMIT,
    IssueState,
)
from levelhead.issues.models import Issue, IssueConversation, IssueTopic
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_name, clean_text
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord
from levelhead.topics.models import Topic

HIGHEST_LEVEL = 4


def open_issue(
    *,
    agency_id: int,
    name: str,
    owner: User,
    by: User,
    level: int | None = None,
    why: str = "",
    topic: Topic | None = None,
    case: Case | None = None,
) -> Issue:
    """Begin to work on a matter, with the topic or the conversation that showed it."""
    require(by, agency_id, Ability.WORK)
    name = _read_name(name)
    why = _read_level(level, why) if level is not None else ""
    now = clock.now()
    with transaction.atomic():
        _check_owner(owner, agency_id)
        issue = Issue.objects.create(
            agency_id=agency_id, name=name, owner=owner, opened_by=by, opened_at=now, level=level,
            level_why=why, level_by=by if level is not None else None,
            level_at=now if level is not None else None,
        )  # fmt: skip
        if topic is not None:
            _link_topic(issue, topic, by)
        if case is not None:
            _link_conversation(issue, case, by)
        record(
            issue, "person:issue:opened", by=by,
            payload={
                "name": name, "owner": owner.pk, "level": level, "reason": why,
                "topic": topic.pk if topic else None,
                "conversation": case.conversation_id if case else None,
            },
        )  # fmt: skip
    return issue


def rename_issue(*, issue: Issue, name: str, by: User, expected_version: int | None) -> Issue:
    """Call it something else."""
    name = _read_name(name)
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=expected_version)
        before, locked.name = locked.name, name
        return save_issue(locked, "person:issue:renamed", by, {"name": [before, name]})


def set_level(
    *, issue: Issue, level: int, why: str, by: User, expected_version: int | None
) -> Issue:
    """Decide how grave it is, with the reason. Raises Invalid without one."""
    why = _read_level(level, why)
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=expected_version)
        before = locked.level
        locked.level, locked.level_why = level, why
        locked.level_by, locked.level_at = by, clock.now()
        return save_issue(
            locked, "person:issue:level_set", by, {"level": [before, level], "reason": why}
        )


def give_issue(*, issue: Issue, owner: User, by: User, expected_version: int | None) -> Issue:
    """Have a colleague see to it."""
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=expected_version)
        _check_owner(owner, locked.agency_id)
        before = locked.owner_id
        if before == owner.pk:
            return locked
        locked.owner = owner
        return save_issue(locked, "person:issue:given", by, {"owner": [before, owner.pk]})


def write_findings(
    *,
    issue: Issue,
    root_cause: str,
    done: str,
    outcome: str,
    by: User,
    expected_version: int | None,
) -> Issue:
    """Write down what lay behind it, what was done, and what came of it."""
    told = {
        "root_cause": read_words(root_cause, FINDINGS_LIMIT),
        "done": read_words(done, FINDINGS_LIMIT),
        "outcome": read_words(outcome, FINDINGS_LIMIT),
    }
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=expected_version)
        for field, words in told.items():
            setattr(locked, field, words)
        return save_issue(locked, "person:issue:findings_written", by, told)


def add_topic(*, issue: Issue, topic: Topic, by: User) -> Issue:
    """Say that a topic is part of it."""
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=None)
        _link_topic(locked, topic, by)
        return save_issue(locked, "person:issue:topic_added", by, {"topic": topic.pk})


def take_topic_out(*, issue: Issue, topic_id: int, by: User, expected_version: int | None) -> Issue:
    """Say that a topic is no part of it."""
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=expected_version)
        if not IssueTopic.objects.filter(issue=locked, topic_id=topic_id).delete()[0]:
            raise Conflict(_("That topic is no part of this issue any more."))
        return save_issue(locked, "person:issue:topic_removed", by, {"topic": topic_id})


def add_conversation(*, issue: Issue, case: Case, by: User) -> Issue:
    """Say that a conversation is part of it."""
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=None)
        _link_conversation(locked, case, by)
        return save_issue(
            locked, "person:issue:conversation_added", by,
            {"conversation": case.conversation_id, "post": case.pk},
        )  # fmt: skip


def take_conversation_out(
    *, issue: Issue, conversation_id: int, by: User, expected_version: int | None
) -> Issue:
    """Say that a conversation is no part of it."""
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=expected_version)
        links = IssueConversation.objects.filter(
            Q(conversation__in=family_of(conversation_id)) | Q(post__conversation=conversation_id),
            issue=locked,
        )
        if not links.delete()[0]:
            raise Conflict(_("That conversation is no part of this issue any more."))
        return save_issue(
            locked, "person:issue:conversation_removed", by, {"conversation": conversation_id}
        )


def close_issue(*, issue: Issue, why: str, by: User, expected_version: int | None) -> Issue:
    """End the work, with the reason; what came of it must stand there. Raises Invalid."""
    why = read_reason(why, _("Say why it can be closed."))
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=expected_version)
        if not locked.root_cause or not locked.outcome:
            raise Invalid(
                _("Write down the root cause and the outcome first, so that others learn from it.")
            )
        _move(locked, IssueState.CLOSED)
        locked.closed_by, locked.closed_at, locked.closed_why = by, clock.now(), why
        return save_issue(locked, "person:issue:closed", by, {"reason": why})


def reopen_issue(*, issue: Issue, why: str, by: User, expected_version: int | None) -> Issue:
    """Take a closed one up again; why it was closed stays on the record."""
    why = read_reason(why, _("Say why it is open again."))
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=expected_version, closed_too=True)
        _move(locked, IssueState.OPEN)
        locked.closed_by = locked.closed_at = None
        locked.closed_why = ""
        return save_issue(locked, "person:issue:reopened", by, {"reason": why})


def lock_issue(
    issue: Issue, *, by: User, expected_version: int | None, closed_too: bool = False
) -> Issue:
    """The issue as it is now, locked. Raises NotAllowed, Conflict, and Invalid where closed."""
    require(by, issue.agency_id, Ability.WORK)
    locked = Issue.objects.select_for_update().get(pk=issue.pk, agency_id=issue.agency_id)
    if expected_version is not None and locked.version != expected_version:
        raise Conflict(
            _(
                "Somebody changed this issue while you looked at it. What you wrote is below. "
                "Look at what changed, then do it again if it is still right."
            ),
            version=locked.version,
        )
    if locked.state != IssueState.OPEN and not closed_too:
        raise Invalid(_("This issue is closed; open it again first."))
    return locked


def save_issue(issue: Issue, action: str, by: User, payload: Mapping[str, object]) -> Issue:
    """Keep a change, put it on the record and tell the open screens."""
    issue.version += 1
    issue.save()
    record(issue, action, by=by, payload=payload)
    return issue


def record(issue: Issue, action: str, *, by: User, payload: Mapping[str, object]) -> None:
    """Put a change on the record and tell the open screens. In the caller's transaction."""
    append_events(
        agency_id=issue.agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=f"issue:{issue.pk}", action=action, actor=f"user:{by.pk}", payload=payload
            )
        ],
    )
    announce(agency_id=issue.agency_id, kind="issue.changed", payload={"issue": str(issue.pk)})


def read_words(text: str, limit: int) -> str:
    """Words that may be kept. Raises Invalid where they are too long."""
    if len(text) > limit:
        raise Invalid(_("At most %(limit)d characters; shorten it.") % {"limit": limit})
    return clean_text(text, limit).strip()


def read_reason(text: str, missing: str) -> str:
    """A reason, which must be given. Raises Invalid."""
    reason = read_words(text, REASON_LIMIT)
    if not reason:
        raise Invalid(missing)
    return reason


def _read_name(text: str) -> str:
    if len(text) > NAME_LIMIT:
        raise Invalid(_("At most %(limit)d characters; shorten it.") % {"limit": NAME_LIMIT})
    name = clean_name(text, NAME_LIMIT)
    if not name:
        raise Invalid(_("Give the issue a name that colleagues recognize."))
    return name


def _read_level(level: int, why: str) -> str:
    if not 0 <= level <= HIGHEST_LEVEL:
        raise Invalid(_("Choose one of the levels."))
    return read_reason(why, _("Say why this level; it is your judgment that counts."))


def _check_owner(owner: User, agency_id: int) -> None:
    member = Membership.objects.filter(
        agency_id=agency_id, user=owner, active=True, user__is_active=True
    )
    if not member.exists():
        raise Invalid(_("Choose a colleague of your agency."))


def _move(issue: Issue, state: IssueState) -> None:
    if state not in NEXT_STATES[IssueState(issue.state)]:
        raise Conflict(_("This was decided already. Look at what became of it."))
    issue.state = state


def _link_topic(issue: Issue, topic: Topic, by: User) -> None:
    if topic.agency_id != issue.agency_id:
        raise Invalid(_("That topic is not of your agency."))
    if IssueTopic.objects.filter(issue=issue).count() >= MAX_TOPICS:
        raise Invalid(_("An issue holds at most %(n)d topics.") % {"n": MAX_TOPICS})
    # Locked, so that two people do not put it into two issues at the same time.
    Topic.objects.select_for_update().get(pk=topic.pk)
    links = IssueTopic.objects.filter(topic=topic)
    if links.filter(issue__state=IssueState.OPEN.value).exists():
        raise Conflict(_("That topic is part of an issue already."))
    IssueTopic.objects.get_or_create(
        topic=topic, issue=issue,
        defaults={"agency_id": issue.agency_id, "by": by, "at": clock.now()},
    )  # fmt: skip


def _link_conversation(issue: Issue, case: Case, by: User) -> None:
    if case.agency_id != issue.agency_id:
        raise Invalid(_("That conversation is not of your agency."))
    if IssueConversation.objects.filter(issue=issue).count() >= MAX_CONVERSATIONS:
        raise Invalid(_("An issue holds at most %(n)d conversations.") % {"n": MAX_CONVERSATIONS})
    # Before the record's chain: whoever joins conversations takes them in this order.
    hold([case.conversation_id])
    joined = IssueConversation.objects.filter(
        issue=issue, conversation__in=family_of(case.conversation_id)
    )
    if joined.exists():
        raise Conflict(_("That conversation is part of this issue already."))
    _link, made = IssueConversation.objects.get_or_create(
        issue=issue,
        conversation_id=case.conversation_id,
        defaults={
            "agency_id": issue.agency_id, "post_id": case.pk, "by": by, "at": clock.now(),
        },
    )  # fmt: skip
    if not made:
        raise Conflict(_("That conversation is part of this issue already."))
