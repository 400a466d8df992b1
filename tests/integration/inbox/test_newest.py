"""The newest cases come in order, whatever their state, and without a sort of the archive."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.inbox.actions import let_stand
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case
from levelhead.inbox.newest import newest_case_ids
from tests.base import DeskTestCase

EVERY = {"states": tuple(CaseState), "queues": tuple(Queue)}


class NewestTests(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cases = [self.file_case() for _ in range(7)]
        let_stand(cases=self.cases[2:4], by=self.alice)
        self.file_case(channel_id=self.other_channel.pk)

    def test_all_states_come_in_one_order_and_in_pages_without_gaps(self) -> None:
        first = newest_case_ids(agency_id=self.agency.pk, limit=3, **EVERY)
        second = newest_case_ids(agency_id=self.agency.pk, limit=3, before=first[-1], **EVERY)
        third = newest_case_ids(agency_id=self.agency.pk, limit=3, before=second[-1], **EVERY)
        self.assertEqual(
            [*first, *second, *third], sorted((c.pk for c in self.cases), reverse=True)
        )

    def test_only_the_states_that_were_asked_for(self) -> None:
        found = newest_case_ids(
            agency_id=self.agency.pk, limit=9, states=[CaseState.STOOD], queues=tuple(Queue)
        )
        self.assertEqual(found, [self.cases[3].pk, self.cases[2].pk])

    def test_a_label_is_found_in_any_queue(self) -> None:
        Case.objects.filter(pk=self.cases[0].pk).update(label="praise", queue="stand")
        Case.objects.filter(pk=self.cases[1].pk).update(label="praise", queue="clause")
        found = newest_case_ids(agency_id=self.agency.pk, limit=9, label="praise", **EVERY)
        self.assertEqual(found, [self.cases[1].pk, self.cases[0].pk])

    def test_nothing_asked_for_is_nothing_found(self) -> None:
        self.assertEqual(
            newest_case_ids(agency_id=self.agency.pk, limit=9, states=[], queues=[]), []
        )

    def test_every_walk_reads_its_index_in_order(self) -> None:
        with CaptureQueriesContext(connection) as captured:
            newest_case_ids(agency_id=self.agency.pk, limit=3, **EVERY)
        self.assertEqual(len(captured), 1)
        with connection.cursor() as cursor:
            if connection.vendor != "sqlite":
                # A few rows are quicker read whole; an archive is not.
                cursor.execute("SET LOCAL enable_seqscan = off")
            prefix = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
            cursor.execute(prefix + captured[0]["sql"])
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
        walks = len(CaseState) * len(Queue)
        if connection.vendor == "sqlite":
            self.assertEqual(plan.count("case_by_queue"), walks, plan)
        else:
            # In a table that is nearly empty one index is as cheap as another; none is sorted.
            self.assertEqual(plan.count("Index"), plan.count("Index Cond") + walks, plan)
            self.assertNotIn("->  Sort", plan)
            self.assertNotIn("Seq Scan", plan)
