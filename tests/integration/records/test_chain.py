"""The record: what is on it stays as it was, and a change shows."""

from __future__ import annotations

import random

import pytest
from django.db import DatabaseError, connection, transaction

from levelhead.kernel import clock
from levelhead.records.append import append_events
from levelhead.records.domain import EventToRecord
from levelhead.records.models import RecordChain, RecordEvent
from levelhead.records.verify import count_events, verify_records
from tests.base import DeskTestCase, records_may_go


class ChainTest(DeskTestCase):
    def record(self, count: int, chain: str = "desk") -> None:
        with transaction.atomic():
            append_events(
                agency_id=self.agency.pk,
                chain=chain,
                at=clock.now(),
                events=[
                    EventToRecord(
                        subject=f"case:{n}",
                        action="person:case:noted",
                        actor=f"user:{self.alice.pk}",
                        payload={"n": n, "text": 'ünïcode "quoted" \u202e'},
                    )
                    for n in range(count)
                ],
            )

    def test_it_holds_and_counts(self) -> None:
        self.record(30)
        self.record(3, chain="channel:1")
        found = verify_records()
        assert found.holds
        assert found.events == count_events() == RecordEvent.objects.count()

    def test_the_database_refuses_change_and_removal(self) -> None:
        self.record(1)
        event = RecordEvent.objects.order_by("-seq").first()
        assert event is not None
        for statement in (
            "UPDATE records_recordevent SET actor = 'nobody'",
            "DELETE FROM records_recordevent",
        ):
            with (
                pytest.raises(DatabaseError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            event.save()
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            event.delete()
        assert verify_records().holds

    def test_nothing_is_recorded_without_its_change(self) -> None:
        before = RecordEvent.objects.count()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            self.record(1)
            raise ZeroDivisionError
        assert RecordEvent.objects.count() == before

    def test_any_changed_character_is_found(self) -> None:
        self.record(40)
        draw = random.Random(3)
        fields = ["subject", "action", "actor", "at", "payload", "previous_hash", "hash"]
        events = list(RecordEvent.objects.filter(agency=self.agency).order_by("seq"))
        for _ in range(120):
            event, name = draw.choice(events), draw.choice(fields)
            value = str(getattr(event, name))
            place = draw.randrange(len(value))
            changed = chr(ord(value[place]) ^ 1)
            with records_may_go():
                RecordEvent.objects.filter(pk=event.pk).update(
                    **{name: value[:place] + changed + value[place + 1 :]}
                )
                assert not verify_records().holds, (name, place)
                RecordEvent.objects.filter(pk=event.pk).update(**{name: value})
        assert verify_records().holds

    def test_a_removed_event_a_moved_head_and_a_moved_agency_are_found(self) -> None:
        self.record(5)
        chain = RecordChain.objects.get(agency=self.agency, name="desk")
        last = chain.events.order_by("-seq")[0]
        with records_may_go():
            chain.events.filter(seq=3).update(seq=99)
            assert not verify_records().holds
            chain.events.filter(seq=99).update(seq=3)
            RecordEvent.objects.filter(pk=last.pk).update(agency=self.other_agency)
            assert not verify_records().holds
            RecordEvent.objects.filter(pk=last.pk).update(agency=self.agency)
        RecordChain.objects.filter(pk=chain.pk).update(seq=chain.seq + 1)
        found = verify_records()
        assert [b.seq for b in found.breaks] == [None]
