"""A desk whose people are told of things, on a clock that a test moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from levelhead.accounts.models import User
from levelhead.alerts.models import Shift
from levelhead.inbox.actions import add_note
from levelhead.inbox.models import Case, Note
from levelhead.kernel import clock
from levelhead.notifications.domain import Choice, Kind
from levelhead.notifications.models import Notification
from levelhead.notifications.preferring import change_preferences
from tests.base import MONDAY, People


class Telling(People):
    """Notes, shifts and preferences."""

    def stop_the_clock(self) -> clock.ManualClock:
        """A clock that stands at 9:20 on a Monday in Chicago."""
        manual = clock.ManualClock(MONDAY)
        self.enterContext(clock.use(manual))  # type: ignore[attr-defined]
        return manual

    def put_on_duty(self, person: User, *, hours: float = 8, begins_in: float = 0) -> Shift:
        """A shift of this person's."""
        begins = clock.now() + timedelta(hours=begins_in)
        return Shift.objects.create(
            agency=self.agency, user=person, added_by=self.bob, starts_at=begins,
            ends_at=begins + timedelta(hours=hours),
        )  # fmt: skip

    def write_note(self, text: str, *, by: User | None = None, case: Case | None = None) -> Note:
        """A note on a case of the agency."""
        case = case or self.file_case(text="Do your drones film my yard?\nMy number is 555-0101.")
        return add_note(conversation=case.conversation, text=text, by=by or self.alice)

    def choose(self, person: User, kind: Kind = Kind.MENTION, **fields: Any) -> None:
        """What a person wants to hear of."""
        hours = {name: fields.pop(name, None) for name in ("quiet_from", "quiet_to", "digest_at")}
        change_preferences(
            agency=self.agency, person=person, choices={kind: Choice(**fields)}, **hours
        )

    def told(self, person: User) -> list[tuple[str, int]]:
        """What a person was told of, oldest first: kind and count."""
        rows = Notification.objects.filter(user=person).order_by("pk")
        return [(row.kind, row.count) for row in rows]
