"""A desk at which a model may draft: a fake one, on this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.test import override_settings

from levelhead.accounts.models import Agency, User
from levelhead.drafting import guarding, making
from levelhead.drafting.asking import ask_for_draft
from levelhead.drafting.choosing import Wanted, choose
from levelhead.drafting.models import DraftingChoice, MadeDraft
from levelhead.inbox.models import Case
from levelhead.knowledge.finding import shelves
from tests.integration.drafting.fake_model import FakeModel, sentences
from tests.integration.knowledge.answering import Answering

KEY = "sk-very-secret-0123456789"
ASKS = "When does the front desk open?"
TRUE = "The front desk is open Monday to Friday, 8 to 5."
FALSE = "Call Officer Martinez at 555-0199 on Sunday."
SAYS = sentences(
    ("Thank you for asking.", ()), (TRUE, (1,)), (FALSE, (1,)), missing=("Who is on duty",)
)
DRAFT = f"Thank you for asking. {TRUE}"


class Drafting(Answering):
    """Turns drafting on and has drafts made, in the same thread."""

    def start_model(self) -> None:
        """A fake model that the operator allows, and nothing remembered of the one before."""
        self.fake = FakeModel(SAYS)
        self.addCleanup(self.fake.close)  # type: ignore[attr-defined]
        allowed = override_settings(
            ENVIRONMENT=replace(settings.ENVIRONMENT, drafting_private=True)
        )
        allowed.enable()
        self.addCleanup(allowed.disable)  # type: ignore[attr-defined]
        self.forget()
        self.addCleanup(self.forget)  # type: ignore[attr-defined]

    @staticmethod
    def forget() -> None:
        """As after a start of the server."""
        guarding.forget_endpoints()
        shelves.forget()

    def wanted(self, **fields: Any) -> Wanted:
        """What an administrator writes into the form."""
        given: dict[str, Any] = {
            "on": True, "base_url": self.fake.url, "model": "small", "key": KEY,
            "forget_key": False, "seconds": 10, "monthly_tokens": 500_000,
            "languages": ("en", "es"), "sends": "post", "contact": "", **fields,
        }  # fmt: skip
        return Wanted(**given)

    def turn_on(
        self, *, agency: Agency | None = None, by: User | None = None, **fields: Any
    ) -> DraftingChoice:
        """Drafting is on, by Bob unless told otherwise."""
        return choose(agency=agency or self.agency, wanted=self.wanted(**fields), by=by or self.bob)

    def approved(self, **fields: Any) -> None:
        """The answer that the front desk's hours are in."""
        self.write_approved(**{"texts": {"en": TRUE}, **fields})

    def ask(self, **fields: Any) -> Case:
        """A post that the approved answer fits."""
        return self.file_case(**{"text": ASKS, "author_name": "Dana R.", **fields})

    def made(self, case: Case | None = None, *, by: User | None = None) -> MadeDraft:
        """A draft, asked for and made."""
        asked = ask_for_draft(case=case or self.ask(), agency=self.agency, by=by or self.alice)
        making.make(asked)
        asked.made.refresh_from_db()
        return asked.made
