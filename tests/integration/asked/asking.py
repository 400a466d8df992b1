"""A town that asks the same in many words."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from levelhead.accounts.models import Agency
from levelhead.asked import noting
from levelhead.asked.models import AskedGroup
from levelhead.asked.noting import AskedNotes
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.knowledge.fitting import fit_answers
from tests.integration.knowledge.answering import Answering

VACCINE = (
    "Where can I get my dog vaccinated against rabies in town?",
    "When is the next rabies clinic for dogs?",
    "Is there a free rabies vaccine clinic for my dog this month?",
    "Does the city hold a rabies shot clinic for dogs?",
)
OTHERS = (
    "Who do I talk to about a broken swing at Alder Park?",
    "Can I rent the community hall for a wedding in June?",
    "My water bill doubled, who can explain it to me?",
)


class Asking(Answering):
    """Files questions and lets the worker note them."""

    def setUp(self) -> None:
        super().setUp()
        # On PostgreSQL the worker leaves the newest seconds alone; here it need not wait for them.
        settled = patch.object(noting, "SETTLE_SECONDS", -1.0)
        settled.start()
        self.addCleanup(settled.stop)

    def ask(self, text: str, *, who: str, label: str = "question", **fields: Any) -> Case:
        """A question whose answer was looked for: none fits, unless told otherwise."""
        case = self.file_case(
            text=text, author_external_id=who, author_handle=who, lang="en", **fields
        )
        Case.objects.filter(pk=case.pk).update(label=label, answer_due=False)
        return Case.objects.get(pk=case.pk)

    def ask_all(self, texts: tuple[str, ...] = VACCINE, **fields: Any) -> list[Case]:
        return [self.ask(text, who=f"person-{n}", **fields) for n, text in enumerate(texts)]

    def note(self) -> None:
        """As many rounds as there is something to do."""
        notes = AskedNotes()
        for _ in range(20):
            if notes.run_round():
                return
        raise AssertionError("noting does not end")

    def fit(self) -> None:
        while fit_answers(50):
            pass

    def groups(self, agency: Agency | None = None) -> list[AskedGroup]:
        found = AskedGroup.objects.filter(agency=agency or self.agency)
        return list(found.order_by("-asked", "pk"))

    def the_group(self) -> AskedGroup:
        """The question that most asked."""
        return self.groups()[0]


def hold(moment: Any, case: Any) -> clock.ManualClock:
    """A clock that stands at a moment for the rest of a test."""
    manual = clock.ManualClock(moment)
    context = clock.use(manual)
    context.__enter__()
    case.addCleanup(context.__exit__, None, None, None)
    return manual
