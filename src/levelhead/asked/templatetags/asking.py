"""Tags of what is asked often: its days, and the words for what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from django import template
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from levelhead.web import words

register = template.Library()

_BAR: Final = 6
_HEIGHT: Final = 24


@register.filter
def asked_words(state: str) -> str:
    """What a person decided about a question."""
    return words.of(words.ASKED_STATES, state)


@register.simple_tag
def day_sparkline(days: Sequence[tuple[date, int]]) -> SafeString | str:
    """Questions by day as a row of bars; the same in words for who does not see it."""
    counts = [count for _day, count in days]
    most = max([*counts, 1])
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}"></rect>',
        (
            (n * _BAR, _HEIGHT - height, _BAR - 1, height)
            for n, count in enumerate(counts)
            if (height := max(1, round(_HEIGHT * count / most)) if count else 0)
        ),
    )
    said = ngettext(
        "%(n)d question in %(days)d days, at most %(most)d in one",
        "%(n)d questions in %(days)d days, at most %(most)d in one",
        sum(counts),
    ) % {"n": sum(counts), "days": len(counts), "most": max([*counts, 0])}
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}" '
        'preserveAspectRatio="none" focusable="false">{}<rect class="spark-ground" x="0" y="{}" '
        'width="{}" height="1"></rect></svg>',
        len(counts) * _BAR, _HEIGHT + 1, said, bars, _HEIGHT, len(counts) * _BAR,
    )  # fmt: skip


@register.simple_tag
def days_table(days: Sequence[tuple[date, int]]) -> SafeString:
    """The figures of the bars, the newest first; days without a question are left out."""
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td>{}</td></tr>',
        ((formats.date_format(day, "DATE_FORMAT"), n) for day, n in reversed(days) if n),
    )
    return format_html(
        '<details class="asked-days"><summary>{}</summary><table class="usa-table '
        'usa-table--compact"><thead><tr><th scope="col">{}</th><th scope="col">{}</th></tr></thead>'
        "<tbody>{}</tbody></table></details>",
        _("By day"), _("Day"), _("Questions"), rows,
    )  # fmt: skip
