"""The list and the conversation: what they show, how much they ask of the database."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.channels.domain import IncomingKind
from levelhead.inbox.models import Case, Note, Post
from levelhead.kernel import clock
from levelhead.replies.actions import send_reply
from levelhead.replies.models import Reply
from tests.integration.web.pages import Elements, PagesTestCase

# Session, person, place, live head; the list with its copies, counts, choices and saved views; the
# strip.
LIST_QUERIES = 18
CONVERSATION_QUERIES = 39


class ListTest(PagesTestCase):
    def test_200_cases_cost_no_more_queries_than_one(self) -> None:
        self.receive(*[self.incoming() for _ in range(200)])
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page = self.look("inbox", view="all")
        assert len(asked) <= LIST_QUERIES, "\n".join(q["sql"][:120] for q in asked)
        assert len(self.case_ids(page)) == 50

    def test_pages_follow_each_other_without_gap_or_repetition(self) -> None:
        self.receive(*[self.incoming() for _ in range(120)])
        for sort in ("newest", "clock"):
            seen: list[int] = []
            address = f"{self.path('inbox')}?view=all&sort={sort}"
            while address:
                response = self.client.get(
                    address, headers={"HX-Request": "true", "HX-Target": "more"}
                )
                page = response.content.decode()
                assert "<html" not in page
                seen += self.case_ids(page)
                more = [v for v in Elements(page).with_attribute("hx-get") if v and "=" in v]
                address = next((v for v in more if "before=" in v or "after=" in v), "")
            cases = Case.objects.filter(agency=self.agency)
            expected = (
                cases.order_by("-post_id")
                if sort == "newest"
                else cases.filter(due_at__isnull=False).order_by("due_at", "post_id")
            )
            assert seen == list(expected.values_list("pk", flat=True)), sort

    def test_counts_are_those_of_the_rows(self) -> None:
        self.receive(*[self.incoming() for _ in range(7)])
        case = Case.objects.filter(agency=self.agency).first()
        assert case is not None
        self.act("assign", case, owner=self.alice.pk)
        page = self.client.get(self.path("inbox"), {"view": "all"})
        views = {view["key"]: view["count"] for view in page.context["views"]}
        assert views["all"] == Case.objects.filter(agency=self.agency).count() == 7
        for queue in ("needs", "now", "clause", "stand"):
            cases = Case.objects.filter(agency=self.agency, state="open", queue=queue)
            assert views[queue] == cases.count()
        assert views["mine"] == 1

    def test_filters_narrow_the_list(self) -> None:
        other = self.make_channel(self.agency, "Second square")
        first = self.file_case(text="When does the front desk open?")
        second = self.file_case(channel_id=other.pk, text="¿A qué hora abren mañana?", lang="es")
        everything = self.case_ids(self.look("inbox", view="all"))
        assert everything == [second.pk, first.pk]
        by_channel = self.look("inbox", view="all", channel=other.pk)
        assert self.case_ids(by_channel) == [second.pk]
        lang = Post.objects.get(pk=second.pk).lang
        by_language = self.look("inbox", view="all", lang=lang)
        assert second.pk in self.case_ids(by_language)
        by_label = self.look("inbox", view="all", label=first.label)
        assert first.pk in self.case_ids(by_label)

    def test_nonsense_in_the_address_is_left_out(self) -> None:
        self.file_case()
        for query in (
            "view=%00&label=x&channel=99999999999999999999&lang=%3Cb%3E&before=-1&sort=drop",
            "after=2026-99-99T99:99_1&sort=clock&view=all",
            "q=%00%22%27%28%29*&view=all",
            "shown=999999999999&view=all",
        ):
            response = self.client.get(f"{self.path('inbox')}?{query}")
            assert response.status_code == 200, query

    def test_an_empty_view_teaches(self) -> None:
        assert "Posts that need no answer wait here" in self.look("inbox", view="stand")


class BulkTest(PagesTestCase):
    def test_chosen_posts_stand_and_the_undo_opens_them_again(self) -> None:
        cases = [self.file_case(text="What a lovely parade, thank you all") for _ in range(3)]
        Case.objects.filter(pk__in=[case.pk for case in cases]).update(queue="stand")
        path = self.path("let-stand")
        response = self.client.post(path, {"case": [case.pk for case in cases]}, follow=True)
        assert "data-undo" in response.content.decode()
        assert {c.state for c in Case.objects.filter(pk__in=[c.pk for c in cases])} == {"stood"}
        response = self.client.post(self.path("undo-let-stand"), follow=True)
        assert {c.state for c in Case.objects.filter(pk__in=[c.pk for c in cases])} == {"open"}
        assert "data-undo" not in response.content.decode()

    def test_nothing_chosen_and_nothing_to_undo_are_said(self) -> None:
        response = self.client.post(self.path("let-stand"), follow=True)
        assert "Choose at least one post first" in response.content.decode()
        response = self.client.post(self.path("undo-let-stand"), follow=True)
        assert "This undo is not valid" in response.content.decode()


class ConversationTest(PagesTestCase):
    def test_300_replies_page_and_cost_no_more_queries(self) -> None:
        first = self.file_post(external_id="root", text="Will the bridge be closed on Friday?")
        self.receive(
            *[self.incoming(external_id=f"a{n}", parent_external_id="root") for n in range(300)]
        )
        # What a process loads once is loaded.
        self.look("conversation", first.pk, view="all")
        with CaptureQueriesContext(connection) as asked:
            page = self.look("conversation", first.pk, view="all")
        assert len(asked) <= CONVERSATION_QUERIES, "\n".join(q["sql"][:120] for q in asked)
        seen: list[str | None] = []
        after = ""
        for _ in range(20):
            page = self.look("conversation", first.pk, answers_after=after)
            posts = [v for v in Elements(page).with_attribute("data-post") if v != str(first.pk)]
            seen += posts
            links = [v or "" for v in Elements(page).with_attribute("href")]
            more = [link for link in links if "answers_after=" in link]
            if not more:
                break
            after = more[0].rpartition("=")[2]
        answers = Post.objects.filter(parent=first).order_by("pk").values_list("pk", flat=True)
        assert seen == [str(pk) for pk in answers]

    def test_a_deep_thread_shows_the_nearest_posts_above(self) -> None:
        self.receive(
            *[
                self.incoming(external_id=f"d{n}", parent_external_id=f"d{n - 1}" if n else None)
                for n in range(60)
            ]
        )
        last = Post.objects.get(channel=self.channel, external_id="d59")
        page = self.client.get(self.path("conversation", last.pk))
        above = [post.external_id for post in page.context["thread"].above]
        assert above == [f"d{n}" for n in range(47, 59)]
        assert page.context["thread"].above_cut

    def test_an_edit_shows_the_old_words_and_a_deletion_is_said(self) -> None:
        post = self.file_post(external_id="e", text="The desk opens at noon?")
        self.receive(self.incoming(external_id="e", text="The desk opens at eight?"))
        self.receive(self.incoming(external_id="e", kind=IncomingKind.DELETED))
        page = self.look("conversation", post.pk)
        assert "The desk opens at noon?" in page
        assert "The desk opens at eight?" in page
        assert "Deleted at its source" in page
        assert "there is nothing to reply to" in page

    def test_the_reasons_speak_the_persons_language(self) -> None:
        case = self.file_case(text="When does the front desk open?")
        english = self.client.get(self.path("conversation", case.pk)).context["why"].reasons
        self.alice.language = "es"
        self.alice.save()
        response = self.client.get(self.path("conversation", case.pk))
        assert response["Content-Language"] == "es"
        assert response.context["why"].reasons != english

    def test_times_are_the_agencys(self) -> None:
        self.agency.zone = "Pacific/Kiritimati"
        self.agency.save()
        created = clock.now() - timedelta(days=30)
        post = self.file_post(created_at=created)
        assert "+14" in self.look("conversation", post.pk)

    def test_a_viewer_sees_no_form(self) -> None:
        case = self.file_case()
        self.sign_in(self.victor)
        page = self.look("conversation", case.pk)
        actions = [v for v in Elements(page).with_attribute("action") if v]
        assert [v for v in actions if f"/{case.pk}/" in v] == []


class WorkTest(PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.case = self.file_case(text="When does the front desk open?")

    def now(self) -> Case:
        return Case.objects.get(pk=self.case.pk)

    def test_a_reply_is_queued_shown_and_can_be_taken_back(self) -> None:
        page = self.client.get(self.path("conversation", self.case.pk))
        token = page.context["reply_form"].token
        self.act("reply", self.case, text="At 8 in the morning.", form_token=token)
        self.act("reply", self.case, text="At 8 in the morning.", form_token=token)
        reply = Reply.objects.get()
        shown = self.look("conversation", self.case.pk)
        assert 'data-state="queued"' in shown
        assert "At 8 in the morning." in shown
        response = self.client.post(self.path("reply-withdraw", reply.pk), follow=True)
        assert 'data-state="withdrawn"' in response.content.decode()
        assert self.now().state == "open"

    def test_a_failed_reply_is_loud_and_can_be_sent_again(self) -> None:
        reply = send_reply(
            case=self.case, text="At 8.", by=self.alice, form_token="t", expected_version=None
        )
        item = reply.outbox_item
        item.state, item.last_error = "failed", "The platform said no <b>twice</b>."
        item.save()
        Case.objects.filter(pk=self.case.pk).update(state="open", reply_failed=True)
        page = self.look("conversation", self.case.pk)
        assert "The platform said no &lt;b&gt;twice&lt;/b&gt;." in page
        assert "1 reply not sent" in self.look("inbox")
        self.client.post(self.path("reply-retry", reply.pk))
        item.refresh_from_db()
        assert item.state == "queued"

    def test_a_conflict_keeps_what_was_typed(self) -> None:
        old = self.case
        self.act("assign", old, owner=self.bob.pk)
        words = 'At 8. <b>"Bring your papers"</b>'
        response = self.act("reply", old, 409, text=words, form_token="t1")
        page = response.content.decode()
        assert "Somebody changed this case" in page
        assert "At 8. &lt;b&gt;&quot;Bring your papers&quot;&lt;/b&gt;</textarea>" in page
        assert not Reply.objects.exists()
        fresh = self.now()
        assert f'name="version" value="{fresh.version}"' in page
        self.act("reply", fresh, text=words, form_token="t1")
        assert Reply.objects.get().text == words

    def test_a_conflict_in_part_of_a_page_is_a_part(self) -> None:
        self.act("assign", self.case, owner=self.bob.pk)
        response = self.client.post(
            self.path("close", self.case.pk),
            {"version": self.case.version, "reason": "They called in"},
            headers={"HX-Request": "true", "HX-Target": "work"},
        )
        page = response.content.decode()
        assert response.status_code == 409
        assert page.startswith('<div id="work"')
        assert "They called in</textarea>" in page

    def test_a_reply_that_is_too_long_or_empty_is_refused_with_its_words(self) -> None:
        response = self.act("reply", self.case, 400, text="x" * 1_001, form_token="t")
        assert "is longer than one post" in response.content.decode()
        assert "x" * 1_001 in response.content.decode()
        response = self.act("reply", self.case, 400, text="  ", form_token="t")
        assert "Write the reply first" in response.content.decode()

    def test_a_changed_decision_is_kept_and_shown(self) -> None:
        self.act("decide", self.case, label="press", disposition="route", reason="the Herald")
        page = self.look("conversation", self.case.pk)
        assert self.now().label == "press"
        assert "decided otherwise" in page
        assert "the Herald" in page

    def test_notes_stand_in_the_log_and_never_act(self) -> None:
        self.act("note", self.case, note="<img src=x onerror=alert(1)>")
        page = self.look("conversation", self.case.pk)
        assert Note.objects.count() == 1
        assert "&lt;img src=x" in page
        assert "Added a note" in page

    def test_nobody_outside_can_own_a_case(self) -> None:
        self.act("assign", self.case, 400, owner=self.charlie.pk)
        assert self.now().owner is None

    def test_a_life_safety_case_is_not_let_stand_in_bulk(self) -> None:
        Case.objects.filter(pk=self.case.pk).update(queue="now")
        response = self.client.post(self.path("let-stand"), {"case": self.case.pk}, follow=True)
        assert self.now().state == "open"
        assert "a life may be at stake" in response.content.decode()
