"""Riverton's people, accounts and answers fit the rest of the program."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from levelhead.accounts.domain import Ability, Role, allows
from levelhead.channels.domain import ChannelAccount
from levelhead.connectors import registry
from levelhead.demo.agencies import RIVERTON as AGENCIES_FILE
from levelhead.demo.agencies import DemoAgency, load_agencies
from levelhead.demo.answers import load_answers
from levelhead.demo.streams import STREAM_NAMES
from levelhead.doctrine.schedule import Schedule
from levelhead.kernel.errors import Invalid

RIVERTON, MAPLE = load_agencies()


def test_two_agencies_share_nobody() -> None:
    assert RIVERTON.name == "Riverton Police Department"
    assert MAPLE.name == "Maple County Sheriff"
    assert [person.username for person in RIVERTON.people] == ["alice", "bob", "dana"]
    assert [person.username for person in MAPLE.people] == ["charlie"]


def test_people_can_do_their_work() -> None:
    roles = {person.username: Role(person.role) for person in (*RIVERTON.people, *MAPLE.people)}
    assert allows(roles["alice"], Ability.MANAGE)
    assert allows(roles["bob"], Ability.RECORDS)
    assert allows(roles["dana"], Ability.REPLY)
    assert not allows(roles["dana"], Ability.MANAGE)
    assert {duty for person in RIVERTON.people for duty in person.duties} == {
        "information_officer",
        "records",
        "duty_officer",
    }


def test_no_password_is_in_the_file() -> None:
    given = yaml.safe_load(AGENCIES_FILE.read_text(encoding="utf-8"))
    for agency in given["agencies"]:
        for person in agency["people"]:
            assert set(person) == {"username", "name", "title", "role", "duties", "email"}


@pytest.mark.parametrize("agency", [RIVERTON, MAPLE], ids=lambda agency: agency.slug)
def test_office_hours_are_in_force(agency: DemoAgency) -> None:
    schedule = Schedule.from_json(agency.schedule_json())
    # Tuesday, 10:00 in Chicago, and Christmas Day at the same hour.
    assert schedule.is_open(datetime(2026, 11, 24, 16, 0, tzinfo=UTC))
    assert not schedule.is_open(datetime(2026, 12, 25, 16, 0, tzinfo=UTC))


def test_every_account_plays_its_stream(tmp_path: Path) -> None:
    assert [channel.looks_like for channel in RIVERTON.channels] == list(STREAM_NAMES)
    started_at = datetime(2026, 1, 6, 6, 0, tzinfo=UTC)
    for number, channel in enumerate(RIVERTON.channels, 1):
        settings = channel.play_settings(
            started_at=started_at, speed=60, outbox_folder=tmp_path, begin_at_seconds=30_000
        )
        connector = registry.connect(
            ChannelAccount(
                channel_id=number, platform="replay", name=channel.name, settings=settings
            )
        )
        assert connector.check() == channel.handle
        connector.close()


def test_there_are_fourteen_answers_in_two_languages() -> None:
    answers = load_answers()
    assert len(answers) == len({answer.key for answer in answers}) == 14
    owners = {person.username for person in RIVERTON.people}
    for answer in answers:
        assert answer.source.startswith("https://riverton.example/")
        assert answer.owner in owners
        assert 80 < len(answer.en) < 500, answer.key
        assert 80 < len(answer.es) < 600, answer.key
        assert answer.en != answer.es


@pytest.mark.parametrize("text", ["", "agencies: 5", "agencies: [{}]", "a: [", "agencies: [x]"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(text)
    with pytest.raises(Invalid, match=r"other\.yaml"):
        load_agencies(path)
    with pytest.raises(Invalid, match=r"other\.yaml"):
        load_answers(path)
