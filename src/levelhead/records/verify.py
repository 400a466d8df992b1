"""Proving the record: every event is recomputed and every chain is walked to its head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from levelhead.records.domain import FIRST_HASH, link_hash
from levelhead.records.models import RecordChain, RecordEvent


@dataclass(frozen=True, kw_only=True)
class Break:
    """A place where the record does not hold."""

    agency_id: int
    chain: str
    # Place in the chain where it was noticed; None where the head itself is wrong.
    seq: int | None
    what: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a walk over the chains found."""

    chains: int
    events: int
    breaks: tuple[Break, ...]

    @property
    def holds(self) -> bool:
        """Whether the whole record holds."""
        return not self.breaks


def count_events(agency_id: int | None = None) -> int:
    """How many events a verification will look at."""
    chains = RecordChain.objects.all()
    if agency_id is not None:
        chains = chains.filter(agency_id=agency_id)
    return sum(chains.values_list("seq", flat=True))


def _walk(chain: RecordChain, progress: Callable[[int], None]) -> Iterator[Break]:
    expected_seq, head = 0, FIRST_HASH
    rows = (
        RecordEvent.objects.filter(chain=chain)
        .order_by("seq")
        .values_list(
            "seq", "agency_id", "subject", "action", "actor", "at", "payload", "previous_hash",
            "hash",
        )
    )  # fmt: skip
    for seq, agency_id, subject, action, actor, at, payload, previous, stored in rows.iterator(
        chunk_size=2000
    ):
        expected_seq += 1
        if seq != expected_seq:
            yield _break(chain, seq, f"event {expected_seq} is missing")
            expected_seq = seq
        if previous != head:
            yield _break(chain, seq, "it does not link to the event before it")
        computed = link_hash(
            chain=chain.name,
            agency_id=agency_id,
            seq=seq,
            subject=subject,
            action=action,
            actor=actor,
            at=at,
            payload=payload,
            previous_hash=previous,
        )
        if computed != stored:
            yield _break(chain, seq, "its content does not fit its hash")
        if agency_id != chain.agency_id:
            yield _break(chain, seq, "it belongs to another agency than its chain")
        head = stored
        if expected_seq % 1000 == 0:
            progress(1000)
    progress(expected_seq % 1000)
    if expected_seq != chain.seq or head != chain.head_hash:
        yield _break(
            chain,
            None,
            f"the chain ends at event {expected_seq}, its head says {chain.seq}",
        )


def _break(chain: RecordChain, seq: int | None, what: str) -> Break:
    return Break(agency_id=chain.agency_id, chain=chain.name, seq=seq, what=what)


def verify_records(
    agency_id: int | None = None, progress: Callable[[int], None] = lambda _: None
) -> Verification:
    """Walk all chains (of one agency, or of all). `progress` gets counts of events done."""
    chains = RecordChain.objects.order_by("agency_id", "name")
    if agency_id is not None:
        chains = chains.filter(agency_id=agency_id)
    breaks: list[Break] = []
    walked = events = 0
    for chain in chains:
        walked += 1
        events += chain.seq
        breaks.extend(_walk(chain, progress))
    return Verification(chains=walked, events=events, breaks=tuple(breaks))
