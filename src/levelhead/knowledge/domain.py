"""The words of knowledge: what an approved answer is, and when it may be offered. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from levelhead.knowledge.channel_forms import FORM_LIMITS, Form


class AnswerState(StrEnum):
    """Where an answer stands."""

    DRAFT = "draft"  # written or changed; nobody else has looked at it
    APPROVED = "approved"
    RETIRED = "retired"  # kept for the record, never offered


# Languages that an answer can be written in.
LANGUAGES: Final = ("en", "es")
TITLE_LIMIT: Final = 120
QUESTION_LIMIT: Final = 200
MOST_QUESTIONS: Final = 10
TEXT_LIMIT: Final = 3_000
SOURCE_LIMIT: Final = 300
REASON_LIMIT: Final = 300
PART_LIMIT: Final = 40
MOST_PARTS: Final = 5
# An answer is looked at again after so many days, unless somebody says sooner; never later than.
REVIEW_DAYS: Final = 180
LONGEST_REVIEW_DAYS: Final = 730

# A place that whoever sends the answer must fill in, such as [[name of the person]].
PART: Final = re.compile(rf"\[\[([^\[\]\n]{{1,{PART_LIMIT}}})\]\]")
# Controls, and characters that change the order in which others are shown.
_REFUSED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerFields:
    """What a person writes of an answer; `find_mistakes` says whether it will do."""

    title: str = ""
    # Language -> what people ask; a post is compared with those of its own language.
    questions: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    # Language -> text; a language without a text is left out.
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    # Language -> kind of channel -> the same in so few words; what fits as it is has none.
    forms: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    # Where the fact is from.
    source: str = ""
    review_on: date | None = None


def find_parts(text: str) -> list[str]:
    """The personal parts of a text, each once, in their order."""
    return list(dict.fromkeys(name.strip() for name in PART.findall(text)))


def find_mistakes(fields: AnswerFields) -> dict[str, str]:
    """Field -> the first thing wrong with it, as a key of actions.MISTAKES.

    Whether the review date is far enough away depends on the day: `review_date_fits`.
    """
    wrong: dict[str, str] = {}

    def check(name: str, text: str, limit: int) -> None:
        if _REFUSED.search(text):
            wrong.setdefault(name, "hidden_characters")
        elif len(text) > limit:
            wrong.setdefault(name, "too_long")

    if not fields.title:
        wrong["title"] = "no_title"
    check("title", fields.title, TITLE_LIMIT)
    for lang, questions in fields.questions.items():
        if len(questions) > MOST_QUESTIONS:
            wrong[f"questions_{lang}"] = "too_many_questions"
        for question in questions:
            check(f"questions_{lang}", question, QUESTION_LIMIT)
        if questions and not fields.texts.get(lang):
            wrong[f"text_{lang}"] = "questions_only"
    if not any(fields.texts.values()):
        wrong["text_en"] = "no_text"
    for lang, text in fields.texts.items():
        check(f"text_{lang}", text, TEXT_LIMIT)
        if (mistake := _parts_mistake(text)) is not None:
            wrong.setdefault(f"text_{lang}", mistake)
    for lang, forms in fields.forms.items():
        for kind, text in forms.items():
            name = form_field(kind, lang)
            check(name, text, FORM_LIMITS[Form(kind)])
            if text and not fields.texts.get(lang):
                wrong[f"text_{lang}"] = "form_only"
            if (mistake := _parts_mistake(text)) is not None:
                wrong.setdefault(name, mistake)
    if not fields.source:
        wrong["source"] = "no_source"
    check("source", fields.source, SOURCE_LIMIT)
    if fields.review_on is None:
        wrong["review_on"] = "no_date"
    return wrong


def clip_question(text: str) -> str:
    """What somebody wrote, as a question of an answer: on one line, cut at a word."""
    line = " ".join(_REFUSED.sub(" ", text).split())
    if len(line) <= QUESTION_LIMIT:
        return line
    cut = line[:QUESTION_LIMIT].rpartition(" ")[0]
    return cut or line[:QUESTION_LIMIT]


def find_question_mistake(question: str) -> str | None:
    """What is wrong with one question; None where it will do."""
    if not question:
        return "no_question"
    if _REFUSED.search(question):
        return "hidden_characters"
    return "too_long" if len(question) > QUESTION_LIMIT else None


def _parts_mistake(text: str) -> str | None:
    left = PART.sub("", text)
    if "[[" in left or "]]" in left or not all(map(str.strip, PART.findall(text))):
        return "broken_part"
    return "too_many_parts" if len(find_parts(text)) > MOST_PARTS else None


def form_field(kind: str, lang: str) -> str:
    """The name of the field in which a form of an answer is written."""
    return f"form_{kind}_{lang}"


def review_date_fits(review_on: date, today: date) -> bool:
    """Whether an answer may stand until then: from tomorrow to LONGEST_REVIEW_DAYS away."""
    return today < review_on <= today + timedelta(days=LONGEST_REVIEW_DAYS)


def is_stale(state: str, review_on: date, today: date) -> bool:
    """Whether an approved answer is past its review date: it is flagged and not offered."""
    return state == AnswerState.APPROVED and review_on < today


def may_approve_own(approvers: int) -> bool:
    """Whether the last editor may approve: only where nobody else could."""
    return approvers <= 1


def fold(text: str) -> str:
    """`text` as it is searched: small letters without accents, blanks as one blank."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
