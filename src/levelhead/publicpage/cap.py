"""Common Alerting Protocol 1.2: one message for each update, and a Cancel at the end.

OASIS Standard CAP-V1.2. A message never changes once it is out: everything in it comes from what
was said then.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _

from levelhead.incidents.domain import IncidentKind
from levelhead.publicpage.domain import PublicIncident, PublicUpdate, Site, page_name
from levelhead.publicpage.words import audience_words
from levelhead.updates.domain import UpdateKind, Words

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
HEADLINE_LIMIT: Final = 160
# Past the promised time the message still holds for so long: we may be late, the danger is not.
HOLDS_ON: Final = timedelta(hours=2)
MOST_REFERENCES: Final = 50
_LANGUAGE: Final = {"en": "en-US", "es": "es-US"}
_CATEGORY: Final = {
    IncidentKind.ACTIVE_THREAT: "Security", IncidentKind.MISSING_PERSON: "Rescue",
    IncidentKind.FIRE: "Fire", IncidentKind.FLOOD: "Met",
    IncidentKind.OFFICER_INVOLVED: "Security", IncidentKind.PROTEST: "Security",
    IncidentKind.DATA_BREACH: "Infra", IncidentKind.FALSE_ALARM: "Safety",
    IncidentKind.OTHER: "Safety",
}  # fmt: skip
# Level -> urgency, severity.
_GRAVITY: Final = {
    2: ("Expected", "Minor"), 3: ("Expected", "Moderate"), 4: ("Immediate", "Severe"),
}  # fmt: skip


def cap_files(page: PublicIncident, site: Site) -> dict[str, bytes]:
    """The message of each update, and the newest of them as `cap.xml`."""
    files = {
        f"cap-{update.number}.xml": _message(page, site, place)
        for place, update in enumerate(page.updates)
    }
    newest = files[f"cap-{page.current.number}.xml"]
    if page.over_at is not None:
        newest = files["cap-end.xml"] = _cancel(page, site, page.over_at)
    # Last: whoever reads it finds what it refers to.
    files["cap.xml"] = newest
    return files


def _message(page: PublicIncident, site: Site, place: int) -> bytes:
    update = page.updates[place]
    alert = _head(
        page, site, str(update.number), update.at, "Update" if place else "Alert", update.corrects
    )
    earlier = page.updates[max(0, place - MOST_REFERENCES) : place]
    if earlier:
        _add(alert, "references", _references(page, site, earlier))
    for words in update.texts:
        _info(alert, page, site, update, words)
    return _finish(alert)


def _cancel(page: PublicIncident, site: Site, over_at: datetime) -> bytes:
    alert = _head(page, site, "end", over_at, "Cancel", None)
    _add(alert, "references", _references(page, site, page.updates[-MOST_REFERENCES:]))
    return _finish(alert)


def _head(
    page: PublicIncident, site: Site, end: str, at: datetime, kind: str, corrects: int | None
) -> ET.Element:
    alert = ET.Element("alert", xmlns=NAMESPACE)
    _add(alert, "identifier", _identifier(page, end))
    _add(alert, "sender", _sender(page, site))
    _add(alert, "sent", _moment(at, page.zone))
    _add(alert, "status", "Actual")
    _add(alert, "msgType", kind)
    _add(alert, "scope", "Public")
    with translation.override(page.lang):
        if kind == "Cancel":
            _add(alert, "note", _("This incident is over."))
        elif corrects:
            _add(alert, "note", _("Corrects update %(n)d") % {"n": corrects})
    return alert


def _identifier(page: PublicIncident, end: str) -> str:
    # Nothing that ends a reference: no blank, comma, angle bracket or ampersand.
    return f"levelhead-{page.key}-{end}"


def _sender(page: PublicIncident, site: Site) -> str:
    return f"{page.agency_slug}@{site.host}"


def _references(page: PublicIncident, site: Site, updates: tuple[PublicUpdate, ...]) -> str:
    sender = _sender(page, site)
    return " ".join(
        f"{sender},{_identifier(page, str(one.number))},{_moment(one.at, page.zone)}"
        for one in updates
    )


def _moment(at: datetime, zone: str) -> str:
    # The standard wants seconds and an offset in figures, never Z.
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def _info(
    alert: ET.Element, page: PublicIncident, site: Site, update: PublicUpdate, words: Words
) -> None:
    urgency, severity = _GRAVITY[update.level]
    if page.kind is IncidentKind.FALSE_ALARM:
        urgency, severity = "Past", "Minor"
    info = ET.SubElement(alert, "info")
    _add(info, "language", _LANGUAGE.get(words.lang, words.lang))
    _add(info, "category", _CATEGORY[page.kind])
    _add(info, "event", page.title)
    _add(info, "responseType", "Execute" if words.actions else "Monitor")
    _add(info, "urgency", urgency)
    _add(info, "severity", severity)
    # Confirmed by people who saw it, or else what we hear.
    _add(info, "certainty", "Observed" if update.confirmed else "Likely")
    until = (update.next_word_at or update.at + timedelta(hours=22)) + HOLDS_ON
    _add(info, "expires", _moment(until, page.zone))
    _add(info, "senderName", page.agency)
    _add(info, "headline", _cut(words.lead, HEADLINE_LIMIT))
    with translation.override(words.lang):
        _add(info, "description", _description(words))
        if words.actions:
            lines = [f"{audience_words(who)}: {text}" for who, text in words.actions]
            _add(info, "instruction", "\n".join(lines))
    if site.base:
        _add(info, "web", site.folder(page) + page_name(page.lang, words.lang))
    if update.kind is UpdateKind.CORRECTION:
        parameter = ET.SubElement(info, "parameter")
        _add(parameter, "valueName", "correction")
        _add(parameter, "value", str(update.corrects or ""))
    if site.base:
        for one in update.pictures:
            resource = ET.SubElement(info, "resource")
            _add(resource, "resourceDesc", one.alt(words.lang))
            _add(resource, "mimeType", one.content_type)
            _add(resource, "size", str(one.size))
            _add(resource, "uri", site.folder(page) + one.file)
    area = ET.SubElement(info, "area")
    _add(area, "areaDesc", page.place or page.agency)


def _description(words: Words) -> str:
    parts = [words.lead]
    for label, lines in (
        (_("What we know"), words.known), (_("What we do not know yet"), words.unknown),
        (_("What we are doing"), words.doing),
    ):  # fmt: skip
        if lines:
            parts.append("\n".join([f"{label}:", *lines]))
    return "\n\n".join(parts)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _finish(alert: ET.Element) -> bytes:
    ET.indent(alert)
    told: bytes = ET.tostring(alert, encoding="utf-8", xml_declaration=True)
    return told + b"\n"
