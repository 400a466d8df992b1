"""A rule as an administrator fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext as _

from levelhead.accounts.domain import Ability, Role
from levelhead.accounts.forms import read_moment
from levelhead.accounts.models import Agency
from levelhead.analysis.domain import Label
from levelhead.approvals.domain import (
    EXAMPLES_LIMIT,
    LONGEST_MINUTES,
    WORD_LIMIT,
    WORDS_LIMIT,
    Example,
    Outcome,
    When,
    fold,
    read_example,
    read_who,
    try_examples,
)
from levelhead.approvals.models import ApprovalRule, Counsel
from levelhead.approvals.people import list_people
from levelhead.approvals.rules import THEN, Wanted, read_rule
from levelhead.approvals.wording import ABILITIES, ROLES
from levelhead.channels.models import Channel
from levelhead.doctrine.domain import Disposition
from levelhead.issues.queries import list_choices
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_text
from levelhead.web import words

EXAMPLE_LIMIT: Final = 1_000
CHOICES: Final = 200
_FLAGS: Final = ("overruled", "hostile", "life_safety", "first_to_author")


@dataclass(kw_only=True)
class RuleForm:
    """What is in the fields; lists as they are chosen, moments as they were typed."""

    name: str = ""
    reason: str = ""
    who: str = ""
    then: str = THEN
    labels: list[str] = field(default_factory=list)
    dispositions: list[str] = field(default_factory=list)
    words: str = ""
    words_in: str = "either"
    channels: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    issue_level: str = ""
    issue: str = ""
    flags: list[str] = field(default_factory=list)
    minutes: str = ""
    life_goes: bool = True
    active_from: str = ""
    active_until: str = ""
    must: str = ""
    must_not: str = ""
    version: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What the fields offer: (value, words) each."""

    who: list[tuple[str, str]]
    people: list[tuple[str, str]]
    channels: list[tuple[str, str]]
    issues: list[tuple[str, str]]
    labels: list[str]
    dispositions: list[str]
    # Names as examples write them, folded, and what they stand for.
    channel_names: dict[str, int]
    people_names: dict[str, int]


def read_choices(agency: Agency, form: RuleForm | None = None) -> Choices:
    """What can be chosen here; three queries.

    What a stored rule names stays to be chosen when it is gone: a rule does not widen by itself.
    """
    kept = form or RuleForm()
    people = list_people(agency.pk)
    channels = list(Channel.objects.filter(agency=agency).order_by("name", "pk")[:CHOICES])
    asked: list[tuple[str, str]] = [
        ("counsel", _("Counsel")),
        ("duty", _("Whoever is on duty")),
        *[(f"role:{r.value}", words.of(ROLES, r.value)) for r in (Role.ADMINISTRATOR, Role.WRITER)],
        *[
            (f"ability:{a.value}", words.of(ABILITIES, a.value))
            for a in (Ability.MANAGE, Ability.REPLY, Ability.RECORDS)
        ],
        *[(f"person:{one.id}", one.name) for one in people],
    ]
    return Choices(
        who=asked,
        people=_with([(str(one.id), one.name) for one in people], kept.authors),
        channels=_with([(str(one.pk), one.name) for one in channels], kept.channels),
        issues=_with(
            [(str(one.pk), one.name) for one in list_choices(agency)],
            [kept.issue] if kept.issue else [],
        ),
        labels=[one.value for one in Label],
        dispositions=[one.value for one in Disposition],
        channel_names={fold(one.name): one.pk for one in channels},
        people_names={fold(one.name): one.id for one in people},
    )


def _with(offered: list[tuple[str, str]], kept: list[str]) -> list[tuple[str, str]]:
    here = {value for value, _name in offered}
    return offered + [
        (one, _("%(number)s, not here any more") % {"number": one})
        for one in kept
        if one not in here
    ]


def form_of(row: ApprovalRule, agency: Agency) -> RuleForm:
    """A stored rule in the fields."""
    content, when = row.content, row.content["when"]
    return RuleForm(
        name=row.name,
        reason=content.get("reason", ""),
        who=content["who"],
        then=content["then"],
        labels=list(when.get("labels", ())),
        dispositions=list(when.get("dispositions", ())),
        words="\n".join(when.get("words", ())),
        words_in=when.get("words_in", "either"),
        channels=[str(one) for one in when.get("channels", ())],
        authors=[str(one) for one in when.get("authors", ())],
        issue_level="" if when.get("issue_level") is None else str(when["issue_level"]),
        issue="" if when.get("issue") is None else str(when["issue"]),
        flags=[one for one in _FLAGS if when.get(one)],
        minutes="" if content.get("minutes") is None else str(content["minutes"]),
        life_goes=content.get("life_goes", True),
        active_from=_local(content.get("active_from"), agency),
        active_until=_local(content.get("active_until"), agency),
        must="\n".join(content.get("must", ())),
        must_not="\n".join(content.get("must_not", ())),
        version=row.version,
    )


def _local(text: str | None, agency: Agency) -> str:
    if not text:
        return ""
    return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(agency.zone)):%Y-%m-%dT%H:%M}"


