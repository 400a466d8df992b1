"""What people fill in to declare an incident."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from levelhead.accounts.forms import read_moment
from levelhead.accounts.models import Agency
from levelhead.doctrine.yaml_reading import LANGUAGES
from levelhead.inbox.pages import read_id
from levelhead.inbox.thread import find_case
from levelhead.incidents.domain import LEVELS, TOKEN_LIMIT, IncidentKind
from levelhead.incidents.kinds import template_of
from levelhead.issues.models import Issue, IssueTopic
from levelhead.issues.queries import find_issue, find_issue_of_topic
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_name
from levelhead.topics.models import Topic
from levelhead.topics.queries import find_topic

# Words of one field, a little over what any of them takes: the action says what is too long.
FIELD_LIMIT = 2_100
# What was noticed longer ago is no beginning of an incident that is declared now.
LONGEST_AGO = timedelta(days=3)


def read_field(given: Mapping[str, str], name: str) -> str:
    """Words of a field as they were typed."""
    return given.get(name, "").replace("\r\n", "\n")[:FIELD_LIMIT]


def read_level(given: Mapping[str, str]) -> int:
    """A level of an incident; 0, which is none of them, for anything else."""
    text = given.get("level", "")
    return int(text) if text in {str(level) for level in LEVELS} else 0


def read_kind(given: Mapping[str, str]) -> IncidentKind | None:
    """What happened; None until it is chosen."""
    text = given.get("kind", "")
    return IncidentKind(text) if text in {kind.value for kind in IncidentKind} else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where somebody noticed it, and when that was seen first."""

    issue: Issue | None = None
    topic: int | None = None
    post: int | None = None
    seen: datetime | None = None

    @property
    def fields(self) -> list[tuple[str, int]]:
        """What an address or a form says of it."""
        told = (
            ("issue", self.issue.pk if self.issue else None), ("topic", self.topic),
            ("post", self.post),
        )  # fmt: skip
        return [(name, pk) for name, pk in told if pk]

    @property
    def query(self) -> str:
        """The same for an address."""
        return urlencode(self.fields)


@dataclass(kw_only=True)
class DeclareForm:
    """What is in the fields."""

    kind: IncidentKind
    sentence: str
    title: str
    place: str
    level: int
    lang: str
    noticed: str
    token: str
    origin: Origin

    def detected_at(self, agency: Agency) -> datetime | None:
        """When it was noticed. Raises Invalid."""
        if not self.noticed:
            return None
        try:
            at = read_moment(self.noticed, agency.zone)
        except (Invalid, ValueError):
            at = None
        now = clock.now()
        if at is None or not now - LONGEST_AGO <= at <= now + timedelta(minutes=1):
            raise Invalid(
                _(
                    "Give the time when it was noticed, within the last three days. Not declared "
                    "yet."
                )
            )
        return at


def new_form(agency: Agency, kind: IncidentKind, given: Mapping[str, str]) -> DeclareForm:
    """A form with the kind's defaults, and what the issue or topic tells that it came from."""
    template = template_of(kind)
    origin = origin_of(agency, given)
    lang = (get_language() or "en")[:2]
    return DeclareForm(
        kind=kind, sentence="", title=template.in_language(lang).headline, place="",
        level=template.level, lang=lang if lang in LANGUAGES else "en",
        noticed=as_field(origin.seen, agency) if origin.seen else "",
        token=secrets.token_urlsafe(16), origin=origin,
    )  # fmt: skip


def read_form(agency: Agency, kind: IncidentKind, given: Mapping[str, str]) -> DeclareForm:
    """The form as it was sent."""
    lang = given.get("lang", "")
    return DeclareForm(
        kind=kind, sentence=read_field(given, "sentence"), title=read_field(given, "title"),
        place=read_field(given, "place"), level=read_level(given),
        lang=lang if lang in LANGUAGES else "en", noticed=given.get("noticed", "")[:40],
        token=clean_name(given.get("form_token", ""), TOKEN_LIMIT + 1),
        origin=origin_of(agency, given),
    )  # fmt: skip


def origin_of(agency: Agency, given: Mapping[str, str]) -> Origin:
    """The issue, topic or post that it came from. Raises NotFound for others' ones."""
    issue_id, topic_id, post_id = (read_id(given.get(name)) for name in ("issue", "topic", "post"))
    issue = find_issue(agency, issue_id) if issue_id else None
    seen: datetime | None = None
    if topic_id:
        topic = find_topic(agency, topic_id)
        seen = topic.first_seen
        issue = issue or find_issue_of_topic(topic)
    elif post_id:
        seen = find_case(agency, post_id).post.created_at
    elif issue is not None:
        links = IssueTopic.objects.filter(issue=issue).values("topic_id")
        first = Topic.objects.filter(pk__in=links).order_by("first_seen").first()
        seen = first.first_seen if first else issue.opened_at
    if seen is not None and not clock.now() - LONGEST_AGO < seen <= clock.now():
        seen = None
    return Origin(issue=issue, topic=topic_id, post=post_id, seen=seen)


def as_field(moment: datetime, agency: Agency) -> str:
    """A moment as a field for date and time has it, where the agency is."""
    return f"{moment.astimezone(ZoneInfo(agency.zone)):%Y-%m-%dT%H:%M}"
