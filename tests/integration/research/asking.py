"""A desk that asks: questions to a records clerk, with and without mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import override_settings

from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.research import actions
from levelhead.research.domain import Kind
from levelhead.research.links import link_token
from levelhead.research.models import ResearchRequest
from tests.base import People

CLERK = "clerk@records.example.gov"
QUESTION = "Does the drone over Elm Street record at night?"
WITH_MAIL = {
    "public_url": "http://testserver",
    "mail_url": "smtp://127.0.0.1:1",
    "mail_from": "desk@riverton.example",
    "imap_url": "imap://desk:desk@127.0.0.1:1/INBOX",
}


def with_mail(**changes: str) -> Any:
    """Settings of an installation that can send mail, to servers that do not answer."""
    return override_settings(ENVIRONMENT=replace(settings.ENVIRONMENT, **{**WITH_MAIL, **changes}))


class Asking(People):
    """Asks colleagues."""

    def ask(self, case: Case | None = None, **fields: Any) -> ResearchRequest:
        """A question that waits."""
        case = case or self.file_case(
            text="Do your drones film my yard at night?", author_name="Dana"
        )
        given: dict[str, Any] = {
            "question": QUESTION, "to_email": CLERK, "to_name": "Records", "by": self.alice,
            "due_at": clock.now() + timedelta(days=2), "kind": Kind.QUESTION, **fields,
        }  # fmt: skip
        return actions.ask(case=case, **given)

    @staticmethod
    def link(request: ResearchRequest) -> str:
        """The path of a question's link."""
        return f"/ask/{link_token(request.pk, request.link_number)}/"
