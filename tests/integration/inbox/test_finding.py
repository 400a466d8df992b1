"""Finding with filters: each alone, together, bounded, and in no other agency."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.analysis.domain import Label
from levelhead.doctrine.domain import Disposition
from levelhead.inbox import actions, queries
from levelhead.inbox.choice import read_choice
from levelhead.inbox.models import Case
from levelhead.inbox.search import search_terms
from levelhead.kernel import clock
from tests.base import MONDAY
from tests.integration.web.pages import PagesTestCase

CHICAGO = ZoneInfo("America/Chicago")
# The two bounds in time, two walks, and the rows of each window.
WALK_QUERIES = 2 + 2 + queries.WINDOWS


@contextmanager
def small_windows(size: int, number: int) -> Iterator[None]:
    before = queries.WINDOW, queries.WINDOWS
    queries.WINDOW, queries.WINDOWS = size, number  # type: ignore[misc]
    try:
        yield
    finally:
        queries.WINDOW, queries.WINDOWS = before  # type: ignore[misc]


class FindingTest(PagesTestCase):
    def find(self, **query: object) -> list[int]:
        return self.case_ids(self.look("inbox", **{"view": "all", **query}))

    def test_who_wrote_by_name_or_handle_or_their_beginning(self) -> None:
        dana = self.file_case(
            author_external_id="d", author_handle="dana.r", author_name="Dana Ríos"
        )
        self.file_case(author_external_id="e", author_handle="eli", author_name="Eli Danat")
        for who in ("dana.r", "@dana", "Dana R", "DANA", "Dana Ríos"):
            assert self.find(who=who) == [dana.pk], who
        assert self.find(who="nobody like this") == []
        assert self.find(who="%") == []
        assert self.find(who="' OR 1=1 --\x00") == []

    def test_more_people_than_are_looked_at_is_said(self) -> None:
        self.receive(
            *[
                self.incoming(author_external_id=f"s{n}", author_handle=f"same{n}", author_name="")
                for n in range(25)
            ]
        )
        page = self.look("inbox", view="all", who="same")
        assert "Write more of the name" in page
        assert len(self.case_ids(page)) == 20
        assert "Write more of the name" not in self.look("inbox", view="all", who="same24")

    def test_owner_me_nobody_and_a_colleague(self) -> None:
        mine, bobs, free = self.file_case(), self.file_case(), self.file_case()
        actions.assign_case(case=mine, owner=self.alice, by=self.alice, expected_version=None)
        actions.assign_case(case=bobs, owner=self.bob, by=self.alice, expected_version=None)
        assert self.find(owner="me") == [mine.pk]
        assert self.find(owner=self.bob.pk) == [bobs.pk]
        assert self.find(owner="nobody") == [free.pk]
        self.sign_in(self.bob)
        assert self.find(owner="me") == [bobs.pk]

    def test_disposition_and_state(self) -> None:
        routed, stood, still = self.file_case(), self.file_case(), self.file_case()
        actions.change_decision(
            case=routed, label=None, disposition=Disposition.ROUTE, reason="", by=self.alice,
            expected_version=None,
        )  # fmt: skip
        Case.objects.filter(pk=stood.pk).update(queue="stand", disposition="let_stand")
        actions.let_stand(cases=[Case.objects.get(pk=stood.pk)], by=self.alice)
        assert self.find(do="route") == [routed.pk]
        assert self.find(state="stood") == [stood.pk]
        assert self.find(do="let_stand") == [stood.pk]
        assert still.pk in self.find(state="open", do=still.disposition)
        # The view holds open cases only.
        assert self.find(view="needs", state="stood") == []

    def test_when_it_came_in_on_the_clocks_of_the_agency(self) -> None:
        now = clock.ManualClock(MONDAY)
        found = {}
        with clock.use(now):
            for hours in range(0, 60, 6):
                found[hours] = self.file_case().pk
                now.advance(timedelta(hours=6))
        for since, until in (
            ("2026-03-16", "2026-03-16"),
            ("2026-03-17T00:00", ""),
            ("", "2026-03-17T03:19"),
            ("2026-03-17T03:20", "2026-03-17T03:20"),
            ("2027-01-01", ""),
            ("", "2020-01-01"),
            ("no date", "2026-99-99"),
        ):
            at = {
                pk: (MONDAY + timedelta(hours=hours)).astimezone(CHICAGO)
                for hours, pk in found.items()
            }
            expected = sorted(
                (pk for pk, moment in at.items() if _within(moment, since, until)), reverse=True
            )
            assert self.find(since=since, until=until) == expected, (since, until)

    def test_what_may_break_a_clause(self) -> None:
        self.file_case(text="When does the front desk open on Saturday?")
        by_label = self.file_case(text="Is the lobby open today?")
        actions.change_decision(
            case=by_label, label=Label.REMOVABLE, disposition=None, reason="", by=self.alice,
            expected_version=None,
        )  # fmt: skip
        by_sign = self.file_case(
            text="Officer Reyes lives at 412 Maple Street, his number is 555-201-3344"
        )
        assert self.find(clause="1") == [by_sign.pk, by_label.pk]
        actions.change_decision(
            case=by_sign, label=Label.OTHER, disposition=Disposition.LET_STAND, reason="public",
            by=self.alice, expected_version=None,
        )  # fmt: skip
        assert self.find(clause="1") == [by_label.pk]

    def test_phrases(self) -> None:
        phrase = self.file_case(text="The front desk was closed")
        words = self.file_case(text="A desk in front of the building")
        assert self.find(q='"front desk"') == [phrase.pk]
        assert self.find(q="“front desk”") == [phrase.pk]
        assert self.find(q="front desk") == [words.pk, phrase.pk]
        assert self.find(q='"front desk" clos') == [phrase.pk]
        assert self.find(q='"front des"') == []
        assert self.find(q='"desk front') == [words.pk, phrase.pk]

    def test_filters_hold_together_and_with_words(self) -> None:
        dana = {"author_external_id": "d", "author_handle": "dana"}
        one = self.file_case(text="The drone again", **dana)
        self.file_case(text="The parade again", **dana)
        self.file_case(text="The drone again")
        actions.assign_case(case=one, owner=self.bob, by=self.alice, expected_version=None)
        given = {"who": "dana", "q": "drone", "owner": self.bob.pk, "state": "open"}
        assert self.find(**given, since="2020-01-01") == [one.pk]
        assert self.find(**given, do="alert" if one.disposition != "alert" else "route") == []

    def test_nothing_of_another_agency(self) -> None:
        self.file_case(
            channel_id=self.other_channel.pk, author_external_id="z", author_handle="zoe"
        )
        Case.objects.update(may_break=True)
        for given in ({"who": "zoe"}, {"clause": "1"}, {"since": "2020-01-01"}, {"state": "open"}):
            assert self.find(**given) == []

    def test_the_address_keeps_everything(self) -> None:
        given = {
            "view": "all", "label": "question", "channel": "7", "lang": "en", "q": '"front desk" x',
            "who": "dana", "owner": "me", "do": "answer", "state": "open", "clause": "1",
            "since": "2026-03-16", "until": "2026-03-17T10:00",
        }  # fmt: skip
        assert read_choice(given).parameters == given

    def test_every_walk_is_bounded_and_goes_on_without_gap(self) -> None:
        self.receive(*[self.incoming(text="drone again") for _ in range(60)])
        everything = list(Case.objects.order_by("-pk").values_list("pk", flat=True))
        wanted = [pk for place, pk in enumerate(everything) if place % 9 == 8]
        Case.objects.filter(pk__in=wanted).update(owner=self.bob)
        # A walk that has an index of its own needs no windows; these have none.
        for given in ({"do": "answer"}, {"q": "drone"}, {"since": "2020-01-01"}):
            Case.objects.filter(pk__in=wanted).update(disposition="answer", queue="needs")
            address = {"view": "all", **given, "lang": "en"}
            seen: list[int] = []
            with small_windows(7, 2):
                for _ in range(30):
                    choice = read_choice(address)
                    with CaptureQueriesContext(connection) as asked:
                        page = queries.list_cases(self.agency, self.alice, choice, shown=4)
                    assert len(asked) <= WALK_QUERIES
                    seen += [case.pk for case in page.rows]
                    if not page.more:
                        break
                    address["before"] = page.more.rpartition("before=")[2]
            expected = Case.objects.filter(post__lang="en").order_by("-pk")
            if "do" in given:
                expected = expected.filter(disposition="answer")
            assert seen == list(expected.values_list("pk", flat=True)), given


def _within(moment: datetime, since: str, until: str) -> bool:
    text = f"{moment:%Y-%m-%dT%H:%M}"
    if since.startswith("2") and text[: len(since)] < since:
        return False
    return not (until.startswith("2") and until != "2026-99-99" and text[: len(until)] > until)


def test_terms_of_a_query() -> None:
    assert search_terms('bike "front desk" thef') == [("bike",), ("front", "desk"), ("thef",)]
    assert search_terms('"a b c d e f g h i j" k') == [tuple("abcdefgh")]
    assert search_terms('"" "--"') == []
    assert search_terms('open "front desk') == [("open",), ("front",), ("desk",)]
