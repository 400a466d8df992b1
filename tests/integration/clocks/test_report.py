"""The report: what runs out, what ran out, how clocks ended; and as a table."""

from __future__ import annotations

import csv
import io

from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.channels.models import Channel
from levelhead.clocks.models import ClockMark
from levelhead.inbox.actions import let_stand, reopen_case
from tests.integration.clocks.ticking import COMPLAINT, QUESTION, ClockTestCase, local
from tests.integration.web.pages import Elements

QUERIES = 13


class ReportTest(ClockTestCase):
    def cells(self, **query: object) -> list[list[str]]:
        response = self.client.get(self.path("clocks-csv"), query)
        assert response["Content-Type"].startswith("text/csv")
        return list(csv.reader(io.StringIO(response.content.decode())))[1:]

    def rows(self, **query: object) -> list[str | None]:
        return Elements(self.look("clocks", **query)).with_attribute("data-case")

    def fill(self) -> None:
        self.complaint = self.file_case(text=COMPLAINT)
        self.question = self.file_case(text=QUESTION)
        self.stood = self.file_case(text=QUESTION + " Please.")
        self.answer(self.complaint, holding=True)
        let_stand(cases=[self.stood], by=self.alice)
        self.go_to(local(16, 14))
        self.answer(self.question, token="two")

    def test_ends_are_told_by_class_and_kind(self) -> None:
        self.fill()
        found = {(cells[0], cells[1], cells[3]): cells[7:] for cells in self.cells()}
        assert found == {
            (str(self.complaint.pk), "complaint", "first_word"): ["holding", "no"],
            (str(self.question.pk), "research", "first_word"): ["reply", "yes"],
            (str(self.stood.pk), "research", "first_word"): ["stood", "no"],
        }
        page = " ".join(self.look("clocks").split())
        assert "<td>First word</td><td>0</td><td>1</td><td>1</td><td>0</td>" in page
        assert "<td>First word</td><td>1</td><td>0</td><td>0</td><td>100</td>" in page

    def test_running_clocks_stand_in_their_order(self) -> None:
        self.fill()
        later = self.file_case(text=QUESTION + " And on Sunday?")
        assert self.rows() == [str(later.pk), str(self.complaint.pk)]
        page = self.look("clocks")
        assert "No clock has run out." in page
        self.go_to(local(17, 12))
        page = self.look("clocks")
        assert page.index("Ran out") < page.index(str(later.pk)) < page.index("Run out next")

    def test_it_is_filtered_by_class_channel_and_time(self) -> None:
        self.fill()
        assert self.rows(**{"class": "complaint"}) == [str(self.complaint.pk)]
        assert self.rows(**{"class": "research"}) == []
        assert self.rows(channel=self.other_channel.pk) == []
        assert len(self.cells(**{"class": "complaint"})) == 1
        self.go_to(local(24, 9))
        assert self.cells(days=7) == []
        assert len(self.cells(days=28)) == 3
        for wrong in ({"days": "x"}, {"channel": "\x00"}, {"class": "<b>"}, {"days": "9" * 50}):
            assert self.look("clocks", **wrong)

    def test_what_was_undone_does_not_count(self) -> None:
        self.fill()
        reopen_case(case=self.fresh(self.stood), by=self.alice, expected_version=None)
        assert str(self.stood.pk) not in [cells[0] for cells in self.cells()]

    def test_a_name_is_never_a_formula(self) -> None:
        self.fill()
        for name in ("=HYPERLINK(1)", "+1", "-1", "@x", " =1"):
            Channel.objects.filter(pk=self.channel.pk).update(name=name)
            assert {cells[2] for cells in self.cells()} == {"'" + name}

    def test_another_agency_sees_its_own_only(self) -> None:
        self.fill()
        self.sign_in(self.charlie)
        assert self.client.get(self.path("clocks-csv")).status_code == 404
        response = self.client.get(f"/{self.other_agency.slug}/clocks/table.csv")
        assert len(response.content.decode().splitlines()) == 1

    def test_the_number_of_queries_is_bounded(self) -> None:
        self.fill()
        for number in range(30):
            self.file_post(text=f"{QUESTION} Number {number}?")
        ClockMark.objects.bulk_create(
            ClockMark(
                agency=self.agency, case=self.question, channel=self.channel, kind="first_word",
                clock_class="press", started_at=local(16, 9), due_at=local(16, 10),
                ended_at=local(16, 11), ended_by="reply", late=True,
            )
            for _ in range(50)
        )  # fmt: skip
        with CaptureQueriesContext(connection) as asked:
            self.look("clocks")
        assert len(asked) <= QUERIES, len(asked)
