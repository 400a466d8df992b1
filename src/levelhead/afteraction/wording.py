"""The report as plain rows of words: the spreadsheet and the printed form say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from levelhead.afteraction.building import Report
from levelhead.incidents.templatetags.incident import (
    fact_status_words,
    kind_words,
    log_line_words,
    room_role_words,
    update_words,
)
from levelhead.kernel.text import clean_text
from levelhead.rumors.templatetags.rumors import rumor_state_words

# Of one cell; a longer text is in the log and on the record.
CELL = 2_000
_At = Callable[[datetime | None], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A heading, the names of its columns, and its rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]] = ()
    # Said where there is no row.
    empty: str = ""


@dataclass(frozen=True, kw_only=True)
class Pages:
    """A report in words."""

    title: str
    subtitle: str
    summary: Sequence[tuple[str, str]]
    tables: Sequence[Table] = field(default_factory=list)


def length_of(value: timedelta | None) -> str:
    """A time in minutes, or hours and minutes."""
    if value is None:
        return "–"
    minutes = max(0, round(value.total_seconds() / 60))
    if minutes < 1:
        return _("under 1 min")
    if minutes < 60:
        return ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}


def pages_of(report: Report) -> Pages:
    """Everything of a report in words, in the reader's language and the agency's time."""
    zone = ZoneInfo(report.incident.agency.zone)

    def at(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment is not None else "–"

    return Pages(
        title=_("After-action report: %(title)s") % {"title": report.incident.title},
        subtitle=f"{report.incident.agency.name} · {at(report.made_at)} {zone.key}",
        summary=list(_summary(report, at)),
        tables=[
            _promises(report, at), _updates(report, at), _rumors(report, at), _facts(report, at),
            _failures(report, at), _calls(report, at), _people(report, at), _lessons(report, at),
            _timeline(report, at),
        ],
    )  # fmt: skip


def _cell(text: str) -> str:
    return " ".join(clean_text(text, CELL).split())


def _summary(report: Report, at: _At) -> Iterator[tuple[str, str]]:
    """What a summary on ICS form 209 asks for, as far as the desk knows it."""
    one = report.incident
    yield _("Incident"), f"{one.number}. {_cell(one.title)}"
    yield _("Kind"), kind_words(one.kind)
    yield _("Place"), _cell(one.place) or "–"
    yield _("Level now, and highest"), f"{one.level}, {report.highest_level}"
    yield _("Noticed"), at(one.detected_at)
    yield _("Declared"), f"{at(one.declared_at)}, {one.declared_by.name}"
    yield _("Why"), _cell(one.declared_why)
    over = f"{at(one.over_at)}, {one.over_by.name}: {_cell(one.over_why)}" if one.over_by else "–"
    yield _("Over"), over
    yield _("Lasted"), length_of(report.lasted)
    yield _("First word"), length_of(report.first_word_in)
    yield (
        _("Promised words that came in time"),
        _("%(kept)d of %(all)d") % {"kept": report.kept, "all": report.promised},
    )
    casualties = "; ".join(_cell(fact.text) for fact in report.casualties)
    yield _("Dead and hurt, as confirmed"), casualties or _("no confirmed fact")
    yield _("Confirmed facts"), str(len(report.standing))
    if report.current is not None:
        yield _("What was said last"), _cell(report.current.lead)
        yield _("Not known"), _cell("; ".join(report.current.unknown)) or "–"
        yield _("Being done"), _cell("; ".join(report.current.doing)) or "–"
        told = "; ".join(text for _who, text in report.current.actions)
        yield _("What people were told to do"), _cell(told) or "–"
    yield _("Agencies in the room"), ", ".join(one.guest.name for one in report.guests) or "–"
    yield _("Posts that still need an answer"), str(report.owed)
    yield _("Corrections that are still due"), str(report.corrections_open)


def _promises(report: Report, at: _At) -> Table:
    rows = []
    for one in report.promises:
        if not one.settled:
            held = _("not due yet")
        elif one.kept:
            held = _("kept")
        elif one.came is None:
            held = _("did not come")
        else:
            held = _("%(time)s late") % {"time": length_of(one.late_by)}
        promised = _("the first word") if one.by_number == 0 else str(one.by_number)
        rows.append([promised, at(one.since), at(one.due), at(one.came), held])
    return Table(
        title=_("Cadence"),
        columns=[_("Promised by update"), _("Since"), _("Due"), _("Came"), _("Kept")], rows=rows,
    )  # fmt: skip


def _updates(report: Report, at: _At) -> Table:
    rows = []
    for one in report.updates:
        texts = list(one.texts.all())
        main = next((text for text in texts if text.main), texts[0] if texts else None)
        corrects = str(one.corrects.number) if one.corrects else ""
        lead = _cell(main.lead) if main else ""
        rows.append(
            [str(one.number), update_words(one.kind), corrects, at(one.at), one.by.name, lead]
        )
    return Table(
        title=_("Updates"),
        columns=[_("Number"), _("What it is"), _("Corrects"), _("At"), _("By"), _("Said")],
        rows=rows, empty=_("No update was sent."),
    )  # fmt: skip


def _rumors(report: Report, at: _At) -> Table:
    return Table(
        title=_("Rumors"),
        columns=[
            _("Number"), _("Claim"), _("First seen"), _("Posts"), _("Reach"), _("State"),
            _("Answered in update"), _("Answered after"),
        ],
        rows=[
            [
                str(line.rumor.number), _cell(line.rumor.text), at(line.rumor.first_seen_at),
                str(line.spread.posts), str(line.spread.reach),
                str(rumor_state_words(line.rumor.state)),
                str(line.rumor.correction.number) if line.rumor.correction else "–",
                length_of(line.answered_in),
            ]
            for line in report.rumors
        ],
        empty=_("No claim was put on the board."),
    )  # fmt: skip


def _facts(report: Report, at: _At) -> Table:
    return Table(
        title=_("Facts that changed"),
        columns=[
            _("Fact"), _("Versions"), _("Stands"), _("Said where it was wrong"), _("Put right"),
            _("Longest until put right"),
        ],
        rows=[
            [
                str(line.fact.number),
                " → ".join(
                    f"{_cell(one.text)} ({fact_status_words(one.status)}, {at(one.at)})"
                    for one in line.versions
                ),
                fact_status_words(line.fact.status), str(line.said), str(line.put_right),
                length_of(line.longest),
            ]
            for line in report.changed
        ],
        empty=_("No confirmed fact changed."),
    )  # fmt: skip


def _failures(report: Report, at: _At) -> Table:
    rows = []
    for one in report.failures:
        item = one.delivery.outbox_item
        became = (
            _("there after %(time)s") % {"time": length_of(one.arrived_after)}
            if one.arrived_after is not None
            else _("done without: %(why)s") % {"why": _cell(one.delivery.without_why)}
            if one.delivery.without_at is not None
            else _("not there")
        )
        rows.append(
            [
                str(one.delivery.update_of.number), one.delivery.channel.name,
                str(item.attempts), became, _cell(item.last_error)[:300],
            ]
        )  # fmt: skip
    return Table(
        title=_("Channels that did not have it at once"),
        columns=[_("Update"), _("Channel"), _("Tries"), _("What became of it"), _("Last error")],
        rows=rows, empty=_("Every channel took every update at the first try."),
    )  # fmt: skip


def _calls(report: Report, at: _At) -> Table:
    from levelhead.web import words

    return Table(
        title=_("Calls"),
        columns=[_("At"), _("Why"), _("What became of it")],
        rows=[
            [
                at(one.raised_at), str(words.of(words.ALERTS, one.kind)),
                _("%(name)s saw to it, after %(time)s")
                % {
                    "name": one.acknowledged_by.name
                    if one.acknowledged_by
                    else one.acknowledged_from,
                    "time": length_of(one.acknowledged_at - one.raised_at),
                }
                if one.acknowledged_at is not None
                else str(words.of(words.ALERT_STATES, one.state)),
            ]
            for one in report.calls
        ],
        empty=_("Nobody was called."),
    )  # fmt: skip


def _people(report: Report, at: _At) -> Table:
    return Table(
        title=_("Who did what"),
        columns=[_("Role"), _("Who"), _("From"), _("Until")],
        rows=[
            [room_role_words(one.role), one.user.name, at(one.at), at(one.until)]
            for one in report.duties
        ],
        empty=_("Nobody had a role."),
    )


def _lessons(report: Report, at: _At) -> Table:
    return Table(
        title=_("What to do better"),
        columns=[_("Lesson"), _("Who sees to it"), _("Due")],
        rows=[
            [_cell(one.text), one.commitment.owner.name, at(one.commitment.due_at)]
            for one in report.lessons
        ],
        empty=_("Nothing was written down yet."),
    )


def _timeline(report: Report, at: _At) -> Table:
    return Table(
        title=_("Timeline (ICS 214)"),
        columns=[_("At"), _("Who"), _("What"), _("Words")],
        rows=[
            [
                at(one.at), one.by.name if one.by else "Levelhead", log_line_words(one),
                _cell(one.text),
            ]
            for one in report.log
        ],
    )  # fmt: skip
