"""All files of an incident, as bytes: worked out from what is public and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format

from levelhead.publicpage.cap import cap_files
from levelhead.publicpage.domain import (
    IN_FULL,
    IN_SHORT,
    LANGUAGES,
    PublicIncident,
    PublicUpdate,
    Site,
    in_other,
    page_name,
)
from levelhead.publicpage.feeds import ATOM, JSON, feed_files
from levelhead.publicpage.linked_data import linked_data
from levelhead.publicpage.words import audience_words
from levelhead.updates.domain import Words


def render_incident(page: PublicIncident, site: Site) -> dict[str, bytes]:
    """Name -> content, in the order in which they are to be replaced: people's page first."""
    files = static_files(("page.css", "page.js", "sw.js"))
    for lang in languages_of(page):
        files[page_name(page.lang, lang)] = _render_page(page, site, lang)
    for lang in languages_of(page):
        given = _context(page, site, lang)
        name = in_other("updates.html", page.lang, lang)
        files[name] = _render(page, "publicpage/updates.html", given, lang)
        name = in_other("embed.html", page.lang, lang)
        files[name] = _render(page, "publicpage/embed.html", given, lang)
        files |= feed_files(page, site, lang)
    return files | cap_files(page, site)


def static_files(names: tuple[str, ...]) -> dict[str, bytes]:
    """What lies beside every page, so that a folder is whole by itself."""
    folder = resources.files("levelhead.publicpage") / "files"
    return {name: (folder / name).read_bytes() for name in names}


def render_text(template: str, given: Mapping[str, Any], *, lang: str, zone: str) -> bytes:
    """A template in a language, with times in a zone."""
    with translation.override(lang), timezone.override(ZoneInfo(zone)):
        return render_to_string(template, dict(given)).encode()


def languages_of(page: PublicIncident) -> list[str]:
    """The incident's own language first."""
    return sorted(LANGUAGES, key=lambda lang: lang != page.lang)


def _render(page: PublicIncident, template: str, given: Mapping[str, Any], lang: str) -> bytes:
    return render_text(template, given, lang=lang, zone=page.zone)


def _render_page(page: PublicIncident, site: Site, lang: str) -> bytes:
    given = _context(page, site, lang)
    given["full"], given["short"], given["more"] = _split(page, given["updates"])
    return _render(page, "publicpage/incident.html", given, lang)


def _context(page: PublicIncident, site: Site, lang: str) -> dict[str, Any]:
    other = next(one for one in LANGUAGES if one != lang)
    updates = [_shown(page, one, lang) for one in reversed(page.updates)]
    return {
        "page": page, "site": site, "lang": lang, "other": other,
        "other_file": page_name(page.lang, other), "this_file": page_name(page.lang, lang),
        "all_file": in_other("updates.html", page.lang, lang), "folder": site.folder(page),
        "atom": in_other(ATOM, page.lang, lang), "json": in_other(JSON, page.lang, lang),
        "data": linked_data(page, site, lang),
        "updates": updates, "now": updates[0],
    }  # fmt: skip


def _shown(page: PublicIncident, update: PublicUpdate, lang: str) -> dict[str, Any]:
    """An update with its times and labels in words of the language."""
    words = update.words(lang)
    zone = ZoneInfo(page.zone)
    with translation.override(lang):
        return {
            "of": update, "words": words, "translated": words.lang == lang,
            "time": _time(update.at, zone), "day": _day(update.at, zone),
            "next": _time(update.next_word_at, zone) if update.next_word_at else "",
            "actions": _by_audience(words),
        }  # fmt: skip


def _by_audience(words: Words) -> list[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for who, text in words.actions:
        grouped.setdefault(audience_words(who), []).append(text)
    return list(grouped.items())


def _time(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{date_format(local, 'TIME_FORMAT')} {local.tzname()}"


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return date_format(moment.astimezone(zone), "l, " + _date_shape())


def _date_shape() -> str:
    return "F j" if translation.get_language() == "en" else r"j \d\e F"


def _split(
    page: PublicIncident, shown: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Older updates in full, in one sentence each, and how many are only on the further page."""
    del page
    full: list[dict[str, Any]] = []
    short: list[dict[str, Any]] = []
    room, room_short = IN_FULL, IN_SHORT
    for one in shown[1:]:
        length = sum(len(line) for line in one["words"].lines())
        if not short and length <= room:
            room -= length
            full.append(one)
            continue
        room_short -= len(one["words"].lead) + 100
        if room_short < 0:
            break
        short.append(one)
    return full, short, len(shown) - 1 - len(full) - len(short)
