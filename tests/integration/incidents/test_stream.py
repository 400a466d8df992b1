"""The stream of an incident: its words, its issue, and who needs help first."""

from __future__ import annotations

from datetime import timedelta

from levelhead.inbox.models import Case
from levelhead.incidents.actions import stand_down
from levelhead.incidents.stream import Group, read_stream
from levelhead.issues.actions import open_issue
from levelhead.kernel import clock
from levelhead.replies.models import ScheduledReply
from tests.integration.incidents.crisis import Crisis
from tests.integration.incidents.typing import sent_form
from tests.integration.web.pages import PagesTestCase


class StreamTest(Crisis, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare(place="Pier 4, Water Street")

    def mark(self, case: Case, **fields: object) -> Case:
        Case.objects.filter(pk=case.pk).update(**fields)
        return case

    def groups(self) -> dict[Group, list[int]]:
        return {one.group: [case.pk for case in one.cases] for one in read_stream(self.incident)}

    def test_posts_that_name_the_place_by_who_needs_help(self) -> None:
        help_ = self.mark(self.file_case(text="Help at Pier 4"), show_911=True)
        press = self.mark(self.file_case(text="KRVT here about Water Street"), label="press")
        rumor = self.mark(
            self.file_case(text="A bomb on Water Street!"), label="misinformed", queue="needs",
            show_911=False,
        )  # fmt: skip
        there = self.mark(self.file_case(text="I saw them at Pier 4"), label="other", queue="stand")
        self.mark(self.file_case(text="The water in my street is brown"), label="service")
        theirs = self.file_case(channel_id=self.other_channel.pk, text="Pier 4 is loud")
        found = self.groups()
        self.assertEqual(
            found,
            {
                Group.HELP: [help_.pk], Group.EYEWITNESS: [there.pk], Group.MEDIA: [press.pk],
                Group.RUMOR: [rumor.pk],
            },
        )  # fmt: skip
        self.assertEqual(next(iter(found)), Group.HELP)
        self.assertNotIn(theirs.pk, [pk for each in found.values() for pk in each])

    def test_posts_of_its_issue(self) -> None:
        case = self.mark(self.file_case(text="What is going on?"), label="question")
        issue = open_issue(
            agency_id=self.agency.pk, name="Noise", owner=self.alice, by=self.alice, case=case
        )
        self.assertEqual(self.groups(), {})
        self.incident = self.declare(issue=issue)
        self.assertEqual(self.groups(), {Group.OTHER: [case.pk]})

    def test_declared_from_an_issue_it_keeps_when_it_began(self) -> None:
        issue = open_issue(agency_id=self.agency.pk, name="Noise", owner=self.alice, by=self.alice)
        self.clock.advance(timedelta(minutes=10))
        self.assertIn(f"declare/?issue={issue.pk}", self.look("issue", issue.pk))
        form = sent_form(self.look("incident-declare", kind="fire", issue=issue.pk), "declare-form")
        self.client.post(self.path("incident-declare"), {**form, "sentence": "Smoke."})
        made = self.incident.__class__.objects.get(issue=issue)
        self.assertEqual(made.detected_at, clock.now() - timedelta(minutes=10))
        self.assertEqual(made.next_word_due, clock.now() + timedelta(minutes=5))
        theirs = open_issue(
            agency_id=self.other_agency.pk, name="N", owner=self.charlie, by=self.charlie
        )
        case = self.file_case(text="Smoke!", created_at=clock.now() - timedelta(minutes=5))
        self.assertIn(f"post={case.pk}", self.look("incident-declare", post=case.pk))
        form = sent_form(self.look("incident-declare", kind="fire", post=case.pk), "declare-form")
        self.assertEqual(form["noticed"], "2026-03-16T09:25")
        path = self.path("incident-declare")
        self.assertEqual(self.client.get(path, {"issue": theirs.pk}).status_code, 404)
        self.assertEqual(self.client.get(path, {"topic": 77}).status_code, 404)

    def test_what_is_stopped_is_released_one_by_one_in_the_room(self) -> None:
        case = self.file_case(text="When do you open?")
        ScheduledReply.objects.create(
            agency=self.agency, case=case, text="At 8 tomorrow.", by=self.alice,
            leaves_at=clock.now() + timedelta(hours=3), case_state="open", post_revision=1,
            form_token="s",
        )  # fmt: skip
        room = self.look("incident", self.incident.pk)
        self.assertIn("At 8 tomorrow.", room)
        # Also after the incident is over.
        stand_down(incident=self.incident, why="Over.", by=self.alice, expected_version=None)
        self.assertIn('data-action="release-one"', self.look("incident", self.incident.pk))
        row = ScheduledReply.objects.get()
        response = self.client.post(self.path("incident-release", self.incident.pk, row.pk))
        self.assertEqual(response.status_code, 302)
        row.refresh_from_db()
        self.assertIsNotNone(row.released_at)
        self.assertIn("Released: it leaves at its time.", self.look("incident", self.incident.pk))
