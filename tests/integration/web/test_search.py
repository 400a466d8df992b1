"""Search, on both databases."""

from __future__ import annotations

from levelhead.inbox import queries
from levelhead.inbox.models import Case
from levelhead.inbox.search import search_words
from tests.integration.web.pages import PagesTestCase


class SearchTest(PagesTestCase):
    def find(self, query: str, **more: object) -> list[int]:
        return self.case_ids(self.look("inbox", view="all", q=query, **more))

    def test_all_words_must_be_there_and_the_newest_comes_first(self) -> None:
        one = self.file_case(text="The drone flew over my yard")
        two = self.file_case(text="Why a drone over the school yard?")
        self.file_case(text="A yard sale on Friday")
        assert self.find("drone yard") == [two.pk, one.pk]
        assert self.find("YARD dron") == [two.pk, one.pk]
        # So short a word is looked for as it is: its beginnings are too many.
        assert self.find("yard dro") == []
        assert self.find("drone parade") == []

    def test_an_edited_post_is_found_by_its_new_words(self) -> None:
        case = self.file_case(external_id="e", text="The parade is cancelled")
        self.receive(self.incoming(external_id="e", text="The concert is cancelled"))
        assert self.find("concert") == [case.pk]
        assert self.find("parade") == []

    def test_operators_are_words_or_nothing(self) -> None:
        case = self.file_case(text="Not near the bridge and not open or closed")
        for query in (
            "bridge\\", 'bridge"', "bridge*", "NEAR bridge", "bridge AND", "-bridge", "(bridge",
            "text:bridge",
            "bridge' OR 1=1 --", "bridge:*", "!bridge", "bridge & |", "{bridge}", "^bridge",
        ):  # fmt: skip
            assert case.pk in self.find(query) or "text" in query or "1" in query, query
        assert "Write a word" in self.look("inbox", q="*** --")

    def test_posts_of_another_agency_are_never_found(self) -> None:
        theirs = self.file_case(channel_id=self.other_channel.pk, text="The secret drone")
        assert self.find("drone") == []
        self.sign_in(self.charlie)
        response = self.client.get(
            f"/{self.other_agency.slug}/inbox/", {"view": "all", "q": "drone"}
        )
        assert self.case_ids(response.content.decode()) == [theirs.pk]

    def test_filters_hold_within_a_search(self) -> None:
        other = self.make_channel(self.agency, "Second square")
        self.file_case(text="A drone here")
        second = self.file_case(channel_id=other.pk, text="A drone there")
        assert self.find("drone", channel=other.pk) == [second.pk]

    def test_a_search_is_bounded_and_goes_on_where_it_stopped(self) -> None:
        self.receive(*[self.incoming(text="drone again") for _ in range(12)])
        other = self.make_channel(self.agency, "Second square")
        oldest = Case.objects.filter(agency=self.agency).order_by("pk").first()
        assert oldest is not None
        Case.objects.filter(pk=oldest.pk).update(channel=other)
        window, windows = queries.WINDOW, queries.WINDOWS
        queries.WINDOW, queries.WINDOWS = 3, 2  # type: ignore[misc]
        self.addCleanup(setattr, queries, "WINDOW", window)
        self.addCleanup(setattr, queries, "WINDOWS", windows)
        choice = queries.read_choice({"view": "all", "q": "drone", "channel": str(other.pk)})
        first = queries.list_cases(self.agency, self.alice, choice)
        assert first.rows == []
        assert first.searched_to
        before = first.more.partition("before=")[2]
        again = queries.read_choice(
            {"view": "all", "q": "drone", "channel": str(other.pk), "before": before}
        )
        second = queries.list_cases(self.agency, self.alice, again)
        assert [case.pk for case in second.rows] == [oldest.pk]


def test_a_query_is_cut_to_a_few_words() -> None:
    assert search_words("a " * 5_000) == ["a"] * 8
    assert search_words("\x00\u202e") == []
