"""Posting for tests: an approved answer, two channels that take posts and one that does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from levelhead.channels import outbox
from levelhead.channels.accounts import account_of, pool
from levelhead.channels.models import Channel
from levelhead.connectors.memory import MemoryPlatform, forget_platforms, platform_of
from levelhead.kernel import clock
from levelhead.knowledge.models import Answer
from levelhead.posts.actions import send_post
from levelhead.posts.domain import Said
from levelhead.posts.models import OwnPost
from tests.base import MONDAY
from tests.integration.knowledge.answering import TRASH, Answering

WORDS = "Missed trash? Call 311 and the truck comes back within two days. Details: https://city.example/trash"


class Posting(Answering):
    """Says things to everybody."""

    second: Channel
    answer: Answer
    clock: clock.ManualClock

    def make_posting(self) -> None:
        """An answer and a second channel; the far side is empty and the clock stands."""
        forget_platforms()
        pool.close()
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)  # type: ignore[attr-defined]
        self.second = self.make_channel(self.agency, "Village square")
        self.answer = self.write_approved(**TRASH)

    def platform(self, channel: Channel) -> MemoryPlatform:
        return platform_of(account_of(channel))

    def say(self, *channels: Channel, text: str = WORDS, **fields: Any) -> OwnPost:
        given: dict[str, Any] = {
            "agency": self.agency, "answer": self.answer, "lang": "en", "by": self.alice,
            "form_token": "form-1",
            "said": [Said(channel_id=one.pk, text=text, form="full") for one in channels],
            **fields,
        }  # fmt: skip
        return send_post(**given)

    def deliver(self, minutes: int = 0) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        outbox.deliver_due()
