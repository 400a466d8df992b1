"""What is offered beside a reply, by the real models: what fits, or plainly nothing."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from unittest import mock

from levelhead.analysis import encoder, retrieval
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError
from levelhead.knowledge.actions import edit_answer, retire_answer
from levelhead.knowledge.finding import Offer, Outcome, offer_answers, shelves
from tests.base import MONDAY, DeskTestCase
from tests.integration.knowledge.answering import REPORT, TRASH, Answering


class FindingTest(Answering, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        shelves.forget()
        self.addCleanup(shelves.forget)
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.desk = self.write_approved()
        self.trash = self.write_approved(**TRASH)
        self.report = self.write_approved(**REPORT)

    def offer(self, text: str, lang: str = "en") -> Offer:
        return offer_answers(self.agency, text=text, lang=lang)

    def offered(self, text: str, lang: str = "en") -> list[int]:
        return [answer.id for answer in self.offer(text, lang).answers]

    def test_the_answer_that_fits_is_offered_with_its_score_and_parts(self) -> None:
        offer = self.offer("hey when do you open the front desk tomorrow?")
        assert offer.outcome == Outcome.FITS
        best = offer.answers[0]
        assert best.id == self.desk.pk
        assert 50 <= best.percent <= 99
        assert best.parts == ("greeting",)
        assert best.text == self.desk.texts["en"]
        assert (
            self.offered("they forgot our trash again, the bin is still full")[0] == self.trash.pk
        )
        assert self.offered("how can I get the police report of my crash")[0] == self.report.pk

    def test_a_post_out_of_scope_gets_none(self) -> None:
        for text in (
            "my grandson was born last night!!",
            "the mayor's tax plan is theft",
            "lol",
            "",
            "🙂" * 2_000,
        ):
            offer = self.offer(text)
            assert (offer.outcome, offer.answers) == (Outcome.NONE, ()), text

    def test_a_spanish_post_gets_spanish_words_only(self) -> None:
        offer = self.offer("¿A qué hora abre la recepción?", "es")
        assert [answer.id for answer in offer.answers] == [self.desk.pk]
        assert offer.answers[0].text == self.desk.texts["es"]

    def test_the_first_answer_of_an_agency_is_found_too(self) -> None:
        for other in (self.trash, self.report):
            retire_answer(answer=other, reason="", by=self.bob, expected_version=1)
        assert self.offered("what time is the lobby open") == [self.desk.pk]
        assert self.offered("where can I adopt a dog") == []

    def test_thanks_ask_nothing(self) -> None:
        assert self.offer("thanks for all you do").outcome == Outcome.NONE
        assert self.offer("gracias por todo", "es").outcome == Outcome.NONE

    def test_drafts_retired_and_stale_ones_are_not_offered(self) -> None:
        question = "When does the front desk open?"
        assert self.offered(question) == [self.desk.pk]
        edit_answer(
            answer=self.desk, fields=self.fields(title="Desk"), owner=self.alice, by=self.alice,
            expected_version=1,
        )  # fmt: skip
        assert self.desk.pk not in self.offered(question)
        self.desk.refresh_from_db()
        self.approve(self.desk, days=10)
        assert self.offered(question) == [self.desk.pk]
        self.clock.advance(timedelta(days=11))
        assert self.desk.pk not in self.offered(question)
        self.approve(self.desk)
        assert self.offered(question) == [self.desk.pk]
        retire_answer(answer=self.desk, reason="", by=self.bob, expected_version=2)
        assert self.desk.pk not in self.offered(question)

    def test_what_was_read_is_kept_until_an_answer_changes(self) -> None:
        made = mock.Mock(wraps=retrieval.AnswerIndex)
        with mock.patch.object(retrieval, "AnswerIndex", made):
            self.offer("When does the front desk open?")
            with self.assertNumQueries(1):
                self.offer("something else")
            assert made.call_count == 1
            # Another day with the same answers, and an answer that is only written: still good.
            self.clock.advance(timedelta(days=1))
            self.offer("something else")
            self.write(title="Not approved")
            self.offer("something else")
            assert made.call_count == 1
            self.write_approved(title="A fourth")
            self.offer("something else")
            assert made.call_count == 2

    def test_another_agency_sees_nothing_of_ours(self) -> None:
        self.offer("When does the front desk open?")
        theirs = offer_answers(self.other_agency, text="When does the front desk open?", lang="en")
        assert (theirs.outcome, theirs.answers) == (Outcome.EMPTY, ())

    def test_a_language_without_answers_is_told_apart(self) -> None:
        assert self.offer("Quand est-ce que vous ouvrez ?", "fr").outcome == Outcome.LANGUAGE
        retire_answer(answer=self.desk, reason="", by=self.bob, expected_version=1)
        assert self.offer("¿A qué hora abren?", "es").outcome == Outcome.EMPTY

    def test_without_the_models_nothing_fits_and_nothing_breaks(self) -> None:
        for broken in (ConfigurationError("missing"), RuntimeError("no such file: meaning.onnx")):
            shelves.forget()
            with mock.patch.object(encoder, "load_encoder", side_effect=broken):
                offer = self.offer("When does the front desk open?")
            assert (offer.outcome, offer.answers) == (Outcome.NONE, ())
        self.offer("When does the front desk open?")
        with mock.patch.object(retrieval.AnswerIndex, "find", side_effect=RuntimeError("full")):
            assert self.offer("When does the front desk open?").outcome == Outcome.NONE
        assert self.offered("When does the front desk open?") == [self.desk.pk]


def test_pages_load_no_model_and_no_compiler() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django, sys; django.setup();"
            "import levelhead.config.urls, levelhead.inbox.views, levelhead.knowledge.views;"
            "print([m for m in ('numba', 'onnxruntime', 'tokenizers') if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "src:.", "PATH": "/usr/bin"},
    )
    assert said.stdout.strip() == "[]"
