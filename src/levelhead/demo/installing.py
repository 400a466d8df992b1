"""Putting the sample agencies into an empty installation."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from levelhead.accounts.actions import add_member, create_agency
from levelhead.accounts.domain import Ability, Role, allows
from levelhead.accounts.models import Agency, User
from levelhead.channels.actions import add_channel
from levelhead.demo.agencies import DemoAgency, load_agencies
from levelhead.demo.answers import load_answers
from levelhead.kernel import clock
from levelhead.knowledge.actions import approve_answer, write_answer
from levelhead.knowledge.channel_forms import Form
from levelhead.knowledge.domain import REVIEW_DAYS, AnswerFields
from levelhead.knowledge.queries import today_of

# The desk opens at eight, with the night's posts waiting.
OPENS_AT_SECONDS = 8 * 3600
PASSWORDS_FILE = "demo-people.json"
# The agency whose answers `answers.yaml` holds.
ANSWERS_OF = "riverton-pd"
_WORDS = """
amber anchor apple arrow autumn badge baker basin beacon birch bridge canvas cedar chalk cliff
clover copper coral creek delta ember fable falcon fern field flint garden glade granite harbor
hazel heron island ivory juniper kettle lantern laurel lemon linen maple meadow mellow mill mint
morning nectar north oak ocean olive orchard otter paper pebble pepper pine plum prairie quartz
quiet raven ridge river robin saddle sage sand silver sparrow spruce stone summer swift thistle
timber valley velvet violet walnut willow winter
""".split()  # noqa: SIM905  # a hundred quoted words are no easier to read


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """How a person of the demo signs in."""

    name: str
    title: str
    agency: str
    email: str
    password: str


def install_demo(*, data: Path, speed: float) -> list[SignIn]:
    """Make the sample agencies where they are missing; gives how their people sign in.

    Passwords are drawn for this installation and kept in its data folder, readable by its owner
    only.
    """
    kept = _read_passwords(data / PASSWORDS_FILE)
    outbox = data / "demo-outbox"
    outbox.mkdir(parents=True, exist_ok=True)
    sign_ins = []
    for told in load_agencies():
        agency = Agency.objects.filter(slug=told.slug).first()
        if agency is None:
            agency = _make_agency(told, kept, outbox=outbox, speed=speed)
            _write_passwords(data / PASSWORDS_FILE, kept)
        sign_ins += [
            SignIn(
                name=person.name,
                title=person.title,
                agency=told.name,
                email=person.email,
                password=kept.get(person.email, "(changed, or kept by another installation)"),
            )
            for person in told.people
        ]
    return sign_ins


def _make_agency(told: DemoAgency, kept: dict[str, str], *, outbox: Path, speed: float) -> Agency:
    schedule = {k: v for k, v in told.schedule_json().items() if k != "zone"}
    agency = create_agency(name=told.name, slug=told.slug, zone=told.zone, schedule=schedule)
    for person in told.people:
        kept[person.email] = "-".join(secrets.choice(_WORDS) for _ in range(4))
        add_member(
            agency=agency,
            email=person.email,
            name=person.name,
            role=Role(person.role),
            password=kept[person.email],
            by=None,
        )
    _write_answers(told, agency)
    for channel in told.channels:
        add_channel(
            agency_id=agency.pk,
            platform="replay",
            name=channel.name,
            settings=channel.play_settings(
                started_at=clock.now(),
                speed=speed,
                outbox_folder=outbox,
                begin_at_seconds=OPENS_AT_SECONDS,
            ),
        )
    return agency


def _write_answers(told: DemoAgency, agency: Agency) -> None:
    """The sample agency's approved answers: written by one, approved by another."""
    if told.slug != ANSWERS_OF:
        return
    people = {place.username: User.objects.get(email=place.email) for place in told.people}
    writers = [
        people[place.username] for place in told.people if allows(Role(place.role), Ability.REPLY)
    ]
    review_on = today_of(agency) + timedelta(days=REVIEW_DAYS)
    for one in load_answers():
        owner = people[one.owner]
        # A records clerk keeps it right; it is written by who may speak for the agency.
        writer = owner if owner in writers else writers[0]
        approver = next(person for person in writers if person != writer)
        answer = write_answer(
            agency=agency,
            fields=AnswerFields(
                title=one.title,
                questions={"en": tuple(one.questions_en), "es": tuple(one.questions_es)},
                texts={"en": one.en, "es": one.es},
                forms={"en": {Form.SHORT.value: one.short_en}},
                source=one.source,
                review_on=review_on,
            ),
            owner=owner,
            by=writer,
        )
        approve_answer(
            answer=answer, review_on=review_on, by=approver, expected_version=answer.version
        )


def _read_passwords(path: Path) -> dict[str, str]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}


def _write_passwords(path: Path, kept: dict[str, str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(kept, file, indent=1)
