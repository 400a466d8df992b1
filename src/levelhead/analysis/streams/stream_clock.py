"""The time of a stream whose posts come late, without a time, or from a clock that jumped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from levelhead.kernel import clock

# A post so much older than the newest is late, not a sign of another clock.
LATE_SECONDS: Final = 600.0
# A gap up to this is believed at once.
GAP_SECONDS: Final = 6 * 3600.0
# A time so far ahead of the wall clock is a mistake, whoever agrees with it; exercises and samples
# may be dated some months ahead.
FUTURE_SECONDS: Final = 366 * 86_400.0
# So many posts in a row must agree before a jump is believed.
AGREEING_FORWARD: Final = 3
AGREEING_BACK: Final = 5
# However far a believed jump goes, what was learned ages at most by this.
LONGEST_STEP: Final = 60 * 86_400.0


class StreamClock:
    """Turns the times of posts into seconds that never go back."""

    def __init__(self) -> None:
        # Seconds that have passed for the stream; starts at the first post's own time.
        self.seconds = 0.0
        self._reference: float | None = None
        # Whether no post has had a time yet: arrival stands for it.
        self._by_arrival = False
        self._suspect = 0.0
        self._agreeing = 0

    @property
    def now(self) -> datetime | None:
        """Stream time: the newest time believed; None before any post had a time."""
        if self._reference is None:
            return None
        return datetime.fromtimestamp(self._reference, UTC)

    def prime(self, moments: Iterable[datetime | None]) -> None:
        """Begin with the first of `moments` that can be believed, where there is no time yet.

        A stream whose first post has no such time would else begin at the wall clock.
        """
        if self._reference is None:
            for moment in map(_believe, moments):
                if moment is not None:
                    self._reference = self.seconds = moment.timestamp()
                    return

    def take(self, moment: datetime | None) -> float:
        """The seconds at which a post of that time counts; one far ahead counts as none."""
        moment = _believe(moment)
        if moment is None:
            if self._reference is not None and not self._by_arrival:
                return self.seconds
            self._by_arrival = True
            moment = clock.now()
        elif self._by_arrival:
            # The first real time: what was learned by arrival stays, at its age.
            self._by_arrival = False
            self._reference = moment.timestamp()
        given = moment.timestamp()
        if self._reference is None:
            self._reference = self.seconds = given
            return self.seconds
        step = given - self._reference
        if -LATE_SECONDS <= step <= GAP_SECONDS:
            self._agreeing = 0
            if step > 0:
                self._reference = given
                self.seconds += step
            return self.seconds
        if self._agreeing and abs(given - self._suspect) <= LATE_SECONDS:
            self._agreeing += 1
        else:
            self._agreeing = 1
        self._suspect = given
        if self._agreeing >= (AGREEING_FORWARD if step > 0 else AGREEING_BACK):
            self._reference = given
            self._agreeing = 0
            self.seconds += min(max(step, 0.0), LONGEST_STEP)
        return self.seconds


def _believe(moment: datetime | None) -> datetime | None:
    if moment is None or moment.timestamp() > clock.now().timestamp() + FUTURE_SECONDS:
        return None
    return moment
