"""What people find out about an issue: the escalation test, facts, themes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.models import User
from levelhead.doctrine.escalation import CATALYSTS, QUESTIONS, is_crisis
from levelhead.inbox.models import Post
from levelhead.issues.actions import lock_issue, read_reason, read_words, save_issue
from levelhead.issues.domain import (
    MAX_EXAMPLES,
    MAX_FACTS,
    MAX_THEMES,
    NAME_LIMIT,
    NEXT_FACT_STATES,
    REASON_LIMIT,
    TEXT_LIMIT,
    FactState,
)
from levelhead.issues.models import EscalationTest, Issue, IssueFact, Theme
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.kernel.text import clean_name


def assess_issue(
    *,
    issue: Issue,
    answers: Mapping[str, bool | None],
    catalysts: Sequence[str],
    why: str,
    evidence: Mapping[str, object],
    by: User,
) -> EscalationTest:
    """Keep a person's answers with what was on the screen. Raises Invalid where one is missing.

    Nothing follows by itself: the level stays what a person set.
    """
    why = read_words(why, REASON_LIMIT)
    given = {name: answer for name in QUESTIONS if (answer := answers.get(name)) is not None}
    if len(given) < len(QUESTIONS):
        raise Invalid(_("Answer all seven questions with yes or no; what you think now is enough."))
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=None)
        test = EscalationTest.objects.create(
            agency_id=locked.agency_id,
            issue=locked,
            answers=json.dumps(given),
            catalysts=json.dumps({name: name in catalysts for name in CATALYSTS}),
            crisis=is_crisis(given),
            why=why,
            evidence=json.dumps(evidence),
            by=by,
            at=clock.now(),
        )
        save_issue(
            locked, "person:issue:assessed", by,
            {"test": test.pk, "answers": given, "catalysts": list(catalysts),
             "crisis": test.crisis, "reason": why, "evidence": dict(evidence)},
        )  # fmt: skip
    return test


def add_fact(*, issue: Issue, text: str, source: str, by: User) -> IssueFact:
    """Write down a statement with where it comes from; it is unchecked until somebody approves."""
    text, source = read_words(text, TEXT_LIMIT), read_words(source, TEXT_LIMIT)
    if not text:
        raise Invalid(_("Write the fact as a sentence that you could say in public."))
    if not source:
        raise Invalid(_("Say where it comes from: a person, a record, a link."))
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=None)
        if IssueFact.objects.filter(issue=locked).count() >= MAX_FACTS:
            raise Invalid(_("An issue holds at most %(n)d facts.") % {"n": MAX_FACTS})
        fact = IssueFact.objects.create(
            agency_id=locked.agency_id, issue=locked, text=text, source=source, by=by,
            at=clock.now(),
        )  # fmt: skip
        save_issue(
            locked, "person:issue:fact_added", by,
            {"fact": fact.pk, "text": text, "source": source},
        )  # fmt: skip
    return fact


def approve_fact(*, issue: Issue, fact_id: int, by: User) -> IssueFact:
    """Say that it is true: from now on it stands on the fact sheet."""
    return _decide(issue, fact_id, FactState.APPROVED, by, "person:issue:fact_approved", "")


def withdraw_fact(*, issue: Issue, fact_id: int, why: str, by: User) -> IssueFact:
    """Take it off the fact sheet, with the reason. Raises Invalid without one."""
    why = read_reason(why, _("Say why it no longer holds; others may have repeated it."))
    return _decide(issue, fact_id, FactState.WITHDRAWN, by, "person:issue:fact_withdrawn", why)


def _decide(
    issue: Issue, fact_id: int, state: FactState, by: User, action: str, why: str
) -> IssueFact:
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=None)
        fact = IssueFact.objects.select_for_update().filter(issue=locked, pk=fact_id).first()
        if fact is None:
            raise Invalid(_("There is no such fact in this issue."))
        if state not in NEXT_FACT_STATES[FactState(fact.state)]:
            raise Conflict(_("This was decided already. Look at what became of it."))
        fact.state, fact.why = state, why
        fact.decided_by, fact.decided_at = by, clock.now()
        fact.save()
        save_issue(locked, action, by, {"fact": fact.pk, "text": fact.text, "reason": why})
    return fact


def add_theme(*, issue: Issue, name: str, post_ids: Sequence[int], by: User) -> Theme:
    """Name one of the things that people say, with posts that show it."""
    if len(name) > NAME_LIMIT:
        raise Invalid(_("At most %(limit)d characters; shorten it.") % {"limit": NAME_LIMIT})
    name = clean_name(name, NAME_LIMIT)
    if not name:
        raise Invalid(_("Say in a few words what these people say."))
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=None)
        if Theme.objects.filter(issue=locked).count() >= MAX_THEMES:
            raise Invalid(_("An issue holds at most %(n)d themes.") % {"n": MAX_THEMES})
        chosen = list(dict.fromkeys(post_ids))[:MAX_EXAMPLES]
        ours = set(
            Post.objects.filter(agency_id=locked.agency_id, pk__in=chosen).values_list(
                "pk", flat=True
            )
        )
        theme = Theme.objects.create(
            agency_id=locked.agency_id, issue=locked, name=name,
            examples=json.dumps([pk for pk in chosen if pk in ours]), by=by, at=clock.now(),
        )  # fmt: skip
        save_issue(
            locked, "person:issue:theme_added", by,
            {"theme": theme.pk, "name": name, "posts": theme.example_ids},
        )  # fmt: skip
    return theme


def drop_theme(*, issue: Issue, theme_id: int, by: User) -> None:
    """Take a theme away; it stays on the record."""
    with transaction.atomic():
        locked = lock_issue(issue, by=by, expected_version=None)
        theme = Theme.objects.filter(issue=locked, pk=theme_id).first()
        if theme is None:
            raise Conflict(_("That theme is gone already."))
        told = {"theme": theme.pk, "name": theme.name}
        theme.delete()
        save_issue(locked, "person:issue:theme_removed", by, told)
