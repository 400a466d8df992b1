"""What tests of how replies leave share: a time that stands still, a platform, a case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from levelhead.channels import outbox
from levelhead.channels.accounts import account_of, pool
from levelhead.channels.models import OutboxItem
from levelhead.connectors.memory import MemoryPlatform, forget_platforms, platform_of
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.actions import send_reply
from levelhead.replies.models import Reply, ScheduledReply
from levelhead.replies.scheduled_leaving import leave_due
from levelhead.replies.scheduling import Words, schedule_reply
from tests.base import MONDAY, DeskTestCase

WORDS = "At 8. — Alice"


class SendingCase(DeskTestCase):
    """A question of Dana's, and a clock that a test moves."""

    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.case = self.file_case(
            text="When does the front desk open?", author_external_id="dana", author_name="Dana R."
        )
        self.tokens = 0

    @property
    def platform(self) -> MemoryPlatform:
        return platform_of(account_of(self.channel))

    def token(self) -> str:
        self.tokens += 1
        return f"form-{self.tokens}"

    def reply(self, text: str = WORDS, **fields: Any) -> Reply:
        given = {
            "case": self.case, "text": text, "by": self.alice, "form_token": self.token(),
            "expected_version": None, **fields,
        }  # fmt: skip
        # Markers grow with time; a clock that stands still would give one twice.
        self.clock.advance(timedelta(microseconds=1))
        return send_reply(**given)

    def schedule(self, *, hours: float = 2, text: str = WORDS, **fields: Any) -> ScheduledReply:
        by = fields.pop("by", self.alice)
        token = fields.pop("form_token", None) or self.token()
        return schedule_reply(
            case=fields.pop("case", self.case),
            words=Words(text=text, form_token=token, **fields),
            leaves_at=clock.now() + timedelta(hours=hours),
            by=by,
            expected_version=None,
        )

    def deliver(self, **passed: float) -> int:
        self.clock.advance(timedelta(**passed))
        return outbox.deliver_due()

    def leave(self, **passed: float) -> int:
        self.clock.advance(timedelta(**passed))
        return leave_due()

    def item(self) -> OutboxItem:
        return OutboxItem.objects.get()

    def case_now(self) -> Case:
        return Case.objects.get(pk=self.case.pk)

    def sent(self) -> int:
        return len(self.platform.sent)
