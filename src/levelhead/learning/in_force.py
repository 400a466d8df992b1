"""Which adapters are in force: asked before every batch of posts, without asking every time."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import structlog

from levelhead.analysis.shipped import base_of
from levelhead.kernel.errors import ConfigurationError, Invalid
from levelhead.learning.domain import ProposalState
from levelhead.learning.models import Proposal

if TYPE_CHECKING:
    from levelhead.analysis.adapting import Adapter

log = structlog.get_logger(__name__)

# How long an acceptance may take to be noticed; one small question to the database each time.
EVERY_SECONDS = 2.0


class InForce:
    """The accepted adapters of all agencies, as this process last saw them. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        # Proposal -> its adapter; None where it cannot be used.
        self._known: dict[int, Adapter | None] = {}
        self._of_agency: Mapping[int, Adapter] = {}

    def by_agency(self) -> Mapping[int, Adapter]:
        """Agency -> its adapter; agencies without one are not in it."""
        with self._lock:
            if time.monotonic() - self._asked_at >= EVERY_SECONDS:
                self._look()
                self._asked_at = time.monotonic()
            return self._of_agency

    def forget(self) -> None:
        """Look again at the next question."""
        with self._lock:
            self._asked_at = float("-inf")

    def _look(self) -> None:
        accepted = dict(
            Proposal.objects.filter(state=ProposalState.ACCEPTED.value)
            .order_by("pk")
            .values_list("pk", "agency_id")
        )
        known = {pk: self._known[pk] for pk in accepted if pk in self._known}
        for proposal in Proposal.objects.filter(pk__in=accepted.keys() - known.keys()):
            known[proposal.pk] = _read(proposal)
        self._known = known
        self._of_agency = {
            accepted[pk]: adapter for pk, adapter in known.items() if adapter is not None
        }


def _read(proposal: Proposal) -> Adapter | None:
    # Here, not above: pages import this module and never judge.
    from levelhead.analysis.adapting import Adapter

    content = bytes(proposal.adapter or b"")
    try:
        if hashlib.sha256(content).hexdigest() != proposal.adapter_hash:
            raise Invalid("The adapter is not the one that was accepted.")
        adapter = Adapter.from_bytes(content)
        if adapter.base != base_of():
            raise Invalid("The adapter was made for other models; try again what can be learned.")
    except (ConfigurationError, Invalid) as error:
        log.error(
            "what was learned is not applied; posts are read by the shipped models",
            agency=proposal.agency_id, number=proposal.number, why=error.message,
        )  # fmt: skip
        return None
    return adapter


@cache
def in_force() -> InForce:
    """What this process knows."""
    return InForce()
