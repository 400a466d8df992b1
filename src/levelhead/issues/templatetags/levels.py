"""Levels in word, shape and number, and hours as a picture with its table."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from levelhead.issues.domain import FactState
from levelhead.web import words

register = template.Library()

SHAPES: Final = ("○", "◇", "◆", "▲", "■")
LEVELS: Final[dict[str, Promise | str]] = {
    "0": gettext_lazy("steady"),
    "1": gettext_lazy("watch"),
    "2": gettext_lazy("issue"),
    "3": gettext_lazy("serious"),
    "4": gettext_lazy("crisis"),
}
FOLLOWS: Final[dict[str, Promise | str]] = {
    "0": gettext_lazy("normal clocks"),
    "1": gettext_lazy("look again within 60 minutes"),
    "2": gettext_lazy("an owner within 30 minutes"),
    "3": gettext_lazy("tell the chief and counsel; an update at least every 2 hours"),
    "4": gettext_lazy("first public post within 15 minutes, then at least every 30 minutes"),
}
ANSWERS: Final[dict[str, Promise | str]] = {
    "business_stops": gettext_lazy("Does it stop normal work, to some extent?"),
    "leadership_needed": gettext_lazy("Must leadership decide something now?"),
    "threat_people": gettext_lazy("Does it threaten people, for the long term?"),
    "threat_environment": gettext_lazy("The environment, for the long term?"),
    "threat_operations": gettext_lazy("Your operations, for the long term?"),
    "threat_reputation": gettext_lazy("Your reputation, for the long term?"),
    "threat_finances": gettext_lazy("Your finances, for the long term?"),
}
CATALYSTS: Final[dict[str, Promise | str]] = {
    "relatable": gettext_lazy("It moves people"),
    "visual": gettext_lazy("There are pictures, or it is easy to share"),
    "press": gettext_lazy("The press has picked it up"),
    "reach": gettext_lazy("Somebody with a large following is involved"),
    "misconduct": gettext_lazy("Misconduct is alleged"),
}
FACTS: Final[dict[str, Promise | str]] = {
    FactState.UNCHECKED: gettext_lazy("not checked yet"),
    FactState.APPROVED: gettext_lazy("approved"),
    FactState.WITHDRAWN: gettext_lazy("withdrawn"),
}
# Hours that one line of the table takes together.
_TOGETHER: Final = 6
_BAR: Final = 3
_HEIGHT: Final = 28


@register.simple_tag
def level_mark(level: int) -> SafeString:
    """A level by its shape, number and word."""
    return format_html(
        '<span class="attention attention-{}" data-level="{}"><span aria-hidden="true">{}</span> '
        "{} {}</span>",
        level, level, SHAPES[level], level, words.of(LEVELS, str(level)),
    )  # fmt: skip


@register.filter
def level_words(level: int) -> str:
    """The word for a level."""
    return words.of(LEVELS, str(level))


@register.filter
def level_shape(level: int) -> str:
    """The shape for a level."""
    return SHAPES[level]


@register.filter
def level_follows(level: int) -> str:
    """What follows from a level."""
    return words.of(FOLLOWS, str(level))


@register.filter
def question_words(name: str) -> str:
    """A question of the escalation test."""
    return words.of(ANSWERS, name)


@register.filter
def catalyst_words(name: str) -> str:
    """What makes it grow faster."""
    return words.of(CATALYSTS, name)


@register.filter
def fact_words(state: str) -> str:
    """How far a fact can be relied on."""
    return words.of(FACTS, state)


@register.simple_tag
def sparkline(hours: list[tuple[datetime, int]]) -> SafeString | str:
    """Posts by hour as a row of bars; the same in words for who does not see it."""
    if not hours:
        return ""
    counts = [count for _hour, count in hours]
    most = max(*counts, 1)
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}"></rect>',
        (
            (n * _BAR, _HEIGHT - height, _BAR - 1, height)
            for n, count in enumerate(counts)
            if (height := _bar(count, most))
        ),
    )
    # The line at the bottom shows where nothing was written.
    said = ngettext(
        "%(n)d post in %(hours)d hours, at most %(most)d in one",
        "%(n)d posts in %(hours)d hours, at most %(most)d in one",
        sum(counts),
    ) % {"n": sum(counts), "hours": len(counts), "most": max(counts)}
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}" '
        'preserveAspectRatio="none" focusable="false">{}<rect class="spark-ground" x="0" y="{}" '
        'width="{}" height="1"></rect></svg>',
        len(counts) * _BAR, _HEIGHT + 1, said, bars, _HEIGHT, len(counts) * _BAR,
    )  # fmt: skip


def _bar(count: int, most: int) -> int:
    return max(1, round(_HEIGHT * count / most)) if count else 0


@register.inclusion_tag("issues/_hours.html")
def hours_table(hours: list[tuple[datetime, int]]) -> dict[str, Any]:
    """The figures of a sparkline, six hours a line, the newest first."""
    lines = []
    for start in range(0, len(hours), _TOGETHER):
        part = hours[start : start + _TOGETHER]
        lines.append((part[0][0], sum(count for _hour, count in part)))
    return {"lines": lines[::-1], "caption": _("Posts in six hours each")}
