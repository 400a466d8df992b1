"""Tags of every page: times, posts' words, icons, and the words for states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from levelhead.channels.models import OutboxState
from levelhead.connectors.registry import platform_info
from levelhead.inbox.judging import triage_rules
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError
from levelhead.knowledge.domain import PART
from levelhead.web import words
from levelhead.web.posttext import BIDI_CONTROLS, fold_at, shift_spans, show_plain, show_text

register = template.Library()


def exact_time(value: datetime) -> str:
    """Weekday, date and time in the zone in force, such as "Mon, Mar 16, 2026, 09:20 CDT"."""
    local = timezone.localtime(value)
    day = formats.date_format(local, "D, " + formats.get_format("DATE_FORMAT"))
    return f"{day}, {local:%H:%M} {local:%Z}"


def short_time(value: datetime) -> str:
    """The time of day; with its day where that is not today."""
    local = timezone.localtime(value)
    today = timezone.localtime(clock.now()).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    if abs((local.date() - today).days) < 7:
        return f"{formats.date_format(local, 'D')} {local:%H:%M}"
    return f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {local:%H:%M}"


def relative_time(value: datetime) -> str:
    """How long ago, up to a day; then the day itself."""
    passed = clock.now() - value
    if timedelta(0) <= passed < timedelta(minutes=1):
        return _("just now")
    if timedelta(0) <= passed < timedelta(hours=1):
        minutes = int(passed.total_seconds() // 60)
        return ngettext("%(n)d min ago", "%(n)d min ago", minutes) % {"n": minutes}
    if timedelta(0) <= passed < timedelta(days=1):
        hours = int(passed.total_seconds() // 3600)
        return ngettext("%(n)d h ago", "%(n)d h ago", hours) % {"n": hours}
    return short_time(value)


@register.simple_tag
def when(value: datetime | None) -> SafeString | str:
    """A moment that passed."""
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}" data-when>{}</time>',
        value.isoformat(), exact_time(value), relative_time(value),
    )  # fmt: skip


@register.simple_tag
def at_time(value: datetime | None) -> SafeString | str:
    """A moment to come, or one that must be exact."""
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(), exact_time(value), short_time(value),
    )  # fmt: skip


@register.filter
def full_time(value: datetime) -> str:
    """A moment in full, where no title can stand."""
    return exact_time(value)


@register.filter
def overdue(value: datetime | None) -> bool:
    """Whether a due time has passed."""
    return value is not None and value < clock.now()


@register.inclusion_tag("web/_post_text.html")
def post_text(text: str, spans: Sequence[tuple[int, int]] = ()) -> dict[str, object]:
    """A post's words; a long text folded, open where the safety net fired in the fold."""
    cut = fold_at(text)
    folded = shift_spans(spans, cut, len(text))
    return {
        "head": show_text(text[:cut], shift_spans(spans, 0, cut)),
        "rest": show_text(text[cut:], folded) if cut < len(text) else "",
        "rest_characters": len(text) - cut,
        "open": bool(folded),
    }


@register.inclusion_tag("knowledge/_answer_text.html")
def answer_text(text: str) -> dict[str, object]:
    """An approved answer's words, with the parts to fill in marked."""
    pieces = []
    at = 0
    for part in PART.finditer(text):
        pieces += [(False, text[at : part.start()]), (True, part[0])]
        at = part.end()
    return {"pieces": [*pieces, (False, text[at:])]}


@register.filter
def inert(text: str) -> SafeString:
    """A name or an excerpt of a stranger, with hidden characters made visible."""
    return show_plain(text)


@register.filter
def web_address(address: str) -> str:
    """The address where a browser may follow it; nothing for any other scheme."""
    return address if address.lower().startswith(("https://", "http://")) else ""


@register.filter
def plain_name(text: object) -> str:
    """A stranger's name for where nothing but text can stand: without hidden characters."""
    return BIDI_CONTROLS.sub("", str(text))


