"""What the pages show of facts: as they stand, who vouched for them, what they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.errors import NotFound
from levelhead.ledger.domain import MOST_FACTS, FactStatus
from levelhead.ledger.models import Confirmation, Fact, FactVersion

# Of a fact so many versions are shown.
VERSIONS: Final = 100
_PLACES: Final = {
    FactStatus.UNCONFIRMED: 0, FactStatus.CONFIRMED: 1, FactStatus.FALSE: 2,
    FactStatus.SUPERSEDED: 3,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class FactLine:
    """A fact with those who vouched for it as it stands."""

    fact: Fact
    confirmed_by: list[Confirmation]

    @property
    def stale(self) -> bool:
        """Whether somebody must look again before it is said."""
        until = self.fact.valid_until
        return until is not None and until <= clock.now()

    @property
    def may_be_said(self) -> bool:
        """Whether an update may cite it."""
        return self.fact.status == FactStatus.CONFIRMED and not self.stale

    @property
    def waits(self) -> bool:
        """Whether it still needs somebody's word."""
        return self.fact.status == FactStatus.UNCONFIRMED

    def vouched(self, user_id: int) -> bool:
        """Whether this person did already."""
        return any(one.by_id == user_id for one in self.confirmed_by)


def list_facts(incident: Incident) -> list[FactLine]:
    """Every fact: what waits first, then what is confirmed, then what does not stand any more."""
    facts = list(
        Fact.objects.filter(incident=incident)
        .select_related("by", "superseded_by")
        .order_by("-number")[:MOST_FACTS]
    )
    lines = _with_confirmations(facts)
    return sorted(lines, key=lambda line: _place(line))


def _place(line: FactLine) -> tuple[int, bool]:
    return _PLACES[FactStatus(line.fact.status)], not line.stale


def _with_confirmations(facts: list[Fact]) -> list[FactLine]:
    found: dict[int, list[Confirmation]] = {fact.pk: [] for fact in facts}
    versions = {fact.pk: fact.version for fact in facts}
    rows = Confirmation.objects.filter(fact__in=facts).select_related("by").order_by("pk")
    for one in rows:
        # A status that changed grew the version as well: who vouched for the text stays shown.
        if one.version == versions[one.fact_id]:
            found[one.fact_id].append(one)
    return [FactLine(fact=fact, confirmed_by=found[fact.pk]) for fact in facts]


def find_fact(incident: Incident, fact_id: int) -> FactLine:
    """A fact of this incident. Raises NotFound."""
    fact = (
        Fact.objects.select_related("incident__agency", "by", "superseded_by")
        .filter(incident=incident, pk=fact_id)
        .first()
    )
    if fact is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return _with_confirmations([fact])[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionLine:
    """A fact as it was, with who vouched for it then."""

    version: FactVersion
    confirmed_by: list[Confirmation]


def list_versions(fact: Fact) -> list[VersionLine]:
    """What it was, newest first."""
    versions = FactVersion.objects.filter(fact=fact).select_related("by").order_by("-version")
    by_version: dict[int, list[Confirmation]] = {}
    for one in Confirmation.objects.filter(fact=fact).select_related("by").order_by("pk"):
        by_version.setdefault(one.version, []).append(one)
    return [
        VersionLine(version=one, confirmed_by=by_version.get(one.version, []))
        for one in versions[:VERSIONS]
    ]


def list_standing(fact: Fact) -> list[Fact]:
    """Facts that could stand in its place."""
    rows = Fact.objects.filter(
        incident_id=fact.incident_id,
        status__in=[FactStatus.UNCONFIRMED.value, FactStatus.CONFIRMED.value],
    ).exclude(pk=fact.pk)
    return list(rows.order_by("-number")[:MOST_FACTS])
