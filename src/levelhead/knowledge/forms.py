"""An answer as people fill it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.http import QueryDict

from levelhead.accounts.models import Agency, User
from levelhead.kernel.text import clean_text
from levelhead.knowledge.channel_forms import FORM_LIMITS, Form
from levelhead.knowledge.domain import (
    LANGUAGES,
    MOST_QUESTIONS,
    QUESTION_LIMIT,
    REVIEW_DAYS,
    SOURCE_LIMIT,
    TEXT_LIMIT,
    TITLE_LIMIT,
    AnswerFields,
    form_field,
)
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import today_of
from levelhead.web.words import ANSWER_FORM_HINTS, ANSWER_FORMS, of
from levelhead.web.words import LANGUAGES as LANGUAGE_WORDS

# Beyond its limit so much is kept, so that the mistake can be seen and mended.
_OVER = 500


@dataclass(frozen=True, kw_only=True)
class FormRow:
    """The field of one form in one language."""

    field: str
    name: str
    hint: str
    limit: int
    text: str
    error: str


@dataclass(frozen=True, kw_only=True)
class LanguageRow:
    """What the form has for one language."""

    lang: str
    name: str
    questions: str
    questions_error: str
    text: str
    text_error: str
    forms: list[FormRow]

    @property
    def forms_open(self) -> bool:
        """Whether the part with the forms is shown open: something is in it."""
        return any(row.text or row.error for row in self.forms)


@dataclass(kw_only=True)
class AnswerForm:
    """What is in the fields, and what is wrong with it."""

    title: str = ""
    # Language -> questions, one a line.
    questions: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    # Language -> kind of channel -> text.
    forms: dict[str, dict[str, str]] = field(default_factory=dict)
    source: str = ""
    owner: int | None = None
    # As in 2026-12-31.
    review_on: str = ""
    # Field -> sentence.
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def languages(self) -> list[LanguageRow]:
        """The rows of the form, one for each language."""
        return [
            LanguageRow(
                lang=lang,
                name=of(LANGUAGE_WORDS, lang),
                questions=self.questions.get(lang, ""),
                questions_error=self.errors.get(f"questions_{lang}", ""),
                text=self.texts.get(lang, ""),
                text_error=self.errors.get(f"text_{lang}", ""),
                forms=[self._form_row(lang, form) for form in Form],
            )
            for lang in LANGUAGES
        ]

    def _form_row(self, lang: str, form: Form) -> FormRow:
        name = form_field(form.value, lang)
        return FormRow(
            field=name,
            name=of(ANSWER_FORMS, form.value),
            hint=of(ANSWER_FORM_HINTS, form.value),
            limit=FORM_LIMITS[form],
            text=self.forms.get(lang, {}).get(form.value, ""),
            error=self.errors.get(name, ""),
        )

    @property
    def fields(self) -> AnswerFields:
        """What the action checks and takes."""
        return AnswerFields(
            title=self.title,
            questions={lang: tuple(text.split("\n")) for lang, text in self.questions.items()},
            texts=self.texts,
            forms=self.forms,
            source=self.source,
            review_on=read_date(self.review_on),
        )


def read_date(text: str) -> date | None:
    """A day as browsers send it; None where it is none."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def new_answer_form(agency: Agency, by: User, *, question: str = "", lang: str = "") -> AnswerForm:
    """An empty form: the owner is who writes, the review date half a year away."""
    review_on = today_of(agency) + timedelta(days=REVIEW_DAYS)
    return AnswerForm(
        owner=by.pk,
        review_on=review_on.isoformat(),
        questions={lang if lang in LANGUAGES else LANGUAGES[0]: question},
    )


def answer_form(answer: Answer) -> AnswerForm:
    """The form with what the answer says."""
    return AnswerForm(
        title=answer.title,
        questions={lang: "\n".join(lines) for lang, lines in answer.questions.items()},
        texts=dict(answer.texts),
        forms={lang: dict(kinds) for lang, kinds in answer.forms.items()},
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
        questions={
            lang: read(f"questions_{lang}", (QUESTION_LIMIT + 1) * (MOST_QUESTIONS + 1))
            for lang in LANGUAGES
        },
        texts={lang: read(f"text_{lang}", TEXT_LIMIT) for lang in LANGUAGES},
        forms={
            lang: {
                form.value: read(form_field(form.value, lang), FORM_LIMITS[form]) for form in Form
            }
            for lang in LANGUAGES
        },
        source=read("source", SOURCE_LIMIT),
        owner=int(owner) if known else None,
        review_on=clean_text(given.get("review_on", ""), 20),
    )
