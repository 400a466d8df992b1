"""The preview on the form: what is said, escaped, bounded, and only of one's own agency."""

from __future__ import annotations

import re

from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.thread import find_case
from levelhead.records.models import RecordEvent
from levelhead.replies.forms import new_reply_form
from levelhead.replies.models import PostingChoice, Reply
from levelhead.replies.showing import show_preview
from tests.base import DeskTestCase

THREE = "One: the desk opens at 8.\n---\nTwo: bring a photo ID.\n---\nThree: it costs $5. — Alice"
HOSTILE = (
    "<script>alert(1)</script> \u202egnp.exe http://evil.example/<b> @dana "
    "javascript:alert(1) \"'&amp;"
)


class PreviewTests(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.case = self.file_case(text="When does the front desk open?")
        self.client.force_login(self.alice)
        self.path = f"/riverton/inbox/{self.case.pk}/"

    def check(self, text: str, path: str = "") -> str:
        answer = self.client.post(f"{path or self.path}check/", {"text": text})
        assert answer.status_code == 200
        return answer.content.decode()

    def test_one_request_gives_check_shape_and_preview(self) -> None:
        page = self.check(THREE)
        assert 'id="reply-shape" hx-swap-oob="innerHTML"' in page
        assert 'name="posts" value="3"' in page
        assert page.count('class="look-post"') == 3
        assert "Goes out as <strong>3 posts</strong>" in page

    def test_a_short_reply_takes_one_post_and_says_nothing(self) -> None:
        page = self.check("At 8. — Alice")
        assert 'name="posts" value="1"' in page
        assert "shape-said" not in page

    def test_hostile_words_stay_words(self) -> None:
        for text in (HOSTILE, HOSTILE * 200, "\0" + HOSTILE, "a\ud800b"):
            page = self.check(text.encode("utf-8", "replace").decode())
            assert "<script>alert" not in page
            assert "\u202e" not in page
            assert "<a " not in page
            assert "<img" not in page
            assert not re.search(r"(?:src|href|srcset)=", page)

    def test_a_megabyte_is_answered_and_bounded(self) -> None:
        for text in ("word " * 200_000, "x" * 1_000_000, "👨‍👩‍👧‍👦" * 20_000):
            assert len(self.check(text)) < 200_000

    def test_other_platforms_of_the_agency_stand_beside_it(self) -> None:
        self.make_channel(self.agency, "Blue", "bluesky", settings={"handle": "riverton.test"})
        self.make_channel(self.agency, "Blue two", "bluesky", settings={"handle": "two.test"})
        self.make_channel(self.agency, "Face", "facebook")
        self.make_channel(self.agency, "Papers", "file")
        self.make_channel(self.agency, "Toots", "replay", settings={"looks_like": "mastodon"})
        self.make_channel(self.other_agency, "Not ours", "x", settings={"handle": "secret"})
        page = self.check("The desk opens at 8. " * 20)
        shown = re.findall(r'data-platform="(\w+)" data-fit="(\w+)"', page)
        assert shown == [
            ("memory", "fits"), ("bluesky", "split"), ("facebook", "fits"), ("mastodon", "fits"),
        ]  # fmt: skip
        assert "riverton.test" in page
        assert "secret" not in page

    def test_a_channel_without_a_connector_is_shown_and_cannot_be_answered_from(self) -> None:
        channel = self.make_channel(self.agency, "Neighbours", "nextdoor")
        case = self.file_case(channel_id=channel.pk)
        assert 'data-platform="nextdoor"' in self.check("At 8.", f"/riverton/inbox/{case.pk}/")
        assert self.client.get(f"/riverton/inbox/{case.pk}/").status_code == 200

    def test_links_that_hide_or_are_not_encrypted_are_named(self) -> None:
        page = self.check("See https://bit.ly/3x or http://riverton.example.gov/a. — Alice")
        assert "bit.ly</bdi> hides where the link goes" in page
        assert "http://riverton.example.gov/a</bdi> is not encrypted" in page
        assert "hides where" not in self.check("See https://riverton.example.gov/a. — Alice")

    def test_it_costs_four_short_queries(self) -> None:
        case = find_case(self.agency, self.case.pk)
        with self.assertNumQueries(4):
            shown = show_preview(case, self.agency, new_reply_form(text=THREE), self.alice)
        assert shown is not None
        with self.assertNumQueries(0):
            nothing = show_preview(case, self.agency, new_reply_form(text=" \n"), self.alice)
        assert nothing is None

    def test_without_scripts_the_posts_are_shown_before_they_leave(self) -> None:
        form = {"text": THREE, "form_token": "t-1", "posts": "1"}
        refused = self.client.post(f"{self.path}reply/", form)
        assert refused.status_code == 400
        page = refused.content.decode()
        assert "3 posts, one after the other" in page
        assert 'name="posts" value="3"' in page
        assert page.count('class="look-post"') == 3
        assert not Reply.objects.exists()
        sent = self.client.post(f"{self.path}reply/", {**form, "posts": "3"}, follow=True)
        page = sent.content.decode()
        assert page.count('class="chain-post"') == 3
        assert "Waits until the one before has arrived." in page

    def test_a_number_of_posts_that_is_none_counts_as_one(self) -> None:
        for number in ("", "0", "7", "99999999999999999999", "-1", "3.0", "three", "\u0663"):
            refused = self.client.post(
                f"{self.path}reply/", {"text": THREE, "form_token": "t", "posts": number}
            )
            assert refused.status_code == 400, number
        assert not Reply.objects.exists()

    def test_only_who_may_reply_sees_previews(self) -> None:
        self.client.force_login(self.bob)
        self.check("At 8.")
        for person, status in ((self.victor, 403), (self.charlie, 404)):
            self.client.force_login(person)
            answer = self.client.post(f"{self.path}check/", {"text": "At 8."})
            assert answer.status_code == status


class PostingSettingTests(DeskTestCase):
    path = "/riverton/settings/posting/"

    def test_an_administrator_chooses_and_it_is_on_the_record_once(self) -> None:
        self.client.force_login(self.bob)
        assert "Number the posts" in self.client.get(self.path).content.decode()
        for _ in range(2):
            self.client.post(self.path, {"numbered": "yes"})
        assert PostingChoice.objects.get().numbered
        action = "person:replies:numbering_changed"
        assert RecordEvent.objects.filter(action=action).count() == 1
        self.client.post(self.path, {})
        assert not PostingChoice.objects.get().numbered

    def test_nobody_else_may(self) -> None:
        for person, status in ((self.alice, 403), (self.victor, 403), (self.charlie, 404)):
            self.client.force_login(person)
            assert self.client.get(self.path).status_code == status
            assert self.client.post(self.path, {"numbered": "yes"}).status_code == status
        assert not PostingChoice.objects.exists()
