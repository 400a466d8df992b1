"""The after-action report says what happened, in a page, a PDF and a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from levelhead.afteraction.actions import learn
from levelhead.afteraction.building import report_of
from levelhead.afteraction.models import Lesson
from levelhead.channels import outbox
from levelhead.commitments.models import Commitment
from levelhead.incidents.actions import note, set_level, stand_down
from levelhead.incidents.models import Incident
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.ledger.actions import mark_false
from levelhead.records.models import RecordEvent
from levelhead.rumors.actions import add_rumor
from levelhead.updates.domain import UpdateKind
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis

MINUTE = timedelta(minutes=1)


class ReportTest(Crisis, DeskTestCase):
    """An incident of an hour: three words, one late, a fact that fell, a claim."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare(detected_at=self.clock.now() - 4 * MINUTE)
        self.clock.advance(2 * MINUTE)
        self.fact = self.add_confirmed(self.incident, "Water Street is closed.")
        self.send(self.incident, self.fact)
        self.claim = add_rumor(
            incident=self.incident, text="=HYPERLINK(1) a second shooter", by=self.alice,
            form_token="claim", harm=3,
        )  # fmt: skip
        self.clock.advance(25 * MINUTE)
        self.send(self.incident, self.fact, lead="Officers are searching the area.")
        self.clock.advance(10 * MINUTE)

    def fresh(self) -> Incident:
        return Incident.objects.get(pk=self.incident.pk)

    def test_first_word_and_cadence(self) -> None:
        report = report_of(self.fresh())
        assert report.first_word_in == 6 * MINUTE
        # The first word in time, the second five minutes late, the third not due yet.
        assert (report.kept, report.promised) == (1, 2)
        late = [one.late_by for one in report.promises if one.late_by]
        assert late == [5 * MINUTE]
        assert not report.promises[-1].settled

    def test_a_word_that_never_came_was_not_kept(self) -> None:
        self.clock.advance(60 * MINUTE)
        report = report_of(self.fresh())
        assert (report.kept, report.promised) == (1, 3)

    def test_the_last_update_promises_nothing(self) -> None:
        self.send(self.incident, kind=UpdateKind.LAST, next_word_at=None, lead="This is over.")
        stand_down(incident=self.fresh(), why="Over.", by=self.alice, expected_version=None)
        report = report_of(self.fresh())
        assert (report.kept, report.promised) == (2, 3)
        assert report.end == report.incident.over_at

    def test_the_highest_level(self) -> None:
        set_level(incident=self.fresh(), level=2, why="Calm.", by=self.alice, expected_version=None)
        assert report_of(self.fresh()).highest_level == 4

    def test_a_fact_that_fell_and_what_is_owed(self) -> None:
        assert report_of(self.fresh()).changed == []
        mark_false(
            fact=self.fact, why="It was Main Street.", by=self.alice,
            expected_version=self.fact.version,
        )  # fmt: skip
        report = report_of(self.fresh())
        (line,) = report.changed
        assert line.fact.pk == self.fact.pk
        assert (line.said, line.put_right) == (2, 0)
        assert report.corrections_open == 2

    def test_channels_that_did_not_have_it(self) -> None:
        report = report_of(self.fresh())
        assert len(report.failures) == report.deliveries == 2
        for item in outbox.claim_next(limit=5):
            outbox.deliver(item)
        for item in outbox.claim_next(limit=5):
            outbox.deliver(item)
        assert report_of(self.fresh()).failures == []

    def test_the_page(self) -> None:
        note(incident=self.fresh(), text="<script>alert(1)</script>", by=self.alice)
        self.client.force_login(self.alice)
        with self.assertNumQueries(25):
            page = self.client.get(self.address())
        text = page.content.decode()
        assert page.status_code == 200
        for words in ("Summary (ICS 209)", "1 of 2", "5 min late", "a second shooter"):
            assert words in text, words
        assert "<script>alert(1)" not in text

    def test_the_spreadsheet_runs_no_formula(self) -> None:
        self.client.force_login(self.victor)
        answer = self.client.get(self.address() + "report.csv")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        cells = [cell for row in rows for cell in row]
        assert "'=HYPERLINK(1) a second shooter" in cells
        assert not any(cell.startswith("=") for cell in cells)

    def test_the_pdf_is_tagged_and_reads_no_markup(self) -> None:
        self.client.force_login(self.alice)
        note(incident=self.fresh(), text='#panic("x") $a$ *b* \\ [ ] " <b>', by=self.alice)
        for language in ("en", "es"):
            self.alice.language = language
            self.alice.save(update_fields=["language"])
            answer = self.client.get(self.address() + "report.pdf")
            assert answer.status_code == 200
            assert answer.content.startswith(b"%PDF-")
            assert b"StructTreeRoot" in answer.content
            assert b"pdfuaid" in answer.content

    def test_letters_that_no_font_has_stop_no_report(self) -> None:
        note(incident=self.fresh(), text="\u202e 火事 😀 \U0001faf8", by=self.alice)
        self.client.force_login(self.alice)
        answer = self.client.get(self.address() + "report.pdf")
        assert answer.status_code == 200
        assert b"StructTreeRoot" in answer.content

    def test_a_lesson_becomes_a_commitment_once(self) -> None:
        self.client.force_login(self.alice)
        given = {
            "text": "Name the second meeting place earlier.", "owner": str(self.bob.pk),
            "due": "", "form_token": "once",
        }  # fmt: skip
        for _ in range(2):
            answer = self.client.post(self.address() + "lesson/", given)
            assert answer.status_code == 302
        lesson = Lesson.objects.get()
        assert lesson.commitment.owner == self.bob
        assert Commitment.objects.count() == 1
        page = self.client.get("/riverton/commitments/").content.decode()
        assert "learned from" in page
        assert "Name the second meeting place earlier." in page
        one = self.client.get(f"/riverton/commitments/{lesson.commitment.pk}/").content.decode()
        assert "learned from" in one
        assert RecordEvent.objects.filter(action="person:incident:lesson").count() == 1
        assert "Name the second" in self.client.get(self.address()).content.decode()

    def test_a_lesson_with_a_mistake_keeps_what_was_typed(self) -> None:
        self.client.force_login(self.alice)
        answer = self.client.post(
            self.address() + "lesson/",
            {"text": "Write sooner.", "owner": str(self.bob.pk), "due": "soon", "form_token": "a"},
        )
        assert answer.status_code == 400
        assert "Write sooner." in answer.content.decode()
        assert not Lesson.objects.exists()

    def test_others_see_nothing(self) -> None:
        self.client.force_login(self.charlie)
        for part in ("", "report.csv", "report.pdf"):
            path = f"/maple/incidents/{self.incident.pk}/after/{part}"
            assert self.client.get(path).status_code == 404
            assert self.client.get(self.address() + part).status_code in (403, 404)
        with pytest.raises(NotAllowed):
            learn(
                incident=self.incident, text="x", owner=self.charlie, due_at=None, by=self.charlie,
                form_token="b",
            )  # fmt: skip
        with pytest.raises(Invalid):
            learn(
                incident=self.incident, text="x", owner=self.charlie, due_at=None, by=self.alice,
                form_token="c",
            )  # fmt: skip
        with pytest.raises(NotAllowed):
            learn(
                incident=self.incident, text="x", owner=self.alice, due_at=None, by=self.victor,
                form_token="d",
            )  # fmt: skip

    def address(self) -> str:
        return f"/riverton/incidents/{self.incident.pk}/after/"
