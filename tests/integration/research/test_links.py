"""The page behind a signed link: what opens it, what does not, and what it never shows."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from levelhead.inbox.actions import add_note
from levelhead.inbox.domain import Visibility
from levelhead.inbox.models import Post
from levelhead.kernel import clock
from levelhead.records.models import RecordEvent
from levelhead.research import actions, public
from levelhead.research.domain import RequestState
from levelhead.research.files import path_of
from levelhead.research.links import link_token
from levelhead.research.models import MailOut, ResearchFile, ResearchRequest
from tests.base import MONDAY, DeskTestCase
from tests.integration.research.asking import QUESTION, Asking

PDF = b"%PDF-1.7\nthe log of the flight"


class LinkTestCase(Asking, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)
        self.clock = clock.ManualClock(MONDAY)
        self.enterContext(clock.use(self.clock))
        self.colleague = Client()

    def answer(self, one: ResearchRequest, **data: object) -> tuple[int, str]:
        response = self.colleague.post(self.link(one), {"do": "answer", **data}, follow=True)
        return response.status_code, response.content.decode()


class WhatOpensTest(LinkTestCase):
    def test_the_page_shows_question_thread_and_due_date_and_nothing_else(self) -> None:
        top = self.file_post(text="The council bought drones.", external_id="top")
        case = self.file_case(text="Do they film <b>my</b> yard?", parent_external_id="top")
        self.file_post(text="Another thread altogether.")
        add_note(conversation=case.post.conversation, text="She wrote twice.", by=self.alice)
        one = self.ask(case)
        response = self.colleague.get(self.link(one))
        page = response.content.decode()
        assert response.status_code == 200
        for words in (QUESTION, top.text, "Do they film &lt;b&gt;my&lt;/b&gt; yard?", "March 18"):
            assert words in page, words
        for words in ("She wrote twice", "Another thread", "alice@example.org", "/riverton/"):
            assert words not in page, words
        assert response["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response["Cache-Control"]
        assert "sessionid" not in response.cookies

    def test_a_deleted_post_is_not_shown(self) -> None:
        one = self.ask()
        post = one.case.post
        Post.objects.filter(pk=post.pk).update(visibility=Visibility.DELETED)
        page = self.colleague.get(self.link(one)).content.decode()
        assert QUESTION in page
        assert "film my yard" not in page

    def test_forged_tokens_open_nothing(self) -> None:
        one = self.ask()
        token = link_token(one.pk, 1)
        other = ("A" if token[0] != "A" else "B") + token[1:]
        for forged in (other, token[:-1], token + "A", "x", "%00", "A" * 5_000):
            response = self.colleague.get(f"/ask/{forged}/")
            assert response.status_code == 404, forged[:50]
            assert QUESTION not in response.content.decode()
        # A hash from the database is not a token.
        assert self.colleague.get(f"/ask/{one.token_hash}/").status_code == 404

    def test_the_token_is_kept_nowhere(self) -> None:
        one = self.ask()
        token = link_token(one.pk, 1)
        row = ResearchRequest.objects.filter(pk=one.pk).values().get()
        assert token not in str(row)
        assert not RecordEvent.objects.filter(payload__contains=token).exists()

    def test_a_token_of_another_secret_key_opens_nothing(self) -> None:
        one = self.ask()
        path = self.link(one)
        with self.settings(SECRET_KEY="another key that is long enough for it"):
            assert self.colleague.get(path).status_code == 404

    def test_an_expired_link(self) -> None:
        one = self.ask()
        self.clock.advance(timedelta(days=30))
        late = self.colleague.post(self.link(one), {"do": "answer", "text": "Late"})
        for response in (self.colleague.get(self.link(one)), late):
            assert response.status_code == 410
            assert 'data-closed="expired"' in response.content.decode()
            assert QUESTION not in response.content.decode()
        one.refresh_from_db()
        assert one.state == RequestState.WAITING

    def test_a_revoked_link_and_the_new_one(self) -> None:
        one = self.ask()
        old = self.link(one)
        actions.revoke_link(request=one, by=self.alice, expected_version=None)
        assert self.colleague.get(old).status_code == 410
        fresh = actions.send_new_link(request=one, by=self.alice, expected_version=None)
        assert self.colleague.get(old).status_code == 404
        assert self.colleague.get(self.link(fresh)).status_code == 200

    def test_a_withdrawn_question(self) -> None:
        one = self.ask()
        actions.withdraw(request=one, reason="Found it", by=self.alice, expected_version=None)
        assert self.colleague.post(self.link(one), {"text": "Yes"}).status_code == 410

    def test_a_used_link_takes_no_second_answer_and_shows_nothing(self) -> None:
        one = self.ask()
        status, page = self.answer(one, text="No, only when a call comes.")
        assert status == 200
        assert 'data-closed="answered"' in page
        assert "only when a call" not in page
        assert QUESTION not in page
        response = self.colleague.post(self.link(one), {"do": "answer", "text": "Second"})
        assert response.status_code == 409
        one.refresh_from_db()
        assert one.answer == "No, only when a call comes."

    def test_many_misses_of_one_address_are_slowed_and_lock_nobody_out(self) -> None:
        one = self.ask()
        codes = [self.colleague.get(f"/ask/{n}/").status_code for n in range(public.MISSES + 2)]
        assert codes[0] == 404
        assert codes[-1] == 429
        assert self.colleague.get(self.link(one)).status_code == 200

    def test_many_words_by_one_link_are_slowed(self) -> None:
        one = self.ask()
        for _ in range(public.WORDS):
            assert self.colleague.post(self.link(one), {"do": "answer"}).status_code == 400
        assert self.colleague.post(self.link(one), {"text": "x"}).status_code == 429


class AnsweringTest(LinkTestCase):
    def test_an_answer_with_files(self) -> None:
        one = self.ask()
        word = io.BytesIO()
        with zipfile.ZipFile(word, "w") as archive:
            archive.writestr("word/document.xml", "<w/>")
        files = [SimpleUploadedFile("../../etc/log.pdf", PDF), SimpleUploadedFile("a.docx", word.getvalue())]  # noqa: E501  # fmt: skip
        status, _page = self.answer(one, text="See the log.\x00", files=files)
        assert status == 200
        one.refresh_from_db()
        assert one.state == RequestState.ANSWERED
        assert one.answer == "See the log.\ufffd"
        kept = ResearchFile.objects.get(content_type="application/pdf")
        assert kept.name == "log.pdf"
        assert path_of(self.agency.pk, kept.sha256).read_bytes() == PDF
        assert ResearchFile.objects.count() == 2

    def test_files_that_are_not_taken(self) -> None:
        one = self.ask()
        macro = io.BytesIO()
        with zipfile.ZipFile(macro, "w") as archive:
            archive.writestr("word/document.xml", "<w/>")
            archive.writestr("word/vbaProject.bin", "x")
        for name, content in (
            ("run.exe", b"MZ\x90\x00"), ("page.txt", b"<html><script>1</script>"),
            ("x.svg", b"<svg onload=1>"), ("empty.pdf", b""), ("m.docx", macro.getvalue()),
            ("big.pdf", b"%PDF-" + b"x" * 10_000_001), ("broken.docx", b"PK\x03\x04broken"),
        ):  # fmt: skip
            status, page = self.answer(one, text="Here", files=SimpleUploadedFile(name, content))
            assert status == 400, name
            assert "Nothing was sent yet" in page
            assert "Here" in page
        many = [SimpleUploadedFile(f"{n}.pdf", PDF) for n in range(6)]
        assert self.answer(one, text="Here", files=many)[0] == 400
        one.refresh_from_db()
        assert one.state == RequestState.WAITING
        assert not ResearchFile.objects.exists()

    def test_a_body_too_large_is_not_read(self) -> None:
        one = self.ask()
        response = self.colleague.post(
            self.link(one), {"text": "x"}, CONTENT_LENGTH=str(public.BODY_BYTES + 1)
        )
        assert response.status_code == 413

    def test_nothing_and_too_much(self) -> None:
        one = self.ask()
        assert self.answer(one, text="  ")[0] == 400
        assert self.answer(one, text="x" * 20_001)[0] == 400

    def test_not_mine_asks_the_desk(self) -> None:
        one = self.ask()
        data = {"do": "not-mine", "to_email": "pilot@example.gov", "note": "He flew."}
        page = self.colleague.post(self.link(one), data).content.decode()
        assert 'data-closed="told"' in page
        one.refresh_from_db()
        assert (one.state, one.proposed_email) == (RequestState.NOT_MINE, "pilot@example.gov")
        old = self.link(one)
        done = actions.pass_on(request=one, to_email="pilot@example.gov", to_name="Pilot",
                               by=self.bob, expected_version=one.version)  # fmt: skip
        assert done.state == RequestState.WAITING
        assert self.colleague.get(old).status_code == 404
        assert self.colleague.get(self.link(done)).status_code == 200

    def test_not_mine_goes_on_by_the_agencys_choice_but_not_in_circles(self) -> None:
        actions.change_policy(agency=self.agency, records_days=5, passes_on=True, checked=True,
                              by=self.bob)  # fmt: skip
        one = self.ask()
        for number in range(5):
            self.colleague.post(
                self.link(one), {"do": "not-mine", "to_email": f"p{number}@example.gov"}
            )
            one.refresh_from_db()
        assert one.state == RequestState.NOT_MINE
        assert one.to_email == "p2@example.gov"

    def test_not_mine_with_no_address(self) -> None:
        one = self.ask()
        two, hidden = "a@example.gov, b@example.gov", "a@example.gov\nBcc: x@y.org"
        for bad in ("", "pilot", "a@b", two, hidden, one.to_email.upper()):
            response = self.colleague.post(self.link(one), {"do": "not-mine", "to_email": bad})
            assert response.status_code == 400, bad
        assert not MailOut.objects.exists()
