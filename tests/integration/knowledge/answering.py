"""Answers for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from levelhead.accounts.models import User
from levelhead.knowledge.actions import approve_answer, write_answer
from levelhead.knowledge.domain import AnswerFields
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import today_of
from tests.base import People

DESK: dict[str, Any] = {
    "title": "Front desk hours",
    "questions": {
        "en": (
            "When does the front desk open?",
            "Is the station lobby open on Saturday?",
            "what time do you close",
        ),
        "es": (
            "¿A qué hora abre la recepción?",
            "¿Abren los sábados?",
            "horario de la estación",
        ),
    },
    "texts": {
        "en": "[[greeting]], the front desk is open Monday to Friday, 8 to 5.",
        "es": "[[saludo]], la recepción está abierta de lunes a viernes, de 8 a 5.",
    },
    "source": "Directive 12, page 3",
}
TRASH: dict[str, Any] = {
    "title": "Missed trash pickup",
    "questions": {
        "en": (
            "My garbage was not collected",
            "When is trash picked up?",
            "nobody picked up our garbage this week",
        )
    },
    "texts": {"en": "Call 311 and the truck comes back within two days."},
    "source": "Public works, service page",
}
REPORT: dict[str, Any] = {
    "title": "Copy of a report",
    "questions": {"en": ("How do I get a copy of a police report?", "accident report request")},
    "texts": {"en": "Reports can be asked for online or at the records window."},
    "source": "Records, fee table",
}


class Answering(People):
    """Writes and approves answers."""

    def write(self, by: User | None = None, **changes: Any) -> Answer:
        """A draft of the first agency, by Alice unless told otherwise."""
        by = by or self.alice
        return write_answer(agency=self.agency, fields=self.fields(**changes), owner=by, by=by)

    def fields(self, **changes: Any) -> AnswerFields:
        """What a person would write."""
        given = {**DESK, "review_on": today_of(self.agency) + timedelta(days=90), **changes}
        given["questions"] = {
            lang: asked for lang, asked in given["questions"].items() if lang in given["texts"]
        }
        return AnswerFields(**given)

    def approve(self, answer: Answer, days: int = 90) -> Answer:
        """Approve as Bob."""
        return approve_answer(
            answer=answer, review_on=today_of(self.agency) + timedelta(days=days), by=self.bob,
            expected_version=answer.version,
        )  # fmt: skip

    def write_approved(self, **changes: Any) -> Answer:
        """An answer that may be offered."""
        return self.approve(self.write(**changes))
