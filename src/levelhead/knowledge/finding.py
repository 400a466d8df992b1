"""Which approved answers fit a post; what is read of them is kept until one changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import structlog

from levelhead.accounts.models import Agency
from levelhead.knowledge.channel_forms import FULL, ChannelKind, choose
from levelhead.knowledge.domain import LANGUAGES, find_parts
from levelhead.knowledge.models import Answer, KnowledgeHead
from levelhead.knowledge.queries import offerable, today_of

if TYPE_CHECKING:
    from levelhead.analysis.retrieval import AnswerIndex, Match

log = structlog.get_logger(__name__)

MOST_OFFERED: Final = 3
# Answers of an agency in one language that are looked through, the newest first.
MOST_READ: Final = 1_000
# More of a post is not read: the encoder cuts earlier.
_POST_CHARACTERS: Final = 4_000
# Texts of another language than the post's lie far from it and would pull the score down: titles
# are taken to be in this one.
_TITLES_IN: Final = "en"
# What people say that asks nothing, by language. It stands in each index as an answer that is never
# offered: the score counts the lead over the next answer, and an answer alone would lead nobody;
# and thanks or anger are nearer to this than to the answer that is least far.
_CHATTER: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "Thank you for everything you do",
        "You should be ashamed of yourselves",
        "Congratulations to the whole team",
        "What a beautiful day in town",
        "I do not believe a word of this",
        "That is so funny",
        "Praying for the family",
        "Our taxes pay for this",
    ),
    "es": (
        "Gracias por todo lo que hacen",
        "Deberían tener vergüenza",
        "Felicidades a todo el equipo",
        "Qué bonito día hace hoy",
        "No creo ni una palabra de esto",
        "Jajaja qué risa",
        "Oraciones para la familia",
        "Para esto pagamos impuestos",
    ),
}
_NO_ANSWER: Final = "chatter"
# Agencies and languages whose answers are kept ready in this process.
_KEPT: Final = 32


class Outcome(StrEnum):
    """What came of looking for an answer."""

    FITS = "fits"
    NONE = "none"  # looked, and none fits
    EMPTY = "empty"  # there is nothing to offer in the post's language
    LANGUAGE = "language"  # no answer can be written in the post's language


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedAnswer:
    """An approved answer in the post's language, and how well it fits."""

    id: int
    title: str
    text: str
    source: str
    # Probability that it fits, in whole percents.
    percent: int = 0
    parts: tuple[str, ...] = ()
    # Kind of channel -> the same in fewer words.
    forms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    # For the channel of the post: what of it was chosen, for which channel, and how many
    # characters too many it has there.
    form: str = FULL
    channel: str = ""
    over: int = 0
    # The whole answer, where a form of it was chosen.
    full_text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What is offered for a post: at most MOST_OFFERED answers, the best first."""

    outcome: Outcome
    lang: str
    answers: tuple[OfferedAnswer, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shelf:
    """An agency's offerable answers in one language, read."""

    version: int
    day: date
    # Id and version of each answer that is in the index.
    stock: tuple[tuple[int, int], ...]
    answers: Mapping[str, OfferedAnswer]
    index: AnswerIndex | None


