"""Saving rules: each version kept, its examples run, and nobody left without an approver."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.approvals.domain import (
    MOST_RULES,
    REASON_LIMIT,
    Example,
    Person,
    Rule,
    When,
    Who,
    read_who,
    try_examples,
    who_may,
)
from levelhead.approvals.models import ApprovalRule, ApprovalRuleVersion, Counsel
from levelhead.approvals.people import list_people
from levelhead.approvals.wording import say_all
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotFound
from levelhead.kernel.text import clean_name, clean_text
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

# Who steps in where a rule names nobody for it.
THEN = "ability:manage"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A rule as an administrator wants it, read from a form."""

    name: str
    reason: str
    who: str
    then: str
    when: When
    minutes: int | None
    life_goes: bool
    active_from: datetime | None
    active_until: datetime | None
    # As they were written, one a line; and as they were read.
    must: tuple[str, ...]
    must_not: tuple[str, ...]
    examples: tuple[Example, ...]


def read_rule(row: ApprovalRule) -> Rule | None:
    """A rule as the pure functions want it; None where a newer program wrote it."""
    return rule_of(row.pk, row.version, row.name, row.content)


def rule_of(pk: int, version: int, name: str, content: Mapping[str, Any]) -> Rule | None:
    """What a stored rule says."""
    who, then = read_who(content["who"]), read_who(content["then"])
    if who is None or then is None:
        return None
    told = dict(content["when"])
    for field in ("labels", "dispositions", "words", "channels", "authors"):
        told[field] = tuple(told.get(field, ()))
    return Rule(
        id=pk,
        version=version,
        name=name,
        who=who,
        then=then,
        when=When(**told),
        minutes=content.get("minutes"),
        life_goes=content.get("life_goes", True),
        active_from=_moment(content.get("active_from")),
        active_until=_moment(content.get("active_until")),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def content_of(wanted: Wanted) -> dict[str, object]:
    """A rule as it is stored."""
    return {
        "reason": wanted.reason,
        "who": wanted.who,
        "then": wanted.then,
        "when": asdict(wanted.when),
        "minutes": wanted.minutes,
        "life_goes": wanted.life_goes,
        "active_from": wanted.active_from.isoformat() if wanted.active_from else None,
        "active_until": wanted.active_until.isoformat() if wanted.active_until else None,
        "must": list(wanted.must),
        "must_not": list(wanted.must_not),
    }


def save_rule(
    *, agency: Agency, rule_id: int | None, wanted: Wanted, by: User, expected_version: int | None
) -> tuple[ApprovalRule, list[str]]:
    """Put a rule in force, or a new version of one; and what an administrator should know of it.

    Raises NotAllowed, NotFound, Conflict, Invalid where an example comes out wrong or nobody could
    approve.
    """
    require(by, agency.pk, Ability.MANAGE)
    name = clean_name(wanted.name, 121)
    if not name or len(name) > 120:
        raise Invalid(_("Give the rule a name of 1 to 120 characters."))
    reason = clean_text(wanted.reason, REASON_LIMIT + 1).strip()
    if not reason or len(reason) > REASON_LIMIT:
        raise Invalid(_("Say why the rule is there, in 1 to 1,000 characters: people will ask."))
    if wanted.active_from and wanted.active_until and wanted.active_from >= wanted.active_until:
        raise Invalid(_("The rule would end before it begins."))
    warnings = check_approvers(wanted, list_people(agency.pk))
    check_examples(wanted)
    content = content_of(wanted) | {"reason": reason}
    with transaction.atomic():
        # Where two save at once, one waits here for the other.
        Agency.objects.select_for_update().get(pk=agency.pk)
        if rule_id is None:
            if ApprovalRule.objects.filter(agency=agency).count() >= MOST_RULES:
                raise Invalid(_("There are 200 rules already. Change one of them."))
            row = ApprovalRule(agency=agency, version=0)
        else:
            row = lock_rule(agency, rule_id, expected_version)
        row.name, row.content, row.on = name, content, True
        _keep(row, by, "person:rule:saved")
        if not agency.approves:
            Agency.objects.filter(pk=agency.pk).update(approves=True)
            agency.approves = True
    return row, warnings


def switch_rule(
    *, agency: Agency, rule_id: int, on: bool, by: User, expected_version: int | None
) -> ApprovalRule:
    """Switch a rule off, or on again. What waits by it already goes on waiting."""
    require(by, agency.pk, Ability.MANAGE)
    with transaction.atomic():
        row = lock_rule(agency, rule_id, expected_version)
        if row.on != on:
            row.on = on
            _keep(row, by, "person:rule:on" if on else "person:rule:off")
    return row


def lock_rule(agency: Agency, rule_id: int, expected_version: int | None) -> ApprovalRule:
    """A rule of this agency, locked. Raises NotFound, Conflict."""
    row = ApprovalRule.objects.select_for_update().filter(agency=agency, pk=rule_id).first()
    if row is None:
        raise NotFound(_("There is no such rule here."))
    if expected_version is not None and row.version != expected_version:
        raise Conflict(
            _("Somebody changed this rule while you looked at it. Yours was not saved; look again.")
        )
    return row


def _keep(row: ApprovalRule, by: User, action: str) -> None:
    now = clock.now()
    row.version += 1
    row.save()
    ApprovalRuleVersion.objects.create(
        agency_id=row.agency_id, rule=row, number=row.version, name=row.name,
        content=row.content, on=row.on, by=by, at=now,
    )  # fmt: skip
    append_events(
        agency_id=row.agency_id,
        chain=DESK_CHAIN,
        at=now,
        events=[
            EventToRecord(
                subject=f"approval_rule:{row.pk}",
                action=action,
                actor=f"user:{by.pk}",
                payload={"name": row.name, "version": row.version, "on": row.on, **row.content},
            )
        ],
    )
    announce(agency_id=row.agency_id, kind="approval.changed", payload={"rule": str(row.pk)})


def check_examples(wanted: Wanted) -> None:
    """Raise Invalid where the rule does not do what its examples say."""
    if wanted.when.words and not (wanted.must and wanted.must_not):
        raise Invalid(
            _("A rule about words needs an example that it must ask about, and one it must not.")
        )
    for outcome in try_examples(wanted.when, wanted.examples):
        if outcome.right:
            continue
        why = say_all(outcome.because)
        line = outcome.line[:80]
        if outcome.must:
            raise Invalid(
                _("“%(line)s” must be asked about, and is not: it is not so that %(why)s.")
                % {"line": line, "why": why}
            )
        raise Invalid(
            _("“%(line)s” must not be asked about, and is, because %(why)s.")
            % {"line": line, "why": why}
        )


def check_approvers(wanted: Wanted, people: Sequence[Person]) -> list[str]:
    """What an administrator should know of who can approve; raises Invalid where nobody can.

    Whoever is on duty changes: there it is enough that somebody steps in.
    """
    who, then = read_who(wanted.who), read_who(wanted.then)
    if who is None or then is None:
        raise Invalid(_("Choose who must approve, and who is asked next."))
    every = who_may(who, people, author=0)
    duty = who.kind.value == "duty"
    if not every and not duty:
        raise Invalid(
            _("Nobody could approve by this rule: nobody is what it names. Choose somebody else.")
        )
    writers = [
        one
        for one in people
        if Ability.REPLY.value in one.abilities
        and (not wanted.when.authors or one.id in wanted.when.authors)
    ]
    alone = []
    for writer in writers:
        if not _others(who, people, writer):
            if not _others(then, people, writer):
                raise Invalid(
                    _(
                        "Nobody else could approve what %(name)s writes, and nobody approves their "
                        "own. Name somebody else, or another who is asked next."
                    )
                    % {"name": writer.name}
                )
            alone.append(writer.name)
    if alone and not duty:
        return [
            _(
                "Nobody approves their own: what %(names)s writes goes to whoever is asked next, "
                "at once."
            )
            % {"names": ", ".join(alone[:5])}
        ]
    return []


def _others(who: Who, people: Collection[Person], writer: Person) -> list[Person]:
    return who_may(who, people, author=writer.id)


def set_counsel(*, agency: Agency, user_ids: Collection[int], by: User) -> list[int]:
    """Say who the agency's counsel is; gives their ids. Raises Invalid, NotAllowed."""
    require(by, agency.pk, Ability.MANAGE)
    chosen = sorted(
        Membership.objects.filter(
            agency=agency, user_id__in=list(user_ids)[:50], active=True, user__is_active=True
        ).values_list("user_id", flat=True)
    )
    with transaction.atomic():
        Agency.objects.select_for_update().get(pk=agency.pk)
        before = sorted(Counsel.objects.filter(agency=agency).values_list("user_id", flat=True))
        if before == chosen:
            return chosen
        Counsel.objects.filter(agency=agency).exclude(user_id__in=chosen).delete()
        Counsel.objects.bulk_create(
            [Counsel(agency=agency, user_id=one) for one in chosen if one not in before]
        )
        append_events(
            agency_id=agency.pk,
            chain=DESK_CHAIN,
            at=clock.now(),
            events=[
                EventToRecord(
                    subject=f"agency:{agency.pk}",
                    action="person:agency:counsel_named",
                    actor=f"user:{by.pk}",
                    payload={"counsel": chosen, "before": before},
                )
            ],
        )
    return chosen
