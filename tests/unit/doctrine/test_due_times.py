"""The clocks of the classes: what is due when, in office hours and in an incident."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from levelhead.doctrine import clocks
from levelhead.doctrine.clocks import Clock, Schedule, Span, load_clocks, read_clocks
from levelhead.kernel.errors import Invalid

OFFICE = Schedule.office("America/Chicago")
ZONE = ZoneInfo("America/Chicago")
SATURDAY_NIGHT = datetime(2026, 3, 7, 23, 10, 30, tzinfo=ZONE)
MONDAY = datetime(2026, 3, 2, 10, 0, 40, tzinfo=ZONE)


def dues(name, at, *, incident=False, schedule=OFFICE):
    return load_clocks().classes[name][incident].dues(schedule, at)


@pytest.mark.parametrize("incident", [False, True])
def test_threat_to_life_runs_day_and_night_to_the_second(incident):
    due = SATURDAY_NIGHT + timedelta(minutes=5)
    assert dues("threat_to_life", SATURDAY_NIGHT, incident=incident) == (due, None)


@pytest.mark.parametrize(
    ("name", "ack", "substance"),
    [
        ("harmful_rumor", (2026, 3, 2, 10, 30), None),
        ("press", (2026, 3, 2, 10, 30), None),
        ("service_question", (2026, 3, 2, 14), None),
        ("complaint", (2026, 3, 2, 14), (2026, 3, 4, 17)),
        ("research", (2026, 3, 2, 14), None),
        ("praise", (2026, 3, 3, 17), None),
        ("protected_abuse", None, None),
        ("none", None, None),
    ],
)
def test_office_column(name, ack, substance):
    expected = tuple(
        None if due is None else datetime(*due, tzinfo=ZONE) for due in (ack, substance)
    )
    assert dues(name, MONDAY) == expected


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("harmful_rumor", 10),
        ("press", 15),
        ("service_question", None),
        ("complaint", 60),
        ("research", None),
        ("praise", None),
    ],
)
def test_incident_column_does_not_wait_for_the_morning(name, minutes):
    ack, _ = dues(name, SATURDAY_NIGHT, incident=True)
    assert ack == (None if minutes is None else SATURDAY_NIGHT + timedelta(minutes=minutes))


def test_research_owes_a_promised_date():
    assert load_clocks().classes["research"][0].promise


def test_posts_of_one_minute_share_an_answer_and_are_due_in_time():
    for second in (0, 59):
        at = MONDAY.replace(second=second)
        ack, _ = dues("service_question", at)
        assert timedelta(hours=4) - timedelta(minutes=1) < ack - at <= timedelta(hours=4)


def test_two_schedules_do_not_share_what_is_remembered():
    other = Schedule.office("Asia/Tokyo")
    assert dues("complaint", MONDAY) != dues("complaint", MONDAY, schedule=other)
    assert dues("complaint", MONDAY) == dues("complaint", MONDAY)


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(clocks, "REMEMBERED", 10)
    clock = Clock(ack=Span(duration=timedelta(hours=1)))
    for minute in range(35):
        clock.dues(OFFICE, MONDAY + timedelta(minutes=minute))
    assert len(clock._remembered) <= 10


def test_a_burst_asks_the_schedule_once(monkeypatch):
    asked = []
    plain = Schedule.add_office_time
    monkeypatch.setattr(
        Schedule, "add_office_time", lambda *given: asked.append(1) or plain(*given)
    )
    clock = Clock(ack=Span(duration=timedelta(hours=1)))
    for second in range(60):
        clock.dues(OFFICE, MONDAY.replace(second=second))
    assert len(asked) == 1


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(Invalid, match="zone"):
        dues("complaint", datetime(2026, 3, 2))  # noqa: DTZ001  that is the point


def test_a_time_in_another_zone_is_the_same_moment():
    # A quarter of an hour before the clock goes forward, as the wall shows it.
    at = datetime(2026, 3, 8, 1, 58, tzinfo=ZONE)
    assert dues("threat_to_life", at)[0] == at.astimezone(UTC) + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("ack", "said"),
    [
        ({}, "one of minutes"),
        ({"minutes": 5, "hours": 1, "runs": "office_hours"}, "one of minutes"),
        ({"minutes": 5}, "runs must be"),
        ({"minutes": 0, "runs": "office_hours"}, "from 1"),
        ({"minutes": True, "runs": "office_hours"}, "number"),
        ({"working_days": 1.5}, "whole"),
        ({"working_days": 2, "runs": "day_and_night"}, "office hours"),
        ({"weeks": 2}, "unknown field 'weeks'"),
    ],
)
def test_wrong_clocks_are_refused_by_class_and_field(ack, said):
    entry = {"name": {"en": "x", "es": "x"}, "office": {"ack": ack}, "incident": {}}
    with pytest.raises(Invalid, match=said) as caught:
        read_clocks({"version": "1", "classes": {"press": entry}})
    assert caught.value.message.startswith("Clock press, office, ack")