def read_form(given: QueryDict) -> RuleForm:
    """The fields as they were sent, bounded; `want` reads and checks them."""

    def text(name: str, limit: int = 60) -> str:
        return clean_text(given.get(name, "").replace("\r\n", "\n"), limit)

    def several(name: str) -> list[str]:
        return [one[:40] for one in given.getlist(name)[:CHOICES]]

    version = text("version", 9)
    return RuleForm(
        name=text("name", 121).strip(),
        reason=text("reason", 1_001),
        who=text("who"),
        then=text("then"),
        labels=several("labels"),
        dispositions=several("dispositions"),
        words=text("words", WORDS_LIMIT * (WORD_LIMIT + 1)),
        words_in=text("words_in", 8),
        channels=several("channels"),
        authors=several("authors"),
        issue_level=text("issue_level", 2),
        issue=text("issue", 20),
        flags=[one for one in several("flags") if one in _FLAGS],
        minutes=text("minutes", 8).strip(),
        life_goes=given.get("life_goes", "") == "yes",
        active_from=text("active_from", 30),
        active_until=text("active_until", 30),
        must=text("must", EXAMPLES_LIMIT * EXAMPLE_LIMIT),
        must_not=text("must_not", EXAMPLES_LIMIT * EXAMPLE_LIMIT),
        version=int(version) if version.isascii() and version.isdigit() else 0,
    )


def want(form: RuleForm, choices: Choices, agency: Agency) -> Wanted:
    """The rule that the fields describe. Raises Invalid."""
    known = {value for value, _name in choices.who}
    if form.who not in known or form.then not in known or read_who(form.who) is None:
        raise Invalid(_("Choose who must approve, and who is asked next."))
    lines = _lines(form.words)
    if len(lines) > WORDS_LIMIT or any(len(one) > WORD_LIMIT for one in lines):
        raise Invalid(_("Give at most 200 words or phrases, of at most 80 characters each."))
    if any(not fold(one).strip("* ") for one in lines):
        raise Invalid(_("“*” stands behind the beginning of a word, such as “drone*”."))
    when = When(
        labels=_chosen(form.labels, choices.labels),
        dispositions=_chosen(form.dispositions, choices.dispositions),
        words=tuple(lines),
        words_in=form.words_in if form.words_in in ("draft", "post") else "either",
        channels=tuple(int(one) for one in _chosen(form.channels, dict(choices.channels))),
        authors=tuple(int(one) for one in _chosen(form.authors, dict(choices.people))),
        issue_level=int(form.issue_level) if form.issue_level in "01234" and form.issue_level
        else None,
        issue=_issue(form, choices),
        overruled="overruled" in form.flags,
        hostile="hostile" in form.flags,
        life_safety="life_safety" in form.flags,
        first_to_author="first_to_author" in form.flags,
    )  # fmt: skip
    now = clock.now()
    must, must_not = _lines(form.must), _lines(form.must_not)
    if len(must) + len(must_not) > EXAMPLES_LIMIT:
        raise Invalid(_("Give at most 50 examples."))
    examples = [
        _example(line, good, now, choices)
        for lines_, good in ((must, True), (must_not, False))
        for line in lines_
    ]
    return Wanted(
        name=form.name,
        reason=form.reason,
        who=form.who,
        then=form.then,
        when=when,
        minutes=_minutes(form.minutes),
        life_goes=form.life_goes,
        active_from=_moment(form.active_from, agency),
        active_until=_moment(form.active_until, agency),
        must=tuple(must),
        must_not=tuple(must_not),
        examples=tuple(examples),
    )


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))


def _chosen(given: list[str], offered: object) -> tuple[str, ...]:
    """Those that are offered; one that is not is refused: a rule must not widen by itself."""
    for one in given:
        if one not in offered:  # type: ignore[operator]
            raise Invalid(_("Something that was chosen is not there any more. Choose again."))
    return tuple(dict.fromkeys(given))


def _issue(form: RuleForm, choices: Choices) -> int | None:
    if not form.issue:
        return None
    return int(_chosen([form.issue], dict(choices.issues))[0])


def _minutes(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LONGEST_MINUTES):
        raise Invalid(_("Give the minutes as a number from 1 to 10080, or leave them out."))
    return int(text)


def _moment(text: str, agency: Agency) -> datetime | None:
    if not text:
        return None
    moment = read_moment(text, agency.zone)
    if moment is None:
        raise Invalid(_("Give a date and a time, such as 2026-12-24 16:50."))
    return moment


def _example(line: str, must: bool, now: datetime, choices: Choices) -> Example:
    if len(line) > EXAMPLE_LIMIT:
        raise Invalid(_("An example has at most 1,000 characters."))
    try:
        return read_example(
            line, must=must, now=now, channels=choices.channel_names, people=choices.people_names
        )
    except ValueError as error:
        raise Invalid(
            _("In “%(line)s” the part “%(part)s” cannot be read.")
            % {"line": line[:80], "part": str(error)[:80]}
        ) from error


def run_examples(row: ApprovalRule, choices: Choices) -> list[Outcome]:
    """What a stored rule says of its examples now."""
    rule = read_rule(row)
    if rule is None:
        return []
    now = clock.now()
    found = []
    for key, good in (("must", True), ("must_not", False)):
        for line in row.content.get(key, ()):
            try:
                found += try_examples(rule.when, [_example(line, good, now, choices)])
            except Invalid:
                # A colleague or channel that it names is gone: shown as wrong.
                found.append(Outcome(line=line, must=good, matches=not good, because=()))
    return found


def counsel_ids(agency: Agency) -> set[str]:
    """Who is counsel."""
    rows = Counsel.objects.filter(agency=agency)
    return {str(one) for one in rows.values_list("user_id", flat=True)}
