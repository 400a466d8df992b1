"""Saying it to everybody: written, looked at, sent; the pages of own posts."""

from __future__ import annotations

from levelhead.posts.models import Delivery, OwnPost
from levelhead.posts.queries import list_posts
from tests.integration.posts.posting import WORDS, Posting
from tests.integration.web.pages import PagesTestCase


class PostPagesTest(Posting, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_posting()
        self.sign_in(self.alice)

    def form(self, step: str, **fields: object) -> dict[str, object]:
        return {
            "step": step, "form_token": "page-1", "lang": "en",
            "answer_version": str(self.answer.version), "channel": [str(self.channel.pk)],
            f"text_{self.channel.pk}": WORDS, f"form_{self.channel.pk}": "full",
            f"text_{self.second.pk}": "", **fields,
        }  # fmt: skip

    def send(self, step: str, status: int = 200, **fields: object) -> str:
        response = self.client.post(
            self.path("own-post-say", self.answer.pk), self.form(step, **fields)
        )
        assert response.status_code == status, response.status_code
        return response.content.decode()

    def test_written_looked_at_and_sent(self) -> None:
        self.make_channel(self.agency, "Archive", platform="file")
        assert "Say it to everybody" in self.look("answer", self.answer.pk)
        page = self.look("own-post-say", self.answer.pk)
        assert self.answer.texts["en"] in page
        assert "takes no posts from here" in page
        page = self.send("look")
        assert "on 1 channel" in page
        assert WORDS.split("?")[0] in page
        assert not OwnPost.objects.exists()
        assert 'data-action="say"' in page
        page = self.send("change")
        assert 'name="step" value="look"' in page
        self.send("send", 302)
        self.send("send", 302)
        post = OwnPost.objects.get()
        page = self.look("own-post", post.pk)
        assert "Waiting to be sent." in page
        assert "Take back" in page
        self.deliver()
        assert "On the platform since" in self.look("own-post", post.pk)
        assert "Posted on" in self.look("answer", self.answer.pk)
        assert self.path("own-post", post.pk) in self.look("own-posts")

    def test_mistakes_are_said_beside_their_channel_and_nothing_is_lost(self) -> None:
        page = self.send("look", 400, **{f"text_{self.channel.pk}": "<b>x</b> " + "y" * 1_000})
        assert "it takes 1000" in page
        assert "&lt;b&gt;x&lt;/b&gt;" in page
        assert f'id="error-{self.channel.pk}"' in page
        assert "Choose at least one channel" in self.send("look", 400, channel=[])
        assert "Choose at least one channel" in self.send("send", 400, channel=["\x00", "9" * 30])
        guilty = "Jonas Miller of 12 Oak Street, phone 555-0134, is guilty of the burglary."
        page = self.send("send", 400, **{f"text_{self.channel.pk}": guilty})
        assert 'name="all_the_same"' in page
        assert "The reply check holds" in page
        self.send(
            "send", 302, all_the_same="Counsel said so", **{f"text_{self.channel.pk}": guilty}
        )
        assert Delivery.objects.get().text == guilty

    def test_a_failure_is_on_every_page_until_somebody_deals_with_it(self) -> None:
        self.platform(self.channel).fail_next("refused", on="send")
        post = self.say(self.channel)
        assert "A post was not sent" not in self.look("inbox")
        self.deliver()
        assert "A post was not sent" in self.look("inbox")
        delivery = Delivery.objects.get()
        assert "Try again" in self.look("own-post", post.pk)
        self.client.post(self.path("own-post-give-up", delivery.pk))
        assert "A post was not sent" not in self.look("inbox")
        self.client.post(self.path("own-post-retry", delivery.pk))
        self.deliver()
        assert "On the platform since" in self.look("own-post", post.pk)
        response = self.client.post(self.path("own-post-withdraw", delivery.pk))
        assert response.status_code == 409
        assert "too late" in response.content.decode()

    def test_who_may_and_who_may_not(self) -> None:
        post = self.say(self.channel)
        delivery = Delivery.objects.get()
        self.sign_in(self.victor)
        assert "Take back" not in self.look("own-post", post.pk)
        assert "Say it to everybody" not in self.look("answer", self.answer.pk)
        assert self.client.get(self.path("own-post-say", self.answer.pk)).status_code == 403
        assert self.client.post(self.path("own-post-withdraw", delivery.pk)).status_code == 403
        self.sign_in(self.charlie)
        for name, pk in (("own-post", post.pk), ("own-post-say", self.answer.pk)):
            assert self.client.get(self.path(name, pk)).status_code == 404
        assert list_posts(self.other_agency, before=None) == ([], None)
        self.sign_in(self.bob)
        self.client.post(self.path("own-post-withdraw", delivery.pk))
        assert "Taken back before it left" in self.look("own-post", post.pk)

    def test_an_answer_that_is_a_draft_is_not_said(self) -> None:
        draft = self.write()
        assert self.client.get(self.path("own-post-say", draft.pk)).status_code == 302
        assert self.path("own-post-say", draft.pk) not in self.look("answer", draft.pk)
        assert "Nothing was posted from here yet" in self.look("own-posts")
