"""What search engines read on the page: schema.org SpecialAnnouncement and ClaimReview."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString, mark_safe

from levelhead.publicpage.domain import PublicIncident, Site, page_name

# Nothing that could end the block it stands in.
_ESCAPES: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
_RATING: Final = {"true": 5, "partly": 3, "false": 1}


def linked_data(page: PublicIncident, site: Site, lang: str) -> SafeString:
    """The block's text; nothing in it can end it."""
    told = json.dumps(_graph(page, site, lang), ensure_ascii=False, separators=(",", ":"))
    return mark_safe(told.translate(_ESCAPES))  # noqa: S308  # no sign that acts is left


def _graph(page: PublicIncident, site: Site, lang: str) -> dict[str, Any]:
    zone = ZoneInfo(page.zone)
    words = page.current.words(lang)
    publisher = {"@type": "GovernmentOrganization", "name": page.agency}
    address = site.folder(page) + page_name(page.lang, lang)
    until = page.over_at or (
        (page.current.next_word_at or page.current.at + timedelta(hours=22)) + timedelta(hours=2)
    )
    announced: dict[str, Any] = {
        "@type": "SpecialAnnouncement",
        "name": page.title,
        "text": words.lead,
        "datePosted": page.updates[0].at.astimezone(zone).isoformat(timespec="seconds"),
        "dateModified": page.changed_at.astimezone(zone).isoformat(timespec="seconds"),
        "expires": until.astimezone(zone).isoformat(timespec="seconds"),
        "inLanguage": words.lang,
        "publisher": publisher,
    }
    if page.place:
        announced["spatialCoverage"] = {"@type": "Place", "name": page.place}
    if site.base:
        announced["url"] = address
    return {
        "@context": "https://schema.org",
        "@graph": [announced, *(_review(page, one, publisher, address) for one in page.rumors)],
    }


def _review(
    page: PublicIncident, rumor: Any, publisher: dict[str, str], address: str
) -> dict[str, Any]:
    rating: dict[str, Any] = {"@type": "Rating", "alternateName": rumor.verdict}
    if rumor.verdict in _RATING:
        rating |= {"ratingValue": _RATING[rumor.verdict], "bestRating": 5, "worstRating": 1}
    return {
        "@type": "ClaimReview",
        "claimReviewed": rumor.claim,
        "reviewBody": rumor.answer,
        "datePublished": rumor.at.astimezone(ZoneInfo(page.zone)).isoformat(timespec="seconds"),
        "inLanguage": rumor.lang,
        "author": publisher,
        "reviewRating": rating,
        **({"url": f"{address}#rumors"} if address.startswith("http") else {}),
    }
