"""An incident for tests: declared by Alice, with facts and updates."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from levelhead.accounts.models import User
from levelhead.channels.accounts import pool
from levelhead.channels.models import Channel
from levelhead.connectors.memory import forget_platforms
from levelhead.incidents.actions import declare
from levelhead.incidents.domain import IncidentKind
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.ledger.actions import add_fact, confirm_fact
from levelhead.ledger.models import Fact
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Cited, ToChannel, Wish, Words
from levelhead.updates.models import Update
from tests.base import MONDAY, People

_tokens = itertools.count(1)


class Crisis(People):
    """Declares, writes facts and sends updates."""

    clock: clock.ManualClock

    def make_crisis(self) -> None:
        """The clock stands at a Monday morning, and the far side is empty."""
        forget_platforms()
        pool.close()
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)  # type: ignore[attr-defined]

    def declare(self, **fields: Any) -> Incident:
        """Shots at the riverfront, at level 4."""
        given: dict[str, Any] = {
            "agency": self.agency,
            "kind": IncidentKind.ACTIVE_THREAT,
            "title": "Shots at the riverfront",
            "why": "Forty posts in ninety seconds tell of shots.",
            "by": self.alice,
            "form_token": f"declared-{next(_tokens)}",
            **fields,
        }
        return declare(**given)

    def add_confirmed(self, incident: Incident, text: str, *by: User, **fields: Any) -> Fact:
        """A fact for which each of `by` vouched."""
        first, *others = by or (self.alice,)
        fact = add_fact(
            incident=incident, text=text, by=first, confirmed_how="Told by the scene.", **fields
        )
        for person in others:
            fact = confirm_fact(
                fact=fact, how="Told by dispatch.", by=person, expected_version=fact.version
            )
        return fact

    def wish(self, incident: Incident, *facts: Fact, **fields: Any) -> Wish:
        """An update that cites facts, due again in twenty minutes."""
        words = fields.pop(
            "words",
            Words(
                lang="en",
                lead=fields.pop("lead", "We know of reports of shots and are on our way."),
                known=tuple(fact.text for fact in facts),
            ),
        )
        channels: list[Channel] = fields.pop("on", [self.channel])
        given: dict[str, Any] = {
            "words": (words,),
            "cited": tuple(Cited(fact_id=fact.pk, version=fact.version) for fact in facts),
            "channels": tuple(
                ToChannel(channel_id=channel.pk, lang="en", text=words.lead) for channel in channels
            ),
            "next_word_at": clock.now() + timedelta(minutes=20),
            "after_number": Incident.objects.get(pk=incident.pk).updates_count,
            "form_token": f"update-{next(_tokens)}",
            **fields,
        }
        return Wish(**given)

    def send(self, incident: Incident, *facts: Fact, **fields: Any) -> Update:
        """Send an update that cites facts."""
        by = fields.pop("by", self.alice)
        return send_update(incident=incident, wish=self.wish(incident, *facts, **fields), by=by)
