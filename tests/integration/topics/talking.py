"""A town that talks: ordinary posts, and many about one thing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from levelhead.accounts.models import Agency
from levelhead.kernel import clock
from levelhead.topics import watching
from levelhead.topics.models import Topic
from levelhead.topics.watching import TopicWatch
from tests.base import People

ORDINARY = (
    "The bakery on Main has pumpkin bread again.",
    "Anyone lost a grey cat near the school?",
    "My bus came late, as every Tuesday.",
    "Thanks to the crossing guard at Lincoln Elementary.",
    "What time does the library close on Sunday?",
    "The creek smells of mud after the rain.",
    "Our neighbors have a yard sale on Saturday.",
    "Found a set of keys beside the tennis court.",
)
DRONES = (
    "The drone program was voted in last night and nobody asked my street.",
    "So the council approved the drone program, with what money?",
    "Does the drone program mean cameras over my garden?",
    "I read the drone program policy twice and still have questions.",
    "Who sees what the drone program films?",
    "My kids want to know whether the drone program flies at night.",
    "The drone program will be loud, ask the people near the airfield.",
    "Please explain the drone program before it starts.",
    "How many drones does the drone program buy?",
    "The drone program needs rules in writing.",
    "I am not against the drone program, I am against not being asked.",
    "Will the drone program film the farmers market?",
    "Somebody put up a poster about the drone program on Elm.",
    "The drone program is all my mother talks about today.",
)


class Talking(People):
    """Files posts and lets the watch read them."""

    def chat(self, count: int, *, start: datetime, every: timedelta, **fields: Any) -> None:
        """Ordinary posts, one at a time."""
        for n in range(count):
            self.say(f"{ORDINARY[n % len(ORDINARY)]} ({n})", at=start + n * every, **fields)

    def say(self, text: str, *, at: datetime, **fields: Any) -> None:
        """One post, written and received then."""
        with clock.use(clock.ManualClock(at)):
            self.receive(self.incoming(text=text, created_at=at, **fields))

    def rise(self, *, start: datetime, count: int = 24, **fields: Any) -> None:
        """Many write about one thing."""
        for n in range(count):
            given = {"author_external_id": f"critic-{n}", **fields}
            self.say(f"{DRONES[n % len(DRONES)]} {n}", at=start + timedelta(minutes=n), **given)

    def watch(self, watch: TopicWatch | None = None, *, rounds: int = 20) -> TopicWatch:
        """Let a worker's chore read all that was filed."""
        watch = watch or TopicWatch()
        # What was filed a moment ago is settled: there is one writer here.
        with mock.patch.object(watching, "SETTLE_SECONDS", -60.0):
            for _ in range(rounds):
                watch.run_round()
        return watch

    def make_topic(self, agency: Agency | None = None, **fields: Any) -> Topic:
        """A topic as the watch would have told of it."""
        now = clock.now()
        given: dict[str, Any] = {
            "agency": agency or self.agency, "name": "drone program",
            "terms": '["drone program"]', "level": 2, "first_seen": now, "last_seen": now,
            "raised_at": now, "posts": 21, "baseline": 3.0, "spread": 17,
            "reasons": '{"en": ["21 posts where 3 are usual."], "es": ["21 publicaciones."]}',
        }  # fmt: skip
        return Topic.objects.create(**{**given, **fields})
