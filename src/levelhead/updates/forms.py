"""Filling the form of an update, and reading it with everything that was typed."""

from __future__ import annotations

import secrets
from typing import Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from levelhead.accounts.models import User
from levelhead.doctrine.yaml_reading import LANGUAGES
from levelhead.inbox.pages import read_id
from levelhead.incidents.domain import REASON_LIMIT
from levelhead.incidents.kinds import template_of
from levelhead.incidents.models import Incident
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_name
from levelhead.knowledge.queries import kind_of_channel
from levelhead.ledger.queries import list_facts
from levelhead.pictures.domain import MOST
from levelhead.pictures.keeping import Given, keep_picture
from levelhead.pictures.models import Picture
from levelhead.posts.queries import closed_because, list_channels
from levelhead.updates.composer import ChannelRow, Composer, FactRow, LanguageRow, PictureRow
from levelhead.updates.domain import TOKEN_LIMIT, Audience, UpdateKind
from levelhead.updates.picturing import most_on
from levelhead.updates.queries import SentUpdate, find_update, last_update

# Of one field, a little over what all its lines may have.
FIELD_LIMIT: Final = 7_000
TEXT_LIMIT: Final = 20_000


def _languages(incident: Incident) -> list[LanguageRow]:
    others = [lang for lang in LANGUAGES if lang != incident.lang]
    return [LanguageRow(lang=lang, main=lang == incident.lang) for lang in (incident.lang, *others)]


def _channels(incident: Incident) -> list[ChannelRow]:
    return [
        ChannelRow(
            channel=channel, closed=closed_because(channel), limit=kind_of_channel(channel).limit,
            lang=incident.lang, most_pictures=most_on(channel),
        )
        for channel in list_channels(incident.agency)
    ]  # fmt: skip


def new_composer(incident: Incident, *, corrects: int | None = None) -> Composer:
    """The first one from the kind's template; each later one from the one before it."""
    form = Composer(
        incident=incident, token=secrets.token_urlsafe(16), after_number=incident.updates_count,
        languages=_languages(incident), channels=_channels(incident),
        facts=[FactRow(line=line) for line in list_facts(incident)],
    )  # fmt: skip
    for way in form.channels:
        # One that is signed out is not: it would wait there for a person.
        way.chosen = way.closed is None
    last = last_update(incident)
    template = template_of(incident.kind)
    if last is None:
        for row in form.languages:
            texts = template.in_language(row.lang)
            row.lead = texts.lead
            row.unknown, row.doing = "\n".join(texts.unknown), "\n".join(texts.doing)
            row.actions = {Audience(who): text for who, text in texts.actions.items()}
        minutes = int(template.next_word.total_seconds() // 60)
    else:
        _carry_over(form, last)
        minutes = 20
    fitting = [one for one in form.minutes if one <= minutes] or form.minutes
    form.next_choice = str(fitting[-1])
    if corrects is not None:
        form.kind, form.corrects = UpdateKind.CORRECTION, find_update(incident, corrects)
    return form


def _carry_over(form: Composer, last: SentUpdate) -> None:
    """What was not known, what is done and what to do mostly still hold; the lead is new."""
    said = {text.lang: text.words for text in last.texts}
    for row in form.languages:
        words = said.get(row.lang)
        if words is None:
            continue
        row.unknown, row.doing = "\n".join(words.unknown), "\n".join(words.doing)
        row.actions = dict(words.actions)
    cited = {one.fact_id: one for one in last.update.citations.all()}
    for fact in form.facts:
        fact.ticked = fact.line.may_be_said and fact.line.fact.pk in cited
        if not fact.ticked or cited[fact.line.fact.pk].version != fact.line.fact.version:
            continue
        place = [one.fact_id for one in cited.values()].index(fact.line.fact.pk)
        for lang, words in said.items():
            if place < len(words.known):
                fact.texts[lang] = words.known[place]


def read_composer(incident: Incident, given: QueryDict) -> Composer:
    """The form as it was sent, with everything that was typed."""
    kinds = {one.value for one in UpdateKind}
    kind = given.get("kind", "")
    number = given.get("after_number", "")
    corrected = read_id(given.get("corrects"))
    form = Composer(
        incident=incident,
        token=clean_name(given.get("form_token", ""), TOKEN_LIMIT + 1),
        after_number=int(number) if number.isascii() and number.isdigit() and len(number) < 7
        else -1,
        kind=UpdateKind(kind) if kind in kinds else UpdateKind.WORD,
        corrects=find_update(incident, corrected) if corrected else None,
        languages=_languages(incident), channels=_channels(incident),
        next_choice=given.get("next", "")[:10], next_at=given.get("next_at", "")[:10],
        next_exact=given.get("next_exact", "")[:40],
        all_the_same=given.get("all_the_same", "")[: REASON_LIMIT + 1],
    )  # fmt: skip
    for row in form.languages:
        row.lead = _read(given, f"lead_{row.lang}")
        row.unknown = _read(given, f"unknown_{row.lang}")
        row.doing = _read(given, f"doing_{row.lang}")
        row.actions = {who: _read(given, f"do_{who.value}_{row.lang}") for who in Audience}
    ticked = set(given.getlist("fact")[:500])
    for line in list_facts(incident):
        fact = FactRow(line=line)
        fact.ticked = fact.value in ticked
        ticked.discard(fact.value)
        fact.texts = {
            row.lang: _read(given, f"fact_{line.fact.pk}_{row.lang}") for row in form.languages[1:]
        }
        form.facts.append(fact)
    form.changed = len(ticked)
    chosen = set(given.getlist("channel")[:500])
    for way in form.channels:
        pk = way.channel.pk
        way.chosen = str(pk) in chosen
        lang = given.get(f"lang_{pk}", "")
        way.lang = lang if lang in LANGUAGES else incident.lang
        way.text = _read(given, f"text_{pk}", TEXT_LIMIT)
        way.made = _read(given, f"made_{pk}", TEXT_LIMIT)
    form.pictures = _read_pictures(incident, given)
    return form


def _read_pictures(incident: Incident, given: QueryDict) -> list[PictureRow]:
    """Those that were given before, in their order."""
    wanted = list(dict.fromkeys(filter(None, map(read_id, given.getlist("picture")[: 2 * MOST]))))
    found = Picture.objects.filter(agency_id=incident.agency_id).in_bulk(wanted) if wanted else {}
    return [
        PictureRow(
            picture=found[pk], dropped=given.get(f"drop_{pk}") == "yes",
            alts={lang: _read(given, f"alt_{pk}_{lang}") for lang in LANGUAGES},
        )
        for pk in wanted
        if pk in found
    ]  # fmt: skip


def add_picture(form: Composer, given: QueryDict, file: Given, by: User) -> None:
    """Take a picture in with what was written beside it. Raises Invalid."""
    if not form.room_for_pictures:
        raise Invalid(_("At most %(n)d pictures. Leave one out first.") % {"n": MOST})
    picture = keep_picture(agency=form.incident.agency, given=file, by=by)
    row = next((one for one in form.pictures if one.picture.pk == picture.pk), None)
    if row is None:
        row = PictureRow(picture=picture)
        form.pictures.append(row)
    row.dropped = False
    for lang in LANGUAGES:
        row.alts[lang] = _read(given, f"new_alt_{lang}") or row.alts.get(lang, "")


def _read(given: QueryDict, name: str, limit: int = FIELD_LIMIT) -> str:
    return given.get(name, "").replace("\r\n", "\n")[:limit]
