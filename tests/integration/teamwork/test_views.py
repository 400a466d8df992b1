"""Saved views: whose they are, what they hold, and how many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.inbox.choice import Choice, read_choice
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, LevelheadError, NotAllowed, NotFound
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from levelhead.teamwork import saving
from levelhead.teamwork.domain import MOST_OWN
from levelhead.teamwork.models import SavedView
from levelhead.teamwork.queries import list_views
from tests.base import MONDAY
from tests.integration.web.pages import PagesTestCase

# For each view: bounds, walks and rows; and the one that lists them.
VIEW_QUERIES = 12


class ViewsTest(PagesTestCase):
    def save(self, name: str = "Drones", *, shared: bool = False, **query: str) -> SavedView:
        given = {"view": "all", "q": "drone", **query}
        return saving.save_view(
            agency=self.agency, name=name, choice=read_choice(given), shared=shared, by=self.alice
        )

    def names(self, person: object) -> list[str]:
        shown = list_views(self.agency, person, Choice())  # type: ignore[arg-type]
        return [one.view.name for one in shown]

    def test_mine_are_mine_and_shared_ones_everybodys_here(self) -> None:
        self.save("Mine")
        self.save("Ours", shared=True)
        assert self.names(self.alice) == ["Mine", "Ours"]
        assert self.names(self.bob) == ["Ours"]
        assert self.names(self.victor) == ["Ours"]
        assert list_views(self.other_agency, self.charlie, Choice()) == []

    def test_every_change_is_on_the_record_and_told_to_open_screens(self) -> None:
        view = self.save()
        for act in (
            lambda: saving.change_view(view=view, name="Flying", shared=True, by=self.alice),
            lambda: saving.delete_view(view=view, by=self.alice),
            lambda: saving.restore_view(view=view, by=self.alice),
        ):
            events, live = RecordEvent.objects.count(), LiveEvent.objects.count()
            act()
            assert RecordEvent.objects.count() == events + 1
            assert LiveEvent.objects.count() == live + 1
        assert self.names(self.bob) == ["Flying"]
        assert verify_records().holds

    def test_who_may_change_it(self) -> None:
        own, ours = self.save("Mine"), self.save("Ours", shared=True)
        for person, view, error in (
            (self.bob, own, NotFound),
            (self.victor, ours, NotAllowed),
            (self.charlie, ours, NotAllowed),
            (self.charlie, own, NotAllowed),
        ):
            for act in (
                lambda v, by: saving.change_view(view=v, name="x", shared=False, by=by),
                lambda v, by: saving.delete_view(view=v, by=by),
                lambda v, by: saving.restore_view(view=v, by=by),
            ):
                with pytest.raises(error):
                    act(view, person)
        # An administrator keeps the shared ones in order.
        saving.delete_view(view=ours, by=self.bob)
        assert self.names(self.alice) == ["Mine"]
        with pytest.raises(NotAllowed):
            saving.save_view(
                agency=self.agency, name="x", choice=Choice(), shared=True, by=self.victor
            )

    def test_names(self) -> None:
        self.save("One")
        ours = self.save("One", shared=True)
        for name in ("One", "", "  ", "x" * 41, "\x00"):
            if name == "\x00":
                assert self.save(name).name == "\ufffd"
                continue
            with pytest.raises(Invalid):
                self.save(name)
        with pytest.raises(Invalid):
            saving.change_view(view=ours, name="One", shared=False, by=self.alice)
        assert SavedView.objects.get(pk=ours.pk).shared

    def test_a_name_is_free_again_once_its_view_is_deleted(self) -> None:
        first = self.save("One")
        saving.delete_view(view=first, by=self.alice)
        self.save("One")
        with pytest.raises(Invalid):
            saving.restore_view(view=first, by=self.alice)

    def test_it_comes_back_for_a_minute(self) -> None:
        now = clock.ManualClock(MONDAY)
        with clock.use(now):
            view = self.save()
            saving.delete_view(view=view, by=self.alice)
            now.advance(timedelta(seconds=61))
            with pytest.raises(Invalid):
                saving.restore_view(view=view, by=self.alice)

    def test_there_are_not_too_many(self) -> None:
        for number in range(MOST_OWN):
            self.save(f"View {number}")
        with pytest.raises(Invalid) as caught:
            self.save("One more")
        assert isinstance(caught.value, LevelheadError)

    def test_counts_are_true_and_end_at_99(self) -> None:
        self.receive(*[self.incoming(text="The drone again") for _ in range(120)])
        self.receive(*[self.incoming(text="The parade again") for _ in range(99)])
        self.save("Drones", since="2020-01-01")
        self.save("Parades", q="parade")
        self.save("Concerts", q="concert")
        with CaptureQueriesContext(connection) as asked:
            shown = list_views(self.agency, self.alice, Choice(), counted=True)
        assert {one.view.name: one.count for one in shown} == {
            "Drones": "99+", "Parades": "99", "Concerts": "0",
        }  # fmt: skip
        assert len(asked) <= 1 + 3 * VIEW_QUERIES

    def test_the_page_saves_shows_changes_deletes_and_undoes(self) -> None:
        self.file_case(text="The drone again")
        address = self.path("view-save") + "?view=all&q=drone"
        page = self.client.post(address, {"name": "<b>Drones</b>"}, follow=True).content.decode()
        view = SavedView.objects.get()
        assert "&lt;b&gt;Drones&lt;/b&gt;" in page
        assert "<b>Drones" not in page
        assert f'data-saved-view="{view.pk}" aria-current="page"' in page
        counted = self.look("views")
        assert '<span class="count">1</span>' in counted
        page = self.client.post(
            self.path("view-change", view.pk), {"name": "Flying", "shared": "on"}, follow=True
        ).content.decode()
        assert "Shared by Alice" in page
        page = self.client.post(self.path("view-delete", view.pk), follow=True).content.decode()
        assert "data-saved-view" not in page
        assert self.path("view-restore", view.pk) in page
        page = self.client.post(self.path("view-restore", view.pk), follow=True).content.decode()
        assert "data-saved-view" in page
        assert "data-undo" not in page

    def test_a_mistake_is_said_on_the_list(self) -> None:
        page = self.client.post(self.path("view-save"), {"name": ""}, follow=True).content.decode()
        assert "Give the view a name." in page
