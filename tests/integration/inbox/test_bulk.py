"""One decision for many: those ticked, and those that say nearly the same."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.analysis.domain import Label
from levelhead.inbox import actions, bulk
from levelhead.inbox.domain import CaseState, Queue
from levelhead.inbox.models import Case, DecisionChange, Tally
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from tests.integration.inbox.test_actions import assert_counted
from tests.integration.inbox.test_copies import PETITION
from tests.integration.web.pages import PagesTestCase
from tests.integration.web.test_desk import LIST_QUERIES

NAMES = [f"{first} {last}" for first in ("Dana", "Luis", "Kim", "Eli") for last in "ABC"]


class CopiesCase(PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.receive(*[self.incoming(text=PETITION.format(name=name)) for name in NAMES])
        self.cluster = Case.objects.order_by("pk")[0].pk
        Case.objects.update(queue="needs", disposition="answer", label="dissent")
        Tally.objects.all().delete()
        Tally.objects.create(
            agency=self.agency, state="open", queue="needs", label="dissent", cases=len(NAMES)
        )
        self.all = list(Case.objects.order_by("pk"))
        assert {case.cluster for case in self.all} == {self.cluster}

    def tearDown(self) -> None:
        assert_counted()
        assert verify_records().holds
        super().tearDown()


class FoldingTest(CopiesCase):
    def test_one_row_says_how_many_are_like_it(self) -> None:
        other = self.file_case(text="Where do I get my accident report from last Tuesday night?")
        Case.objects.filter(pk=other.pk).update(queue="needs")
        Tally.objects.filter(cases=1).update(queue="needs")
        with CaptureQueriesContext(connection) as asked:
            page = self.look("inbox")
        assert len(asked) <= LIST_QUERIES, "\n".join(q["sql"][:120] for q in asked)
        assert self.case_ids(page) == [other.pk, self.all[-1].pk]
        assert "12 like this" in page
        each = self.case_ids(self.look("inbox", copies="1"))
        assert each == [other.pk, *[case.pk for case in reversed(self.all)]]
        assert self.case_ids(self.look("inbox", view="all", like=self.cluster)) == each[1:]

    def test_what_is_decided_is_not_counted_and_the_rest_shows(self) -> None:
        actions.let_stand(cases=self.all[2:], by=self.alice)
        page = self.look("inbox")
        assert self.case_ids(page) == [self.all[1].pk]
        assert "2 like this" in page
        actions.let_stand(cases=self.all[1:2], by=self.alice)
        page = self.look("inbox")
        assert self.case_ids(page) == [self.all[0].pk]
        assert "like this" not in page

    def test_danger_is_never_folded(self) -> None:
        danger = [case.pk for case in self.all[3:5]]
        Case.objects.filter(pk__in=danger).update(queue="now")
        Tally.objects.filter(queue="needs").update(cases=len(NAMES) - 2)
        Tally.objects.create(
            agency=self.agency, state="open", queue="now", label="dissent", cases=2
        )
        assert set(danger) < set(self.case_ids(self.look("inbox", view="all")))
        assert self.case_ids(self.look("inbox", view="now")) == danger[::-1]

    def test_every_post_is_reached_page_by_page(self) -> None:
        texts = ["The light on Elm and Third has been out for a month, who mends it", PETITION]
        self.receive(*[self.incoming(text=texts[n % 2] + f" {n}") for n in range(90)])
        self.receive(*[self.incoming() for _ in range(120)])
        seen: set[int] = set()
        clusters: set[int] = set()
        address = self.path("inbox") + "?view=all"
        for _ in range(20):
            page = self.client.get(address).content.decode()
            seen.update(self.case_ids(page))
            clusters.update(int(found) for found in re.findall(r'data-like="(\d+)"', page))
            more = re.search(r'id="more".*?href="([^"]+)"', page, re.DOTALL)
            if more is None:
                break
            address = more[1].replace("&amp;", "&")
        for cluster in clusters:
            seen.update(Case.objects.filter(cluster=cluster).values_list("pk", flat=True))
        assert seen == set(Case.objects.filter(agency=self.agency).values_list("pk", flat=True))


class ManyTest(CopiesCase):
    def ids(self) -> list[int]:
        return [case.pk for case in self.all]

    def test_each_case_has_its_own_event_and_all_come_back(self) -> None:
        before = list(Case.objects.order_by("pk").values("owner", "label", "corrected"))
        for act in (
            lambda: bulk.assign_many(
                agency=self.agency, ids=self.ids(), owner=self.bob, by=self.alice
            ),
            lambda: bulk.label_many(
                agency=self.agency, ids=self.ids(), label=Label.COMPLAINT, by=self.alice
            ),
        ):
            events = RecordEvent.objects.count()
            outcome = act()
            assert len(outcome.done) == len(NAMES)
            assert RecordEvent.objects.count() == events + len(NAMES)
            assert_counted()
            with pytest.raises(NotAllowed):
                bulk.undo_many(agency=self.agency, undo_token=outcome.undo_token, by=self.bob)
            assert bulk.undo_many(
                agency=self.agency, undo_token=outcome.undo_token, by=self.alice
            ) == len(NAMES)
            now = list(Case.objects.order_by("pk").values("owner", "label", "corrected"))
            assert now == before
        assert not DecisionChange.objects.exists()

    def test_undo_leaves_what_somebody_changed_since(self) -> None:
        outcome = bulk.assign_many(
            agency=self.agency, ids=self.ids(), owner=self.bob, by=self.alice
        )
        actions.assign_case(case=self.all[0], owner=self.alice, by=self.bob, expected_version=None)
        undone = bulk.undo_many(agency=self.agency, undo_token=outcome.undo_token, by=self.alice)
        assert undone == len(NAMES) - 1
        assert Case.objects.get(pk=self.all[0].pk).owner == self.alice

    def test_who_may_not_and_what_may_not(self) -> None:
        Case.objects.filter(pk=self.all[0].pk).update(queue=Queue.NOW)
        for person in (self.victor, self.charlie):
            for act in (
                lambda by: bulk.assign_many(agency=self.agency, ids=self.ids(), owner=None, by=by),
                lambda by: bulk.label_many(
                    agency=self.agency, ids=self.ids(), label=Label.OTHER, by=by
                ),
                lambda by: bulk.undo_many(agency=self.agency, undo_token="x", by=by),
            ):
                with pytest.raises(NotAllowed):
                    act(person)
        with pytest.raises(NotAllowed):
            bulk.assign_many(agency=self.agency, ids=self.ids(), owner=self.charlie, by=self.alice)
        for ids in ([], [*range(1, 502)]):
            with pytest.raises(Invalid):
                bulk.assign_many(agency=self.agency, ids=ids, owner=None, by=self.alice)
        theirs = self.file_case(channel_id=self.other_channel.pk)
        outcome = bulk.assign_many(
            agency=self.agency, ids=[*self.ids(), theirs.pk], owner=self.bob, by=self.alice
        )
        assert self.all[0].pk not in outcome.done
        assert theirs.pk not in outcome.done
        Case.objects.filter(pk=self.all[0].pk).update(queue="needs")

    def test_the_ticked_posts_from_the_page(self) -> None:
        for name, data, said in (
            ("assign-many", {"owner": self.bob.pk}, "2 posts have another owner."),
            ("label-many", {"label": "complaint"}, "2 posts were corrected."),
        ):
            page = self.client.post(
                self.path(name), {"case": self.ids()[:2], **data}, follow=True
            ).content.decode()
            assert said in page
            assert self.path("undo-many") in page
            page = self.client.post(self.path("undo-many"), follow=True).content.decode()
            assert "2 posts are as they were." in page
        for name, data in (("assign-many", {"owner": "999999"}), ("label-many", {"label": "x"})):
            page = self.client.post(
                self.path(name), {"case": self.ids()[:2], **data}, follow=True
            ).content.decode()
            assert "usa-alert--error" in page


class SampleTest(CopiesCase):
    def page(self) -> str:
        return self.look("like", self.cluster)

    def token(self, page: str) -> str:
        found = re.search(r'name="sample" value="([^"]+)"', page)
        assert found
        return found[1]

    def decide(self, token: str, **data: object) -> str:
        return self.client.post(
            self.path("like", self.cluster), {"sample": token, **data}, follow=True
        ).content.decode()

    def test_a_sample_of_five_then_one_decision_and_undo(self) -> None:
        page = self.page()
        assert "12 open posts say nearly the same" in page
        assert page.count("<article") == 5
        page = self.decide(self.token(page), act="stand")
        assert "12 posts can stand." in page
        assert Case.objects.filter(state=CaseState.STOOD).count() == 12
        assert RecordEvent.objects.filter(action="person:case:let_stand").count() == 12
        self.client.post(self.path("undo-let-stand"))
        assert Case.objects.filter(state=CaseState.OPEN).count() == 12

    def test_the_sample_is_drawn_anew(self) -> None:
        drawn = {
            tuple(case.pk for case in bulk.draw_sample(self.agency, self.cluster, self.alice).cases)
            for _ in range(20)
        }
        assert len(drawn) > 1

    def test_what_came_after_the_sample_is_not_decided_with_it(self) -> None:
        token = self.token(self.page())
        late = self.file_case(text=PETITION.format(name="Late"))
        assert late.cluster == self.cluster
        self.decide(token, act="stand")
        assert Case.objects.get(pk=late.pk).state == CaseState.OPEN

    def test_assign_and_label_for_all(self) -> None:
        self.decide(self.token(self.page()), act="assign", owner=self.bob.pk)
        assert Case.objects.filter(owner=self.bob).count() == 12
        self.decide(self.token(self.page()), act="label", label="complaint")
        assert Case.objects.filter(label="complaint").count() == 12

    def test_whose_sample_it_is(self) -> None:
        token = self.token(self.page())
        self.sign_in(self.bob)
        response = self.client.post(
            self.path("like", self.cluster), {"sample": token, "act": "stand"}
        )
        assert response.status_code == 403
        self.sign_in(self.victor)
        assert 'name="sample"' not in self.page()
        response = self.client.post(
            self.path("like", self.cluster), {"sample": "made up\x00", "act": "stand"}
        )
        assert response.status_code in (400, 403)
        self.sign_in(self.charlie)
        theirs = self.client.get(f"/{self.other_agency.slug}/inbox/like/{self.cluster}/")
        assert "None of these posts is open" in theirs.content.decode()
        assert Case.objects.filter(state=CaseState.OPEN).count() == 12
