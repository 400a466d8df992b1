"""Trying what could be learned: the work itself, done by the worker or by a command."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from levelhead.analysis.shipped import base_of
from levelhead.kernel import clock
from levelhead.learning.corrections import Correction, KeptPost, list_corrections, list_kept
from levelhead.learning.domain import LEASE, ProposalState
from levelhead.learning.models import Proposal
from levelhead.live.actions import announce

log = structlog.get_logger(__name__)

# The part of an agency's short name that goes into an adapter's name.
_SLUG = 30


def claim_tries(limit: int) -> Sequence[Proposal]:
    """At most `limit` tries that wait, or that died with their process; they are ours now."""
    now = clock.now()
    due = Q(state=ProposalState.WAITING.value) | Q(
        state=ProposalState.AT_WORK.value, begun_at__lt=now - LEASE
    )
    claimed = []
    for proposal in Proposal.objects.filter(due).select_related("agency").order_by("pk")[:limit]:
        # Another worker may have seen it too: who changes the row has it.
        if Proposal.objects.filter(due, pk=proposal.pk).update(
            state=ProposalState.AT_WORK.value, begun_at=now
        ):
            proposal.state, proposal.begun_at = ProposalState.AT_WORK.value, now
            claimed.append(proposal)
    return claimed


def work_on(proposal: Proposal) -> None:
    """Try what could be learned, behind everything else that this machine has to do."""
    with suppress(AttributeError, OSError):
        # On Linux a thread has a priority of its own: posts that come in go first.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
    run_claimed(proposal)


def run_claimed(proposal: Proposal) -> Proposal:
    """The same at the priority of who calls; a try that breaks says so in its state."""
    try:
        return run_try(proposal)
    except Exception:
        _finish(proposal, state=ProposalState.FAILED, why_not="broken")
        raise


def run_try(proposal: Proposal) -> Proposal:
    """Fit, measure and store; the proposal must be claimed by the caller.

    Raises ConfigurationError where the encoder's files are missing.
    """
    # Here, not above: pages import this module and never load a model.
    import numpy as np

    from levelhead.analysis import adapting
    from levelhead.analysis.assess import load
    from levelhead.analysis.domain import PostText
    from levelhead.analysis.examples import load_examples
    from levelhead.analysis.heads import LABELS

    def read(texts: Sequence[Correction | KeptPost], labels: Sequence[str]) -> adapting.Posts:
        posts = [PostText(text=t.text, parent_text=t.parent_text, lang=t.lang) for t in texts]
        values, views = load().read_closely(posts)
        return adapting.Posts(
            texts=tuple(t.text for t in texts),
            views=views,
            values=values,
            labels=np.array([LABELS.index(label) for label in labels], dtype=np.int64),
        )

    base = base_of()
    corrections = list(list_corrections(proposal.agency))
    kept = list_kept(proposal.agency)
    log.info(
        "trying what can be learned",
        agency=proposal.agency.slug, corrections=len(corrections), kept=len(kept),
    )  # fmt: skip
    outcome = adapting.try_out(
        read(corrections, [c.label_after for c in corrections]),
        read(kept, [k.label for k in kept]),
        load_examples(),
    )
    content = b""
    if outcome.shift is not None:
        content = adapting.Adapter(
            name=f"{proposal.agency.slug[:_SLUG]}-{proposal.number}",
            base=base,
            weights=outcome.shift[0],
            bias=outcome.shift[1],
        ).to_bytes()
    figures = json.dumps(outcome.figures.as_json()) if outcome.figures else ""
    return _finish(
        proposal,
        state=ProposalState.READY if content else ProposalState.NOTHING,
        why_not=outcome.why_not,
        figures=figures,
        adapter=content or None,
        adapter_hash=hashlib.sha256(content).hexdigest() if content else "",
        base=base,
    )


def _finish(proposal: Proposal, *, state: ProposalState, **fields: object) -> Proposal:
    """Store what came of it, unless the claim ran out and another took it over."""
    begun_at: datetime | None = proposal.begun_at
    with transaction.atomic():
        mine = Proposal.objects.filter(
            pk=proposal.pk, state=ProposalState.AT_WORK.value, begun_at=begun_at
        )
        if mine.update(state=state.value, done_at=clock.now(), **fields):
            announce(
                agency_id=proposal.agency_id,
                kind="learning.changed",
                payload={"number": proposal.number},
            )
        proposal.refresh_from_db()
    log.info("tried what can be learned", agency=proposal.agency_id, outcome=proposal.state)
    return proposal
