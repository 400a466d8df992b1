"""An answer as people fill it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.http import QueryDict

from levelhead.accounts.models import Agency, User
from levelhead.kernel.text import clean_text
from levelhead.knowledge.domain import (
    LANGUAGES,
    MOST_QUESTIONS,
    QUESTION_LIMIT,
    REVIEW_DAYS,
    SOURCE_LIMIT,
    TEXT_LIMIT,
    TITLE_LIMIT,
    AnswerFields,
)
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import today_of
from levelhead.web.words import LANGUAGES as LANGUAGE_WORDS
from levelhead.web.words import of

# Beyond its limit so much is kept, so that the mistake can be seen and mended.
_OVER = 500


@dataclass(kw_only=True)
class AnswerForm:
    """What is in the fields, and what is wrong with it."""

    title: str = ""
    # One a line.
    questions: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    source: str = ""
    owner: int | None = None
    # As in 2026-12-31.
    review_on: str = ""
    # Field -> sentence.
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def languages(self) -> list[tuple[str, str, str, str]]:
        """Rows of the form: (language, name, text, mistake)."""
        return [
            (
                lang,
                of(LANGUAGE_WORDS, lang),
                self.texts.get(lang, ""),
                self.errors.get(f"text_{lang}", ""),
            )
            for lang in LANGUAGES
        ]

    @property
    def fields(self) -> AnswerFields:
        """What the action checks and takes."""
        return AnswerFields(
            title=self.title,
            questions=tuple(line for line in self.questions.split("\n") if line.strip()),
            texts=self.texts,
            source=self.source,
            review_on=read_date(self.review_on),
        )


def read_date(text: str) -> date | None:
    """A day as browsers send it; None where it is none."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def new_answer_form(agency: Agency, by: User, *, question: str = "") -> AnswerForm:
    """An empty form: the owner is who writes, the review date half a year away."""
    review_on = today_of(agency) + timedelta(days=REVIEW_DAYS)
    return AnswerForm(owner=by.pk, review_on=review_on.isoformat(), questions=question)


def answer_form(answer: Answer) -> AnswerForm:
    """The form with what the answer says."""
    return AnswerForm(
        title=answer.title,
        questions="\n".join(answer.questions),
        texts=dict(answer.texts),
        source=answer.source,
        owner=answer.owner_id,
        review_on=answer.review_on.isoformat(),
    )


def read_answer_form(given: QueryDict) -> AnswerForm:
    """The form as it was sent; the action checks it."""

    def read(name: str, limit: int) -> str:
        # Line ends only: what cannot be kept is refused in words, not replaced.
        text = given.get(name, "")[: limit + _OVER]
        return text.replace("\r\n", "\n").replace("\r", "\n")

    owner = given.get("owner", "")
    known = owner.isascii() and owner.isdigit() and len(owner) < 19
    return AnswerForm(
        title=read("title", TITLE_LIMIT),
        questions=read("questions", (QUESTION_LIMIT + 1) * (MOST_QUESTIONS + 1)),
        texts={lang: read(f"text_{lang}", TEXT_LIMIT) for lang in LANGUAGES},
        source=read("source", SOURCE_LIMIT),
        owner=int(owner) if known else None,
        review_on=clean_text(given.get("review_on", ""), 20),
    )
