"""Office hours: over nights, holidays and changes of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from levelhead.doctrine.clocks import Schedule
from levelhead.kernel.errors import Invalid

CHICAGO = ZoneInfo("America/Chicago")
OFFICE = Schedule.office("America/Chicago", holidays=frozenset({date(2026, 7, 3)}))
ZONES = [
    "America/Chicago", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC",
    # Its clocks change at a quarter to three; at midnight; for a month in the middle of summer.
    "Pacific/Chatham", "America/Havana", "Africa/Casablanca", "America/St_Johns",
]  # fmt: skip


def local(year, month, day, hour=0, minute=0, fold=0, zone=CHICAGO):
    return datetime(year, month, day, hour, minute, fold=fold, tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        # Monday morning, before and inside hours.
        (local(2026, 3, 2, 6), 4, local(2026, 3, 2, 12)),
        (local(2026, 3, 2, 9, 30), 4, local(2026, 3, 2, 13, 30)),
        # Ends with the day, and one hour later goes on the next morning.
        (local(2026, 3, 2, 13), 4, local(2026, 3, 2, 17)),
        (local(2026, 3, 2, 14), 4, local(2026, 3, 3, 9)),
        # Friday afternoon over the weekend; the Sunday night changes to summer time.
        (local(2026, 3, 6, 16), 4, local(2026, 3, 9, 11)),
        # Thursday evening over the holiday of 3 July and the weekend.
        (local(2026, 7, 2, 18), 1, local(2026, 7, 6, 9)),
        # Back to winter time.
        (local(2026, 10, 30, 16, 30), 1, local(2026, 11, 2, 8, 30)),
    ],
)
def test_office_time_is_counted_in_open_hours(start, hours, due):
    assert OFFICE.add_office_time(start, timedelta(hours=hours)) == due


def test_no_duration_is_now_or_the_next_opening():
    assert OFFICE.add_office_time(local(2026, 3, 2, 9), timedelta()) == local(2026, 3, 2, 9)
    assert OFFICE.add_office_time(local(2026, 3, 2, 17), timedelta()) == local(2026, 3, 3, 8)


def test_office_days_end_at_close_and_skip_closed_days():
    assert OFFICE.office_days(local(2026, 3, 2, 9), 1) == local(2026, 3, 3, 17)
    assert OFFICE.office_days(local(2026, 3, 6, 23), 2) == local(2026, 3, 10, 17)
    assert OFFICE.office_days(local(2026, 7, 2, 9), 1) == local(2026, 7, 6, 17)


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    nights = Schedule.from_json(
        {
            "zone": "America/Chicago",
            "hours": {"friday": [["22:00", "06:00"]], "saturday": [["22:00", "06:00"]]},
            "holidays": ["2026-03-07"],
        }
    )
    assert nights.is_open(local(2026, 3, 7, 5, 59))
    assert not nights.is_open(local(2026, 3, 7, 6))
    assert not nights.is_open(local(2026, 3, 7, 23)), "the holiday closes what begins on it"
    assert nights.add_office_time(local(2026, 3, 7, 5), timedelta(hours=2)) == local(
        2026, 3, 13, 23
    )


def test_a_shift_over_the_change_to_summer_time_is_an_hour_shorter():
    always = Schedule.day_and_night("America/Chicago")
    start, end = local(2026, 3, 8), local(2026, 3, 9)
    assert always.office_time_between(start, end) == timedelta(hours=23)
    assert always.office_time_between(local(2026, 11, 1), local(2026, 11, 2)) == timedelta(hours=25)


def test_hours_in_the_hour_that_is_left_out_are_none():
    schedule = Schedule.from_json(
        {
            "zone": "America/Chicago",
            "hours": {"sunday": [["02:10", "02:50"], ["02:55", "04:00"]]},
        }
    )
    # 8 March 2026: the clock goes from 02:00 to 03:00.
    open_time = schedule.office_time_between(local(2026, 3, 8), local(2026, 3, 9))
    assert open_time == timedelta(hours=1)
    assert schedule.is_open(local(2026, 3, 8, 3))
    assert not schedule.is_open(local(2026, 3, 8, 1, 59))


def test_hours_that_come_twice_begin_at_their_first_occurrence():
    schedule = Schedule.from_json(
        {"zone": "America/Chicago", "hours": {"sunday": [["01:30", "02:30"]]}}
    )
    assert schedule.is_open(local(2026, 11, 1, 1, 30, fold=0))
    assert schedule.is_open(local(2026, 11, 1, 1, 10, fold=1))
    assert schedule.office_time_between(local(2026, 11, 1), local(2026, 11, 2)) == timedelta(
        hours=2
    )


def test_a_day_that_a_zone_left_out_is_closed():
    schedule = Schedule.day_and_night("Pacific/Apia")
    apia = ZoneInfo("Pacific/Apia")
    start, end = local(2011, 12, 29, zone=apia), local(2011, 12, 31, zone=apia)
    assert schedule.office_time_between(start, end) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "object"),
        ({"zone": "Mars/Olympus", "hours": {"monday": [["08:00", "17:00"]]}}, "time zone"),
        ({"zone": "../../etc/passwd", "hours": {"monday": [["08:00", "17:00"]]}}, "time zone"),
        ({"hours": {}}, "zone"),
        ({"zone": "UTC"}, "hours"),
        ({"zone": "UTC", "hours": {}}, "never open"),
        ({"zone": "UTC", "hours": {"monday": []}}, "never open"),
        ({"zone": "UTC", "hours": {"mon": [["08:00", "17:00"]]}}, "not a day"),
        ({"zone": "UTC", "hours": {"monday": "08:00-17:00"}}, "monday"),
        ({"zone": "UTC", "hours": {"monday": [["8:00", "17:00"]]}}, "'8:00' is not a time"),
        ({"zone": "UTC", "hours": {"monday": [["08:00", "24:30"]]}}, "'24:30' is not a time"),
        ({"zone": "UTC", "hours": {"monday": [["24:00", "08:00"]]}}, "only be an end"),
        ({"zone": "UTC", "hours": {"monday": [["08:00"]]}}, "interval"),
        (
            {"zone": "UTC", "hours": {"monday": [["08:00", "12:00"], ["11:00", "17:00"]]}},
            "monday runs into monday",
        ),
        (
            {
                "zone": "UTC",
                "hours": {"sunday": [["22:00", "06:00"]], "monday": [["05:00", "9:00"]]},
            },
            "not a time",
        ),
        (
            {
                "zone": "UTC",
                "hours": {"sunday": [["22:00", "06:00"]], "monday": [["05:00", "09:00"]]},
            },
            "sunday runs into monday",
        ),
        ({"zone": "UTC", "hours": {"monday": [["08:00", "17:00"]]}, "holidays": ["x"]}, "date"),
        ({"zone": "UTC", "hours": {"monday": [["08:00", "17:00"]]}, "holidays": [3]}, "date"),
        ({"zone": "UTC", "hours": {"monday": [["08:00", "17:00"]]}, "open": 1}, "open"),
    ],
)
def test_wrong_hours_are_refused_with_a_sentence(given, said):
    with pytest.raises(Invalid, match=said):
        Schedule.from_json(given)


def test_times_that_cannot_be_placed_are_refused():
    with pytest.raises(Invalid, match="zone"):
        OFFICE.is_open(datetime(2026, 3, 2))  # noqa: DTZ001  that is the point
    with pytest.raises(Invalid, match="calendar"):
        OFFICE.add_office_time(datetime.max.replace(tzinfo=UTC), timedelta(hours=5))
    with pytest.raises(Invalid, match="negative"):
        OFFICE.add_office_time(local(2026, 3, 2), timedelta(seconds=-1))
    with pytest.raises(Invalid, match="ten years"):
        OFFICE.add_office_time(local(2026, 3, 2), timedelta(days=4_000))
    with pytest.raises(Invalid, match="one office day"):
        OFFICE.office_days(local(2026, 3, 2), 0)


def test_a_week_that_holidays_close_for_ever_is_refused_not_searched_for_ever():
    first = date(2026, 1, 5)
    mondays = frozenset(first + timedelta(weeks=week) for week in range(600))
    schedule = Schedule(zone="UTC", weekly=(((480, 1020),), *((),) * 6), holidays=mondays)
    with pytest.raises(Invalid, match="ten years"):
        schedule.add_office_time(datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=5))
    with pytest.raises(Invalid, match="ten years"):
        schedule.office_days(datetime(2026, 1, 1, tzinfo=UTC), 1)


@st.composite
def schedules(draw):
    """Weeks with up to three intervals a day, some over midnight, and some holidays."""
    marks = draw(
        st.lists(st.integers(0, 7 * 96 - 1), min_size=2, max_size=24, unique=True).map(sorted)
    )
    weekly = [[] for _ in range(7)]
    for start, end in zip(marks[::2], marks[1::2], strict=False):
        length = min(15 * (end - start), 1440)
        day, minute = divmod(15 * start, 1440)
        weekly[day].append((minute, minute + length))
    holidays = draw(st.frozensets(st.dates(date(2026, 2, 20), date(2026, 4, 20)), max_size=5))
    # Closed for weeks, as a school is.
    weeks = draw(st.integers(0, 9))
    holidays |= {date(2026, 3, 1) + timedelta(days=n) for n in range(7 * weeks)}
    return Schedule(
        zone=draw(st.sampled_from(ZONES)),
        weekly=tuple(tuple(day) for day in weekly),
        holidays=holidays,
        public_holidays=draw(st.sampled_from(["", "US", "US-TX"])),
    )


# Around both changes of the clock in most zones.
moments = st.one_of(
    st.datetimes(datetime(2026, 2, 25), datetime(2026, 4, 8)),  # noqa: DTZ001
    st.datetimes(datetime(2026, 10, 20), datetime(2026, 11, 5)),  # noqa: DTZ001
    # Over a leap day, and the turn of the year.
    st.datetimes(datetime(2028, 2, 25), datetime(2028, 3, 3)),  # noqa: DTZ001
    st.datetimes(datetime(2026, 12, 20), datetime(2027, 1, 5)),  # noqa: DTZ001
).map(lambda at: at.replace(tzinfo=UTC))
durations = st.integers(0, 60 * 60 * 30).map(lambda seconds: timedelta(seconds=seconds))


@given(schedules(), moments, durations)
def test_the_office_time_that_passed_is_the_duration(schedule, start, duration):
    due = schedule.add_office_time(start, duration)
    assert due >= start
    assert schedule.office_time_between(start, due) == duration


@given(schedules(), moments, durations)
def test_due_is_inside_office_hours_or_at_their_end(schedule, start, duration):
    due = schedule.add_office_time(start, duration)
    just_before = due - timedelta(microseconds=1)
    assert schedule.is_open(just_before if duration else due)


@given(schedules(), moments, moments, durations)
def test_later_posts_are_never_due_earlier(schedule, one, other, duration):
    first, second = sorted((one, other))
    assert schedule.add_office_time(first, duration) <= schedule.add_office_time(second, duration)
    assert schedule.office_days(first, 2) <= schedule.office_days(second, 2)


@given(schedules(), moments, durations, durations)
def test_more_time_is_never_due_earlier(schedule, start, one, other):
    short, long = sorted((one, other))
    assert schedule.add_office_time(start, short) <= schedule.add_office_time(start, long)


@given(schedules(), moments, durations, st.sampled_from(ZONES))
def test_the_zone_in_which_a_time_is_written_changes_nothing(schedule, start, duration, zone):
    written = start.astimezone(ZoneInfo(zone))
    assert schedule.add_office_time(written, duration) == schedule.add_office_time(start, duration)
    assert schedule.is_open(written) == schedule.is_open(start)
    assert schedule.office_days(written, 1) == schedule.office_days(start, 1)


@given(moments, durations, st.sampled_from(ZONES))
def test_a_day_of_24_hours_passes_like_any_time(start, duration, zone):
    assert Schedule.day_and_night(zone).add_office_time(start, duration) == start + duration


@given(schedules(), moments)
def test_is_open_agrees_with_the_wall_clock_away_from_changes(schedule, at):
    zone = ZoneInfo(schedule.zone)
    wall = at.astimezone(zone)
    day = timedelta(days=1)
    offsets = {(at + step).astimezone(zone).utcoffset() for step in (-2 * day, day)}
    assume(len(offsets) == 1)
    expected = any(
        start <= wall.hour * 60 + wall.minute + back * 1440 < end
        for back in (0, 1)
        for start, end in schedule.weekly[(wall.date() - back * day).weekday()]
        if schedule.closed_for(wall.date() - back * day) is None
    )
    assert schedule.is_open(at) == expected


@given(schedules())
def test_hours_survive_being_written_and_read(schedule):
    again = Schedule.from_json(schedule.as_json())
    assert again == schedule
    assert hash(again) == hash(schedule)


TEXAS = Schedule.from_json(
    {
        "zone": "America/Chicago",
        "hours": {
            day: [["08:00", "17:00"]]
            for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
        },
        "public_holidays": "US",
        "open_on": ["Columbus Day"],
    }
)


def test_public_holidays_close_the_office_in_every_year():
    for year in (2026, 2031, 2048):
        assert not TEXAS.is_open(local(year, 12, 25, 10))
    # Independence Day 2026 is a Saturday: the Friday before is off in its stead.
    assert not TEXAS.is_open(local(2026, 7, 3, 10))
    assert TEXAS.closed_for(date(2026, 7, 3)) == ("Independence Day",)
    # New Year's Day 2022 was a Saturday; its day off fell into the year before.
    assert TEXAS.closed_for(date(2021, 12, 31)) == ("New Year's Day",)


def test_a_holiday_on_which_the_office_is_open_is_an_ordinary_day():
    assert TEXAS.closed_for(date(2026, 10, 12)) is None
    assert TEXAS.is_open(local(2026, 10, 12, 10))


def test_a_question_of_friday_evening_is_due_after_the_long_weekend():
    comes = local(2026, 9, 4, 16, 50)
    assert TEXAS.add_office_time(comes, timedelta(hours=4)) == local(2026, 9, 8, 11, 50)


def test_a_school_closed_for_the_summer_opens_again():
    summer = frozenset(date(2026, 6, 1) + timedelta(days=n) for n in range(77))
    school = Schedule.office("America/Chicago", holidays=summer)
    due = school.add_office_time(local(2026, 5, 29, 16), timedelta(hours=4))
    assert due == local(2026, 8, 17, 11)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"public_holidays": "US-ZZ"}, "no holidays"),
        ({"public_holidays": 3}, "public holidays"),
        ({"open_on": "Christmas"}, "list"),
        ({"open_on": [""]}, "name"),
        ({"open_on": ["x" * 201]}, "name"),
        ({"open_on": ["x"] * 101}, "list"),
    ],
)
def test_wrong_holidays_are_refused_with_a_sentence(given, said):
    hours = {"monday": [["08:00", "17:00"]]}
    with pytest.raises(Invalid, match=f"(?i){said}"):
        Schedule.from_json({"zone": "UTC", "hours": hours, **given})


@given(schedules(), moments, durations.filter(bool), st.floats(0, 1), durations)
def test_a_pause_costs_the_office_time_that_passed_in_it(schedule, start, duration, part, paused):
    due = schedule.add_office_time(start, duration)
    stops = start + part * (due - start)
    left = schedule.office_time_between(stops, due)
    goes_on = stops + paused
    new_due = schedule.add_office_time(goes_on, left)
    lasted = schedule.office_time_between(stops, goes_on)
    assert schedule.office_time_between(start, new_due) == duration + lasted
    assert new_due >= due
