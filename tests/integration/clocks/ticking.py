"""A desk whose time a test moves by hand, with cases that have clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from levelhead.channels import outbox
from levelhead.channels.accounts import pool
from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.actions import send_reply
from levelhead.replies.models import Reply
from tests.base import MONDAY
from tests.integration.web.pages import PagesTestCase

CHICAGO = ZoneInfo("America/Chicago")
QUESTION = "When does the front desk open?"
COMPLAINT = "Your officer was rude to my mother on Main Street and I want to file a complaint."
DANGER = "There is a man with a gun shooting at people by the river, help us"


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of March 2026 in Chicago."""
    return datetime(2026, 3, day, hour, minute, tzinfo=CHICAGO)


class ClockTestCase(PagesTestCase):
    """It is Monday, 9:20."""

    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def go_to(self, moment: datetime) -> None:
        """Let time pass until then."""
        self.clock.advance(moment - clock.now())

    def fresh(self, case: Case) -> Case:
        return Case.objects.get(pk=case.pk)

    def answer(
        self, case: Case, *, token: str = "one", deliver: bool = True, **given: object
    ) -> Reply:
        """Send a reply, and let it arrive."""
        reply = send_reply(
            case=case, text="At 8. — Alice", by=self.alice, form_token=token,
            expected_version=None, **given,  # type: ignore[arg-type]
        )  # fmt: skip
        if deliver:
            outbox.deliver_due()
        return reply

    def wait(self, **span: int) -> None:
        self.clock.advance(timedelta(**span))
