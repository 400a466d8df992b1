"""Who hears of the posts that are watched. Apart from the watch, whose compiler no page loads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

# Called for an agency with the posts that are watched; what it gives back is called in the
# transaction that moves the agency's cursor, so that it is done once.
WatchListener = Callable[[int, Sequence[int]], Callable[[], None] | None]
listeners: list[WatchListener] = []


def on_watched(listener: WatchListener) -> None:
    """Have `listener` told of all posts that were watched, each once."""
    if listener not in listeners:
        listeners.append(listener)
