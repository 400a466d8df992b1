"""Questions are noted once, by the worker, in groups of near meaning."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from levelhead.asked import tidying
from levelhead.asked.actions import add_to_answer, link_answer, set_aside
from levelhead.asked.domain import GroupState
from levelhead.asked.models import AskedCursor, AskedGroup, AskedPost
from levelhead.asked.noting import AskedNotes
from levelhead.asked.queries import list_asked
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError
from levelhead.knowledge.finding import shelves
from levelhead.knowledge.models import Answer
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from tests.base import MONDAY, DeskTestCase
from tests.integration.asked.asking import OTHERS, VACCINE, Asking

RABIES = {
    "title": "Rabies clinic",
    "questions": {
        "en": (
            "When is the rabies clinic for dogs?",
            "Where can I get my dog a rabies shot?",
            "free rabies vaccine clinic",
        )
    },
    "texts": {"en": "The rabies clinic for dogs is on the first Saturday at the fire station."},
    "source": "Animal services",
}


class NotingTest(Asking, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        shelves.forget()
        self.addCleanup(shelves.forget)

    def listed(self, show: str = "open") -> list[AskedGroup]:
        return [row.group for row in list_asked(self.agency, show=show).rows]

    def test_what_three_people_ask_alike_is_listed_once(self) -> None:
        self.ask_all()
        self.ask_all(OTHERS)
        self.note()
        [group] = self.listed()
        assert (group.asked, group.people) == (4, 4)
        assert group.name in VACCINE
        assert sum(group.days.values()) == 4
        assert len(group.example_ids) == 3
        assert LiveEvent.objects.filter(kind="asked.changed").exists()
        self.note()
        assert AskedPost.objects.count() == 7
        assert self.the_group().asked == 4

    def test_one_person_who_asks_often_is_no_crowd(self) -> None:
        for text in VACCINE:
            self.ask(text, who="one")
        self.note()
        assert (self.the_group().asked, self.the_group().people) == (4, 1)
        assert self.listed() == []

    def test_only_questions_that_no_answer_fits(self) -> None:
        self.write_approved(**RABIES)
        for n, text in enumerate(VACCINE):
            case = self.file_case(text=text, author_external_id=f"p{n}", lang="en")
            Case.objects.filter(pk=case.pk).update(label="question", answer_due=True)
        self.ask("What a day!", who="x", label="praise")
        self.ask("Why not in Portuguese?", who="y")
        self.file_case(text="We open at 8?", from_agency=True)
        self.fit()
        self.note()
        noted = AskedPost.objects.values_list("post__text", flat=True)
        assert set(noted) == {"Why not in Portuguese?"}

    def test_a_question_waits_for_its_answer_to_be_looked_for_but_not_for_ever(self) -> None:
        manual = clock.ManualClock(MONDAY)
        with clock.use(manual):
            first = self.ask(VACCINE[0], who="a")
            self.ask(VACCINE[1], who="b")
            Case.objects.filter(pk=first.pk).update(answer_due=True)
            self.note()
            assert not AskedPost.objects.exists()
            manual.advance(timedelta(minutes=3))
            self.note()
        assert AskedPost.objects.count() == 2

    def test_agencies_do_not_mix(self) -> None:
        self.ask_all(VACCINE[:2])
        for n, text in enumerate(VACCINE[2:]):
            self.ask(text, who=f"x{n}", channel_id=self.other_channel.pk)
        self.note()
        assert self.the_group().asked == 2
        assert self.groups(self.other_agency)[0].asked == 2

    def test_a_worker_that_is_killed_notes_nothing_twice(self) -> None:
        self.ask_all(VACCINE[:2])
        with (
            mock.patch("levelhead.asked.noting.note_counts", side_effect=RuntimeError("killed")),
            self.assertRaises(RuntimeError),
        ):
            AskedNotes().run_round()
        assert not AskedGroup.objects.exists()
        self.note()
        # Another worker, which knows nothing of the first one's memory.
        self.ask_all(VACCINE[2:])
        self.note()
        assert [group.asked for group in self.groups()] == [4]

    def test_two_workers_take_turns(self) -> None:
        one, other = AskedNotes(), AskedNotes()
        for n, text in enumerate(VACCINE):
            self.ask(text, who=f"p{n}")
            (one if n % 2 else other).run_round()
        assert [group.asked for group in self.groups()] == [4]

    def test_an_overtaken_worker_writes_nothing(self) -> None:
        self.ask_all(VACCINE[:2])
        AskedNotes().run_round()
        late = AskedCursor.objects.get(agency=self.agency)
        self.ask_all(VACCINE[2:])
        AskedNotes().run_round()
        with mock.patch(
            "levelhead.asked.noting._cursors",
            return_value=[AskedCursor.objects.select_related("agency").get(pk=late.pk)],
        ) as cursors:
            cursors.return_value[0].position = late.position
            AskedNotes().run_round()
        assert AskedPost.objects.count() == 4

    def test_set_aside_comes_back_when_it_doubles(self) -> None:
        self.ask_all()
        self.note()
        group = self.the_group()
        set_aside(
            group=group, state=GroupState.UNNEEDED, reason="The vet tells them", by=self.alice,
            expected_version=group.version,
        )  # fmt: skip
        assert self.listed() == []
        assert [one.pk for one in self.listed("aside")] == [group.pk]
        for n, text in enumerate(VACCINE[:3]):
            self.ask(text, who=f"late-{n}")
        self.note()
        assert self.listed() == []
        self.ask(VACCINE[3], who="late-3")
        self.note()
        assert [one.asked for one in self.listed()] == [8]
        assert RecordEvent.objects.filter(action="system:asked:came_back").count() == 1

    def test_an_answer_that_fits_by_now_takes_it_off_the_list(self) -> None:
        self.ask_all()
        self.note()
        assert len(self.listed()) == 1
        answer = self.write_approved(**RABIES)
        self.note()
        assert self.listed() == []
        assert self.the_group().covered_by == answer
        Answer.objects.filter(pk=answer.pk).update(review_on=MONDAY.date() - timedelta(days=400))
        assert len(self.listed()) == 1

    def test_an_answer_being_written_is_named_and_once_approved_it_is_answered(self) -> None:
        self.ask_all()
        self.note()
        # Its words are far from the question, so that only the link tells.
        answer = self.write(
            title="Pets", texts={"en": "See the pets page."}, questions={"en": ("zebra licence",)}
        )
        link_answer(group=self.the_group(), answer=answer, by=self.alice)
        assert self.listed() == []
        assert len(self.listed("in_work")) == 1
        self.approve(answer)
        assert self.listed() == self.listed("in_work") == []
        for n, text in enumerate(VACCINE):
            self.ask(text, who=f"late-{n}")
        with mock.patch("levelhead.asked.tidying.find_best", return_value=[None] * 3):
            self.note()
        assert [one.asked for one in self.listed()] == [8]

    def test_a_question_becomes_part_of_an_answer(self) -> None:
        self.ask_all()
        self.note()
        answer = self.write_approved()
        group = self.the_group()
        add_to_answer(
            group=group, answer=answer, question=VACCINE[1], by=self.bob,
            expected_version=group.version,
        )  # fmt: skip
        answer.refresh_from_db()
        assert answer.questions["en"][-1] == VACCINE[1]
        assert (answer.state, answer.version) == ("approved", 2)
        assert self.listed() == []

    def test_what_is_older_than_thirty_days_goes(self) -> None:
        manual = clock.ManualClock(MONDAY)
        with clock.use(manual):
            self.ask_all()
            self.note()
            assert len(self.listed()) == 1
            manual.advance(timedelta(days=31))
            self.note()
        assert not AskedGroup.objects.exists()
        assert not AskedPost.objects.exists()

    def test_groups_are_bounded_and_the_lonely_go_first(self) -> None:
        self.ask_all()
        self.note()
        kept = self.the_group().pk
        with (
            mock.patch.object(tidying, "MOST_GROUPS", 2),
            mock.patch("levelhead.asked.grouping.MOST_GROUPS", 2),
        ):
            self.ask_all(OTHERS)
            self.note()
        assert len(self.groups()) <= 2
        assert kept in [group.pk for group in self.groups()]

    def test_without_the_models_nothing_is_lost(self) -> None:
        self.ask_all()
        with (
            mock.patch(
                "levelhead.asked.noting._meanings", side_effect=ConfigurationError("no model")
            ),
            self.assertRaises(ConfigurationError),
        ):
            AskedNotes().run_round()
        self.note()
        assert self.the_group().asked == 4
