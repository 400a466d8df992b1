"""Looking ahead in threads: by the worker's watch, for the branch that each answer ends."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from levelhead.analysis.assess import load as load_assessor
from levelhead.forecasts.models import BranchForecast
from levelhead.forecasts.noting import look_ahead, write_ahead
from levelhead.forecasts.queries import list_branches
from levelhead.inbox.actions import close_case
from levelhead.inbox.models import Case, Post
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError
from levelhead.live.models import LiveEvent
from tests.integration.topics.talking import Talking
from tests.integration.web.pages import PagesTestCase

HEATED = (
    ("Ann", "The council approved the drone program last night."),
    ("Ben", "You people never asked anybody. You are lying to us, as always."),
    ("Cy", "You obviously did not even read it. Read it before you talk nonsense."),
    ("Ben", "You are an idiot and you always were. Did you even think before you wrote that??"),
)
CALM = (
    ("Ann", "The council approved the drone program last night."),
    ("Dee", "Thank you for posting this. I wonder how long the video is kept?"),
    ("Ann", "I believe it is thirty days, here is the page with the policy."),
    ("Dee", "Thanks, Ann, that helps. I agree that we should read it together."),
)


class BranchesTests(Talking, PagesTestCase):
    def talk(self, turns: tuple[tuple[str, str], ...] = HEATED, **fields: object) -> list[Post]:
        """A branch, each turn the answer to the one before."""
        posts: list[Post] = []
        for name, text in turns:
            above = {"parent_external_id": posts[-1].external_id} if posts else {}
            posts.append(
                self.file_post(
                    text=text, author_name=name, author_external_id=name, **above, **fields
                )
            )
        return posts

    def test_a_heated_branch_shows_with_what_warns_and_a_calm_one_does_not(self) -> None:
        heated, calm = self.talk(), self.talk(CALM)
        self.watch()
        row = BranchForecast.objects.get()
        assert row.post == heated[-1]
        assert row.percent >= 70
        assert {cue.post_id for cue in row.cue_list} <= {post.pk for post in heated}
        for cue in row.cue_list:
            text = Post.objects.get(pk=cue.post_id).text
            assert 0 <= cue.start < cue.end <= len(text)
        page = self.look("conversation", heated[-1].pk)
        assert "This talk may turn on somebody" in page
        assert "Uses a word that insults or sneers." in page
        assert "idiot" in page.split('id="outlook"')[1]
        assert "may turn on somebody" not in self.look("conversation", calm[-1].pk)
        assert LiveEvent.objects.filter(kind="forecast.changed", agency=self.agency).count() == 1

    def test_an_answer_below_takes_the_place_of_the_branch(self) -> None:
        heated = self.talk()
        watch = self.watch()
        below = self.file_post(
            text="You always say that. You are pathetic, and you know it!!",
            author_external_id="Cy", parent_external_id=heated[-1].external_id,
        )  # fmt: skip
        self.watch(watch)
        assert [row.post_id for row in BranchForecast.objects.all()] == [below.pk]

    def test_who_answers_alone_is_no_talk(self) -> None:
        self.talk(tuple(("Ben", text) for _, text in HEATED))
        self.talk(HEATED[-2:])
        self.watch()
        assert not BranchForecast.objects.exists()

    def test_today_and_the_list_show_what_is_open_and_new(self) -> None:
        heated = self.talk()
        self.watch()
        case = Case.objects.get(pk=heated[-1].pk)
        assert [line.case for line in list_branches(self.agency, limit=4)] == [case]
        assert list_branches(self.other_agency, limit=4) == []
        assert "Talks that may turn on somebody" in self.look("today")
        with clock.use(clock.ManualClock(clock.now() + timedelta(hours=25))):
            assert list_branches(self.agency, limit=4) == []
        close_case(case=case, reason="I called them.", by=self.alice, expected_version=None)
        assert list_branches(self.agency, limit=4) == []
        assert "Talks that may turn on somebody" not in self.look("today")

    def test_charlie_sees_nothing_of_it(self) -> None:
        heated = self.talk()
        self.watch()
        self.client.force_login(self.charlie)
        found = self.client.get(reverse("conversation", args=["riverton", heated[-1].pk]))
        assert found.status_code in (403, 404)
        assert "may turn on somebody" not in self.look_as_charlie()

    def look_as_charlie(self) -> str:
        self.client.force_login(self.charlie)
        return self.client.get(reverse("today", args=["maple"])).content.decode()

    def test_scripts_in_the_words_stay_words(self) -> None:
        heated = self.talk(
            (*HEATED[:-1], ("Ben", "You idiot <script>alert(1)</script> \u202eyou!!"))
        )
        self.watch()
        page = self.look("conversation", heated[-1].pk)
        assert "<script>alert" not in page

    def test_many_answers_ask_no_more_than_few(self) -> None:
        def asked(talks: int) -> int:
            posts = [post.pk for _ in range(talks) for post in self.talk()]
            with CaptureQueriesContext(connection) as found:
                ahead = look_ahead(
                    agency_id=self.agency.pk, post_ids=posts, assessor=load_assessor()
                )
                write_ahead(self.agency.pk, ahead)
            assert len(ahead.rows) == talks
            return len(found)

        assert asked(12) == asked(2)

    def test_without_models_topics_are_watched_all_the_same(self) -> None:
        self.talk()
        with mock.patch(
            "levelhead.analysis.assess.load", side_effect=ConfigurationError("no models")
        ):
            self.watch()
        assert not BranchForecast.objects.exists()