@register.simple_tag
def icon(name: str) -> SafeString:
    """A picture of the sprite; what it means stands beside it in words."""
    return format_html(
        '<svg class="usa-icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("vendor/uswds/img/sprite.svg"), name,
    )  # fmt: skip


@register.filter
def label_words(label: str) -> str:
    """What a label is called on a screen."""
    named = triage_rules().label_words.get(label, {})
    return str(named.get((get_language() or "en")[:2]) or named.get("en") or label)


@register.filter
def disposition_words(disposition: str) -> str:
    """What the desk proposes to do."""
    return words.of(words.DISPOSITIONS, disposition)


@register.filter
def state_words(state: str) -> str:
    """Where the work on a case stands."""
    return words.of(words.STATES, state)


@register.filter
def snooze_words(key: str) -> str:
    """When a case that is put aside comes back."""
    return words.of(words.SNOOZES, key)


@register.filter
def answer_words(state: str) -> str:
    """Where an approved answer stands."""
    return words.of(words.ANSWER_STATES, state)


@register.filter
def outbox_words(state: str) -> str:
    """Where something that leaves stands."""
    return str(OutboxState(state).label)


@register.filter
def form_words(form: str) -> str:
    """The form that an answer has for a kind of channel."""
    return words.of(words.ANSWER_FORMS, form)


@register.filter
def proposal_words(state: str) -> str:
    """Where a proposal to learn something stands."""
    return words.of(words.PROPOSALS, state)


@register.filter
def scope_words(scope: str) -> str:
    """What a program's key may do."""
    return words.of(words.SCOPES, scope)


@register.filter
def severity_words(severity: str) -> str:
    """How much a finding of the reply check weighs."""
    return words.of(words.SEVERITIES, severity)


@register.filter
def topic_words(topic: str) -> str:
    """What a webhook is told of."""
    return words.of(words.TOPICS, topic)


@register.filter
def figure_words(name: str) -> str:
    """Which posts a figure is about."""
    return words.of(words.FIGURES, name)


@register.filter
def waits_words(waits_for: str) -> str:
    """Whose work it is."""
    return words.of(words.WAITS_FOR, waits_for)


@register.filter
def language_words(lang: str) -> str:
    """A language by its name; its code where the name is not known."""
    return words.of(words.LANGUAGES, lang)


@register.filter
def role_words(role: str) -> str:
    """A role by its name."""
    return words.of(words.ROLES, role)


@register.filter
def role_may(role: str) -> str:
    """What a role may do."""
    return words.of(words.ROLES_MAY, role)


@register.filter
def platform_title(platform: str) -> str:
    """A platform by its name."""
    try:
        return platform_info(platform).title
    except ConfigurationError:
        return platform


@register.filter
def waiting_words(value: str) -> str:
    """What a paused clock waits on, in words."""
    return words.of(words.WAITING_ON, value)


@register.filter
def ended_words(value: str) -> str:
    """What ended a clock, in words."""
    return words.of(words.ENDED_BY, value)


@register.filter
def span_words(value: timedelta) -> str:
    """How long, to the minute, such as "2 h 10 min"."""
    hours, minutes = divmod(int(value.total_seconds()) // 60, 60)
    if not hours:
        return _("%(m)d min") % {"m": minutes}
    return _("%(h)d h %(m)d min") % {"h": hours, "m": minutes}


@register.filter
def alert_words(value: str) -> str:
    """Why somebody is called, in words."""
    return words.of(words.ALERTS, value)


@register.filter
def alert_state_words(value: str) -> str:
    """Where an alert stands, in words."""
    return words.of(words.ALERT_STATES, value)


@register.filter
def ring_words(value: str) -> str:
    """Where a call stands, in words."""
    return words.of(words.RINGS, value)


@register.filter
def clock_minutes(value: int | None) -> str:
    """Minutes after midnight as a time of the day; empty where there are none."""
    return f"{value // 60:02}:{value % 60:02}" if isinstance(value, int) else ""
