"""What a killed worker had under way is taken over at once, and nothing is sent twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from levelhead.channels.models import Channel, OutboxItem, OutboxState
from levelhead.channels.outbox import claim_next, enqueue
from levelhead.channels.pulling import claim_due
from levelhead.kernel import clock
from levelhead.runtime.worker import free_claims_of_the_dead
from tests.base import DeskTestCase


class ClaimTests(DeskTestCase):
    """After a kill -9 of the worker."""

    def test_channels_and_messages_are_free_again(self) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("with PostgreSQL other workers may live: claims run out by themselves")
        enqueue(channel=self.channel, text="Open at 8.", by=self.alice)
        assert len(claim_due(8)) == 2
        assert [item.state for item in claim_next()] == [OutboxState.SENDING]
        assert claim_due(8) == []
        assert claim_next() == []

        free_claims_of_the_dead()

        assert len(claim_due(8)) == 2
        # The platform may show an accepted message a moment later: not looked up before that.
        assert claim_next() == []
        OutboxItem.objects.update(claimed_until=clock.now() - timedelta(milliseconds=1))
        # It may have left: looked up, not sent.
        assert [item.state for item in claim_next()] == [OutboxState.UNCLEAR]

    def test_with_several_workers_claims_are_left_alone(self) -> None:
        if connection.vendor == "sqlite":
            pytest.skip("SQLite has one worker")
        claim_due(8)
        free_claims_of_the_dead()
        assert Channel.objects.filter(claimed_until__isnull=False).count() == 2
