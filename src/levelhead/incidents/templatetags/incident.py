"""Words of incidents: kinds, roles, facts, updates, and the clock of silence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from levelhead.incidents.domain import IncidentKind, RoomRole, Silence, Tone
from levelhead.incidents.kinds import template_of
from levelhead.incidents.models import LogEntry
from levelhead.kernel import clock
from levelhead.ledger.domain import FactStatus, FactSubject
from levelhead.publicpage.words import audience_words as public_words
from levelhead.records.queries import ACTIONS
from levelhead.updates.domain import Audience, UpdateKind
from levelhead.web import words

register = template.Library()

ROLES: Final[dict[str, Promise | str]] = {
    RoomRole.LEAD: gettext_lazy("leads"),
    RoomRole.WRITER: gettext_lazy("writes updates"),
    RoomRole.FACTS: gettext_lazy("finds out facts"),
    RoomRole.RUMORS: gettext_lazy("watches rumors"),
    RoomRole.CHANNELS: gettext_lazy("watches channels"),
    RoomRole.LIAISON: gettext_lazy("speaks with press and agencies"),
}
STATUSES: Final[dict[str, Promise | str]] = {
    FactStatus.UNCONFIRMED: gettext_lazy("waits for confirmation"),
    FactStatus.CONFIRMED: gettext_lazy("confirmed"),
    FactStatus.FALSE: gettext_lazy("not true"),
    FactStatus.SUPERSEDED: gettext_lazy("replaced"),
}
SIGNS: Final = {
    FactStatus.UNCONFIRMED: "…", FactStatus.CONFIRMED: "✓", FactStatus.FALSE: "✕",
    FactStatus.SUPERSEDED: "↷",
}  # fmt: skip
SUBJECTS: Final[dict[str, Promise | str]] = {
    FactSubject.GENERAL: gettext_lazy("something else"),
    FactSubject.IDENTITY: gettext_lazy("who somebody is"),
    FactSubject.CASUALTIES: gettext_lazy("dead or hurt, and how many"),
    FactSubject.CUSTODY: gettext_lazy("somebody is held"),
    FactSubject.SAFE: gettext_lazy("people are safe"),
    FactSubject.ALL_CLEAR: gettext_lazy("the danger is over"),
}
UPDATES: Final[dict[str, Promise | str]] = {
    UpdateKind.WORD: gettext_lazy("update"),
    UpdateKind.CORRECTION: gettext_lazy("correction"),
    UpdateKind.LAST: gettext_lazy("last update"),
}


@register.filter
def kind_words(kind: str) -> str:
    """What happened, in words."""
    return template_of(kind).in_language(get_language() or "en").words


@register.filter
def room_role_words(role: str) -> str:
    """What somebody does in an incident."""
    return words.of(ROLES, role)


@register.filter
def fact_status_words(status: str) -> str:
    """How far a statement can be relied on."""
    return words.of(STATUSES, status)


@register.filter
def fact_sign(status: str) -> str:
    """The same as a sign; the words stand beside it."""
    return SIGNS[FactStatus(status)]


@register.filter
def subject_words(subject: str) -> str:
    """What a statement is about."""
    return words.of(SUBJECTS, subject)


@register.filter
def update_words(kind: str) -> str:
    """What an update is."""
    return words.of(UPDATES, kind)


@register.filter
def audience_words(audience: str) -> str:
    """Whom an instruction is for, in the words that everybody reads."""
    return public_words(Audience(audience))


@register.filter
def log_line_words(entry: LogEntry) -> str:
    """What was done, in words: of an update where, of a role which and to whom."""
    what = str(ACTIONS.get(entry.action, entry.action))
    # Lines from before these were kept have the action alone.
    told = entry.told
    if entry.action.startswith("outbox:update:") and "name" in told:
        return _("%(what)s: update %(n)s, %(channel)s") % {
            "what": what, "n": told.get("number"), "channel": told["name"],
        }  # fmt: skip
    if entry.action == "person:incident:role_given" and "name" in told:
        return _("%(what)s: %(name)s %(role)s") % {
            "what": what, "name": told["name"], "role": room_role_words(str(told.get("role"))),
        }  # fmt: skip
    return what


@register.filter
def minutes_of(value: timedelta) -> int:
    """A time in whole minutes."""
    return int(value.total_seconds() // 60)


@register.inclusion_tag("incidents/_silence.html")
def silence_clock(silence: Silence | None, short: bool = False) -> dict[str, object]:
    """When the next word is due: in words, and louder when it is late. Scripts make it tick."""
    if silence is None:
        return {"silence": None}
    now = clock.now()
    return {
        "silence": silence,
        "tone": silence.tone(now).value,
        "now": now,
        **silence_words(silence, short=short),
    }


@register.simple_tag
def silence_percent(silence: Silence | None) -> int:
    """How much of the promised time has gone, in percents; at most 100."""
    return min(100, round(100 * silence.share(clock.now()))) if silence is not None else 0


def silence_words(silence: Silence, *, short: bool) -> dict[str, str]:
    """The sentence of each tone, with a place for the time; and the one that holds now."""
    first = silence.first
    told = (
        {
            Tone.CALM: _("word due in %(time)s"),
            Tone.SOON: _("soon: word due in %(time)s"),
            Tone.LATE: _("late: word due %(time)s ago"),
        }
        if short
        else {
            Tone.CALM: _("First word due in %(time)s") if first else _("Next word due in %(time)s"),
            Tone.SOON: _("Soon: first word due in %(time)s")
            if first
            else _("Soon: next word due in %(time)s"),
            Tone.LATE: _("Late: first word was due %(time)s ago")
            if first
            else _("Late: next word was due %(time)s ago"),
        }
    )
    now = clock.now()
    tone = silence.tone(now)
    return {
        **{f"words_{one.value}": text.replace("%(time)s", "{}") for one, text in told.items()},
        "said": told[tone] % {"time": as_minutes(abs(silence.due - now))},
    }


def as_minutes(value: timedelta) -> str:
    """Minutes and seconds as a clock has them; hours where there are any."""
    seconds = int(value.total_seconds())
    if seconds >= 3600:
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{seconds // 60:02}:{seconds % 60:02}"


@register.simple_tag
def fact_mark(status: str) -> SafeString:
    """Where a fact stands, by sign and word."""
    return format_html(
        '<span class="fact-mark fact-mark-{}"><span aria-hidden="true">{}</span> {}</span>',
        status, fact_sign(status), fact_status_words(status),
    )  # fmt: skip


@register.filter
def example_of(kind: str) -> str:
    """An example of the one sentence, for a kind."""
    return template_of(IncidentKind(kind)).in_language(get_language() or "en").sentence


@register.simple_tag
def text_of(row: Any, lang: str) -> str:
    """A ticked fact's words in a language, as they were typed."""
    return str(row.texts.get(lang, ""))


@register.simple_tag
def text_in(texts: dict[str, str], lang: str) -> str:
    """What was typed in a language."""
    return texts.get(lang, "")


@register.simple_tag
def picture_alt(row: Any, lang: str) -> str:
    """What a picture shows, in a language or else in one that was written."""
    return str(row.alt(lang))