class Shelves:
    """The shelves of this process. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, str], _Shelf] = OrderedDict()

    def take(self, agency: Agency, lang: str) -> _Shelf:
        """The agency's answers as they are now; one question to the database where none changed.

        Raises _UnreadableError where the models are missing; it is tried again the next time.
        """
        version = (
            KnowledgeHead.objects.filter(agency=agency).values_list("version", flat=True).first()
            or 0
        )
        day = today_of(agency)
        # Held while the answers are read: a second page would only do the same work again.
        with self._lock:
            key = (agency.pk, lang)
            shelf = self._kept.pop(key, None)
            if shelf is None or (shelf.version, shelf.day) != (version, day):
                shelf = _fill_shelf(agency, lang, version, day, shelf)
            self._kept[key] = shelf
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return shelf

    def forget(self) -> None:
        """Read everything anew."""
        with self._lock:
            self._kept.clear()


def _fill_shelf(
    agency: Agency, lang: str, version: int, day: date, before: _Shelf | None
) -> _Shelf:
    rows = [
        answer
        for answer in offerable(agency, day).defer("words").order_by("-pk")[:MOST_READ]
        if answer.texts.get(lang)
    ]
    stock = tuple((answer.pk, answer.version) for answer in rows)
    if before is not None and before.stock == stock:
        # Another day, or a change elsewhere: what was read still holds.
        return _Shelf(
            version=version, day=day, stock=stock, answers=before.answers, index=before.index
        )
    return _Shelf(
        version=version,
        day=day,
        stock=stock,
        answers={
            str(answer.pk): OfferedAnswer(
                id=answer.pk,
                title=answer.title,
                text=answer.texts[lang],
                source=answer.source,
                parts=tuple(find_parts(answer.texts[lang])),
                forms=dict(answer.forms.get(lang, {})),
            )
            for answer in rows
        },
        index=_read(rows, lang) if rows else None,
    )


class _UnreadableError(Exception):
    """The models are missing, or do not do what they should."""


def _read(rows: Sequence[Answer], lang: str) -> AnswerIndex:
    try:
        # Here, not above: pages import this module, and most processes never look for an answer.
        from levelhead.analysis.encoder import load_encoder
        from levelhead.analysis.retrieval import AnswerIndex, AnswerTexts

        return AnswerIndex(
            [
                *(AnswerTexts(id=str(answer.pk), texts=_found_by(answer, lang)) for answer in rows),
                AnswerTexts(id=_NO_ANSWER, texts=_CHATTER[lang]),
            ],
            load_encoder(),
        )
    except Exception as error:
        # The library that runs the models has errors of its own for a file that is not there.
        raise _UnreadableError(repr(error)[:300]) from error


def _find(index: AnswerIndex, texts: Sequence[str]) -> list[list[Match]]:
    """For each text the answers that fit, the best first."""
    try:
        # One more than is offered: the chatter may be among them.
        found = index.find([text[:_POST_CHARACTERS] for text in texts], limit=MOST_OFFERED + 1)
    except Exception as error:
        raise _UnreadableError(repr(error)[:300]) from error
    return [
        [match for match in matches if match.fits and match.id != _NO_ANSWER][:MOST_OFFERED]
        for matches in found
    ]


def _found_by(answer: Answer, lang: str) -> tuple[str, ...]:
    title = (answer.title,) if lang == _TITLES_IN else ()
    return (*title, *answer.questions.get(lang, ()), answer.texts[lang])


shelves: Final = Shelves()


def offer_answers(agency: Agency, *, text: str, lang: str) -> Offer:
    """The answers that fit a post in `lang`; "und" counts as English. Never raises for models.

    Where the models are missing nothing fits, the log says why, and the page goes on.
    """
    lang = language_of(lang)
    if lang not in LANGUAGES:
        return Offer(outcome=Outcome.LANGUAGE, lang=lang)
    try:
        shelf = shelves.take(agency, lang)
        if shelf.index is None:
            return Offer(outcome=Outcome.EMPTY, lang=lang)
        [matches] = _find(shelf.index, [text])
    except _UnreadableError as error:
        # A post must be answerable without its suggestions, whatever is wrong with the models.
        log.warning("no answers can be suggested", agency=agency.pk, error=str(error))
        return Offer(outcome=Outcome.NONE, lang=lang)
    fitting = tuple(_scored(shelf.answers[match.id], match.score) for match in matches)
    return Offer(outcome=Outcome.FITS if fitting else Outcome.NONE, lang=lang, answers=fitting)


def language_of(lang: str) -> str:
    """The language in which a post's answer is looked for: "und" counts as English."""
    return "en" if lang in ("und", "") else lang


def find_best(
    agency: Agency, *, texts: Sequence[str], lang: str
) -> list[OfferedAnswer | None] | None:
    """For each post the answer that `offer_answers` would put first; None where none fits.

    None instead of a list where the models cannot be read: nothing is known then.
    """
    lang = language_of(lang)
    if lang not in LANGUAGES:
        return [None for _ in texts]
    try:
        shelf = shelves.take(agency, lang)
        if shelf.index is None:
            return [None for _ in texts]
        found = _find(shelf.index, texts)
    except _UnreadableError as error:
        log.warning("no answers can be looked for", agency=agency.pk, error=str(error))
        return None
    return [
        _scored(shelf.answers[matches[0].id], matches[0].score) if matches else None
        for matches in found
    ]


def _scored(answer: OfferedAnswer, score: float) -> OfferedAnswer:
    return OfferedAnswer(
        id=answer.id,
        title=answer.title,
        text=answer.text,
        source=answer.source,
        parts=answer.parts,
        forms=answer.forms,
        # A hundred would promise what no model can.
        percent=min(99, round(100 * score)),
    )


def for_channel(offer: Offer, kind: ChannelKind) -> Offer:
    """The same answers in the form that a channel takes, where they have one."""
    return replace(offer, answers=tuple(_in_form(answer, kind) for answer in offer.answers))


def _in_form(answer: OfferedAnswer, kind: ChannelKind) -> OfferedAnswer:
    said = choose(answer.text, answer.forms, kind)
    return replace(
        answer, text=said.text, form=said.form, channel=kind.name, over=said.over,
        full_text=answer.text, parts=tuple(find_parts(said.text)),
    )  # fmt: skip


def find_chosen(offer: Offer, answer_id: int | None, *, form: str = "") -> OfferedAnswer | None:
    """The offered answer that somebody chose, whole where that was wished.

    Only what is offered can be chosen.
    """
    found = next((answer for answer in offer.answers if answer.id == answer_id), None)
    if found is not None and form == FULL and found.full_text:
        return replace(found, text=found.full_text, form=FULL)
    return found
