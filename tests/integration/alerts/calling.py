"""A desk with people on duty, places to call, and a worker that a test moves by hand."""

from __future__ import annotations

from datetime import timedelta

from levelhead.accounts.models import User
from levelhead.alerts.actions import add_shift, add_target, place_person
from levelhead.alerts.calling import move_alerts_on
from levelhead.alerts.models import Alert, Target
from levelhead.alerts.ringing import claim_rings, make_call
from levelhead.alerts.watching import watch_clocks
from levelhead.kernel import clock
from tests.integration.alerts.bell import Bell
from tests.integration.clocks.ticking import ClockTestCase


class AlertTestCase(ClockTestCase):
    """Alice is on duty; after her Bob is called."""

    def setUp(self) -> None:
        super().setUp()
        self.bell = Bell()
        self.addCleanup(self.bell.close)

    def man_the_desk(self) -> None:
        self.target(self.alice)
        self.target(self.bob)
        self.on_duty(self.alice)
        self.place(self.bob, 1)

    def target(self, user: User | None, topic: str = "") -> Target:
        name = topic or (user.name.lower() if user else "duty")
        return add_target(
            agency=self.agency, user=user, name=name, address=self.bell.address(name), by=self.bob
        )

    def on_duty(self, user: User, hours: int = 8) -> None:
        add_shift(
            agency=self.agency, user=user, starts_at=clock.now(),
            ends_at=clock.now() + timedelta(hours=hours), by=self.bob,
        )  # fmt: skip

    def place(self, user: User, position: int | None, quiet: tuple[int, int] | None = None) -> None:
        start, end = quiet or (None, None)
        place_person(
            agency=self.agency, user=user, position=position, quiet_from=start, quiet_to=end,
            by=self.bob,
        )  # fmt: skip

    def work(self, rounds: int = 3) -> None:
        """What the worker does, now."""
        for _ in range(rounds):
            watch_clocks()
            move_alerts_on()
            for ring in claim_rings(20):
                make_call(ring)

    def alert(self) -> Alert:
        return Alert.objects.order_by("-id")[0]
