"""The worker's look at the public pages: what nobody wrote, it writes; what changed, it tells."""

from __future__ import annotations

from levelhead.publicpage.actions import write_due, write_missing
from levelhead.publicpage.telling_hub import tell_hub_due

# Whoever sends an update writes its page at once; this is for when that came to nothing.
SECONDS = 0.4
HUB_SECONDS = 1.0


class PublicPages:
    """Rounds of one worker."""

    def __init__(self) -> None:
        self._looked = False

    def run_round(self) -> float:
        """Write what is due; gives the seconds until the next look."""
        if not self._looked:
            write_missing()
            self._looked = True
        return 0.0 if write_due() else SECONDS


def tell_hub() -> float:
    """Apart from the writing: a hub that hangs holds up no page."""
    return 0.0 if tell_hub_due() else HUB_SECONDS
