"""Feeds of an incident's updates: Atom (RFC 4287) and JSON Feed 1.1, one of each per language."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _

from levelhead.publicpage.domain import (
    MOST_IN_FEED,
    PublicIncident,
    PublicUpdate,
    Site,
    in_other,
    page_name,
)
from levelhead.publicpage.words import audience_words
from levelhead.updates.domain import Words

ATOM: Final = "feed.atom"
JSON: Final = "feed.json"


def feed_files(page: PublicIncident, site: Site, lang: str) -> dict[str, bytes]:
    """Both feeds in one language, the newest update first."""
    with translation.override(lang):
        return {
            in_other(ATOM, page.lang, lang): _atom(page, site, lang),
            in_other(JSON, page.lang, lang): _json(page, site, lang),
        }


def feed_addresses(page: PublicIncident, site: Site, languages: list[str]) -> list[str]:
    """Where the feeds are; what a hub is told of."""
    folder = site.folder(page)
    return [folder + in_other(name, page.lang, lang) for name in (ATOM, JSON) for lang in languages]


class _Atom(Atom1Feed):
    """With the hub that tells readers of changes."""

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        if self.feed["hub"]:
            handler.addQuickElement("link", "", {"rel": "hub", "href": self.feed["hub"]})

    def latest_post_date(self) -> datetime:
        changed: datetime = self.feed["changed"]
        return changed


def _atom(page: PublicIncident, site: Site, lang: str) -> bytes:
    folder = site.folder(page)
    feed = _Atom(
        title=f"{page.title} · {page.agency}",
        link=folder + page_name(page.lang, lang),
        description=page.current.words(lang).lead,
        language=lang,
        author_name=page.agency,
        feed_url=folder + in_other(ATOM, page.lang, lang),
        feed_guid=_name(page, site, lang, ""),
        hub=site.hub,
        changed=page.changed_at,
    )
    for update in _newest(page):
        words = update.words(lang)
        feed.add_item(
            title=_title(update, words),
            link=_link(page, site, lang, update),
            description=_html(site.folder(page), update, words, lang),
            unique_id=_name(page, site, lang, f"/{update.number}"),
            pubdate=update.at,
            updateddate=_changed(page, update),
        )
    out = io.StringIO()
    feed.write(out, "utf-8")
    return out.getvalue().encode()


def _json(page: PublicIncident, site: Site, lang: str) -> bytes:
    folder = site.folder(page)
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{page.title} · {page.agency}",
        "home_page_url": folder + page_name(page.lang, lang),
        "feed_url": folder + in_other(JSON, page.lang, lang),
        "language": lang,
        "authors": [{"name": page.agency}],
        "expired": page.over_at is not None,
        "items": [
            {
                "id": _name(page, site, lang, f"/{update.number}"),
                "url": _link(page, site, lang, update),
                "title": _title(update, update.words(lang)),
                "content_html": _html(site.folder(page), update, update.words(lang), lang),
                "summary": update.words(lang).lead,
                "date_published": _moment(update.at, page),
                "date_modified": _moment(_changed(page, update), page),
                "language": update.words(lang).lang,
            }
            for update in _newest(page)
        ],
    }
    if site.hub:
        feed["hubs"] = [{"type": "WebSub", "url": site.hub}]
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _newest(page: PublicIncident) -> list[PublicUpdate]:
    return list(reversed(page.updates[-MOST_IN_FEED:]))


def _changed(page: PublicIncident, update: PublicUpdate) -> datetime:
    """An update that was put right tells so in its entry: readers shall see it again."""
    later = [one.at for one in page.updates if one.number in update.corrected_by]
    return max([update.at, *later])


def _name(page: PublicIncident, site: Site, lang: str, end: str) -> str:
    day = page.updates[0].at.date().isoformat()
    return f"tag:{site.host},{day}:incident/{page.key}/{lang}{end}"


def _link(page: PublicIncident, site: Site, lang: str, update: PublicUpdate) -> str:
    return f"{site.folder(page)}{in_other('updates.html', page.lang, lang)}#u{update.number}"


def _moment(at: datetime, page: PublicIncident) -> str:
    return at.astimezone(ZoneInfo(page.zone)).isoformat(timespec="seconds")


def _title(update: PublicUpdate, words: Words) -> str:
    told = _("Update %(n)d") % {"n": update.number}
    lead = words.lead if len(words.lead) <= 120 else words.lead[:119].rstrip() + "…"
    return f"{told}: {lead}"


def _html(folder: str, update: PublicUpdate, words: Words, lang: str) -> str:
    parts = []
    if update.corrects:
        parts.append(f"<p><b>{escape(_('Corrects update %(n)d') % {'n': update.corrects})}</b></p>")
    for number in update.corrected_by:
        told = _("Not right any more: corrected by update %(n)s") % {"n": number}
        parts.append(f"<p><b>{escape(told)}</b></p>")
    parts.append(f"<p>{escape(words.lead)}</p>")
    actions = [f"{audience_words(who)}: {text}" for who, text in words.actions]
    for label, lines in (
        (_("Do this"), actions), (_("What we know"), words.known),
        (_("What we do not know yet"), words.unknown), (_("What we are doing"), words.doing),
    ):  # fmt: skip
        if lines:
            told = "".join(f"<li>{escape(line)}</li>" for line in lines)
            parts.append(f"<h4>{escape(label)}</h4><ul>{told}</ul>")
    parts += [
        f'<p><img src="{escape(folder + one.small_file)}" alt="{escape(one.alt(lang))}" '
        f'width="{one.width}" height="{one.height}"></p>'
        for one in update.pictures
    ]
    return "".join(parts)
