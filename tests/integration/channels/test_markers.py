"""Markers: nothing that leaves is kept from leaving by a clock that stood still or went back."""

from __future__ import annotations

from unittest.mock import patch

from django.db import IntegrityError

from levelhead.channels import outbox
from levelhead.channels.models import OutboxItem
from tests.base import DeskTestCase


class MarkerTest(DeskTestCase):
    """Two items never share a marker, and neither is lost for it."""

    def test_a_marker_that_is_taken_is_drawn_again(self) -> None:
        first = outbox.enqueue(channel=self.channel, text="One.", by=self.alice)
        with patch.object(outbox, "new_marker", side_effect=[first.marker, first.marker, "2" * 13]):
            second = outbox.enqueue(channel=self.channel, text="Two.", by=self.alice)
        self.assertEqual(second.marker, "2" * 13)
        self.assertEqual(OutboxItem.objects.count(), 2)

    def test_after_some_tries_it_is_said(self) -> None:
        first = outbox.enqueue(channel=self.channel, text="One.", by=self.alice)
        taken = patch.object(outbox, "new_marker", return_value=first.marker)
        with taken, self.assertRaises(IntegrityError):
            outbox.enqueue(channel=self.channel, text="Two.", by=self.alice)
        self.assertEqual(OutboxItem.objects.count(), 1)
