"""When a promise is due."""

from datetime import UTC, date, datetime, time

import pytest

from levelhead.doctrine.reply.dates import find_dates
from levelhead.doctrine.reply.promises import find_promises
from levelhead.doctrine.reply.reading import make_plain

# A Wednesday.
NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words", "day", "at"),
    [
        ("We will fix it by Friday.", "by Friday", date(2026, 11, 27), None),
        ("We will call tomorrow at 5.", "tomorrow at 5", date(2026, 11, 26), time(17)),
        ("by Monday at 9:30 am", "by Monday at 9:30 am", date(2026, 11, 30), time(9, 30)),
        ("within 48 hours", "within 48 hours", date(2026, 11, 27), time(14, 30)),
        ("in two weeks", "in two weeks", date(2026, 12, 9), None),
        ("within 3 business days", "within 3 business days", date(2026, 11, 30), None),
        ("by June 3", "by June 3", date(2027, 6, 3), None),
        ("on 1 December at 10 am", "on 1 December at 10 am", date(2026, 12, 1), time(10)),
        ("by the end of the month", "by the end of the month", date(2026, 11, 30), None),
        ("next week", "next week", date(2026, 12, 4), None),
        ("next Friday", "next Friday", date(2026, 12, 4), None),
        ("today", "today", date(2026, 11, 25), None),
        ("by noon", "by noon", date(2026, 11, 25), time(12)),
        ("by 3 pm", "by 3 pm", date(2026, 11, 25), time(15)),
        ("antes del viernes", "antes del viernes", date(2026, 11, 27), None),
        ("en 48 horas", "en 48 horas", date(2026, 11, 27), time(14, 30)),
        ("mañana a las 5", "mañana a las 5", date(2026, 11, 26), time(17)),
        ("el 3 de junio", "el 3 de junio", date(2027, 6, 3), None),
        ("dentro de 3 días hábiles", "dentro de 3 días hábiles", date(2026, 11, 30), None),
        ("pasado mañana", "pasado mañana", date(2026, 11, 27), None),
        ("la próxima semana", "la próxima semana", date(2026, 12, 4), None),
        ("by June 31", "by June 31", None, None),
    ],
)
def test_dates_are_read_with_their_place(text, words, day, at):
    [due] = find_dates(make_plain(text), 0, len(text), now=NOW)
    assert text[slice(*due.span)] == words
    assert (due.day, due.at) == (day, at)


@pytest.mark.parametrize(
    "text", ["You waited two weeks.", "It took 48 hours.", "The 12 officers came.", "Mon ami"]
)
def test_other_numbers_are_no_dates(text):
    assert list(find_dates(make_plain(text), 0, len(text), now=NOW)) == []


@pytest.mark.parametrize("count", ["9999", "999"])
def test_far_times_do_not_overflow(count):
    text = f"in {count} months, in {count} business days"
    assert len(list(find_dates(text, 0, len(text), now=datetime.max.replace(tzinfo=UTC)))) == 2


def test_promises_come_with_text_span_and_due_date():
    draft = "Thanks, Sam. We will send a crew to Oak by Friday. The road is wet."
    [promise] = find_promises(draft, now=NOW)
    assert draft[slice(*promise.span)] == "We will send a crew to Oak by Friday"
    assert promise.text == "We will send a crew to Oak by Friday."
    assert promise.due.say() == "2026-11-27"


def test_a_promise_without_a_date_is_still_one():
    [promise] = find_promises("Lo revisaremos pronto.", now=NOW)
    assert promise.due is None
