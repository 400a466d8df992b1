"""An answer has a form for each kind of channel: written, approved, kept and offered with it."""

from __future__ import annotations

from typing import Any

import pytest

from levelhead.channels.models import Channel
from levelhead.kernel.errors import Invalid
from levelhead.knowledge.actions import edit_answer
from levelhead.knowledge.channel_forms import FULL, Form, choose, kind_of
from levelhead.knowledge.finding import find_chosen, for_channel, offer_answers, shelves
from levelhead.knowledge.models import Answer, AnswerVersion
from levelhead.knowledge.queries import kind_of_channel
from levelhead.records.models import RecordEvent
from tests.integration.knowledge.answering import DESK, Answering
from tests.integration.web.pages import PagesTestCase

LONG = "The front desk is open Monday to Friday, 8 to 5. " * 12
SHORT = "Front desk: Mon to Fri, 8 to 5."


class FormsTest(Answering, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        shelves.forget()
        self.addCleanup(shelves.forget)

    def long_answer(self, **changes: Any) -> Answer:
        return self.write_approved(texts={"en": LONG.strip()}, **changes)

    def test_the_form_of_the_channel_is_offered_first_and_the_full_one_can_be_chosen(self) -> None:
        answer = self.long_answer(forms={"en": {"short": SHORT, "comment": "A comment."}})
        Channel.objects.filter(pk=self.channel.pk).update(
            name="Bluesky", platform="replay", settings={"looks_like": "bluesky"}
        )
        case = self.file_case(text="When does the front desk open?", lang="en")
        page = self.look("conversation", case.pk)
        assert "Short post, for Bluesky" in page
        assert f'data-answer-text="{SHORT}"' in page
        assert "Use the full text" in page
        assert f"{SHORT}</textarea>" in self.look("conversation", case.pk, answer=answer.pk)
        whole = self.look("conversation", case.pk, answer=answer.pk, form="full")
        assert f"{LONG.strip()}</textarea>" in whole
        # A form that there is not is none.
        assert f"{SHORT}</textarea>" in self.look(
            "conversation", case.pk, answer=answer.pk, form="sky"
        )

    def test_a_missing_form_is_said_with_the_length(self) -> None:
        answer = self.long_answer()
        over = len(LONG.strip()) - 300
        assert f"the text has {over} characters more than the 300" in self.look("answer", answer.pk)
        Channel.objects.filter(pk=self.channel.pk).update(
            name="Bluesky", platform="replay", settings={"looks_like": "bluesky"}
        )
        case = self.file_case(text="When does the front desk open?", lang="en")
        page = self.look("conversation", case.pk)
        assert f'data-offer-over="{over}"' in page
        assert f"{over} characters too many for Bluesky" in page

    def test_editing_a_form_makes_a_draft_and_keeps_what_it_said(self) -> None:
        answer = self.long_answer(forms={"en": {"short": SHORT}})
        fields = self.fields(texts={"en": LONG.strip()}, forms={"en": {"short": "Other."}})
        edited = edit_answer(
            answer=answer, fields=fields, owner=self.alice, by=self.alice, expected_version=1
        )
        assert (edited.state, edited.version) == ("draft", 2)
        assert AnswerVersion.objects.get().forms == {"en": {"short": SHORT}}
        assert SHORT in self.look("answer", answer.pk)
        assert "Other." in RecordEvent.objects.get(action="person:answer:edited").payload
        same = edit_answer(
            answer=edited, fields=fields, owner=self.alice, by=self.alice, expected_version=2
        )
        assert same.version == 2

    def test_what_a_form_must_be(self) -> None:
        for forms, words in (
            ({"en": {"short": "x" * 301}}, "too long"),
            ({"en": {"short": "see [[greeting"}}, "not whole"),
            ({"en": {"short": "\u202ea"}}, "cannot be seen"),
            ({"es": {"short": "Hola"}}, "but no answer"),
        ):
            with pytest.raises(Invalid, match=words):
                self.write(texts={"en": "Open 8 to 5."}, forms=forms)
        kept = self.write(texts={"en": "Open 8 to 5."}, forms={"en": {"short": " ", "x": "y"}})
        assert kept.forms == {}

    def test_the_form_page_keeps_and_mends(self) -> None:
        sent = {
            "title": "Desk", "text_en": "Open 8 to 5.", "source": "x", "owner": str(self.bob.pk),
            "review_on": str(self.fields().review_on), "form_short_en": "[[name] open",
        }  # fmt: skip
        response = self.client.post(self.path("answer-new"), sent)
        assert response.status_code == 400
        assert 'id="form_short_en-error"' in response.content.decode()
        sent["form_short_en"] = "Open 8 to 5."
        self.client.post(self.path("answer-new"), sent)
        answer = Answer.objects.get()
        assert answer.forms == {"en": {"short": "Open 8 to 5."}}
        assert ">\nOpen 8 to 5.</textarea>" in self.look("answer-edit", answer.pk)

    def test_the_search_finds_words_of_a_form(self) -> None:
        answer = self.write(forms={"en": {"message": "Écrivez-moi"}})
        assert f'data-answer="{answer.pk}"' in self.look("knowledge", q="ecrivez")

    def test_parts_of_a_form_are_named(self) -> None:
        self.write_approved(**{**DESK, "forms": {"en": {"comment": "[[name]], 8 to 5."}}})
        offer = offer_answers(self.agency, text="When does the front desk open?", lang="en")
        [found] = for_channel(offer, kind_of_channel(self.channel)).answers
        assert (found.form, found.parts) == ("comment", ("[[name]]".strip("[]"),))
        whole = find_chosen(for_channel(offer, kind_of_channel(self.channel)), found.id, form=FULL)
        assert whole is not None
        assert whole.text == DESK["texts"]["en"]


@pytest.mark.parametrize(
    ("platform", "looks_like", "limit", "form", "most"),
    [
        ("bluesky", "", 300, Form.SHORT, 300),
        ("replay", "bluesky", None, Form.SHORT, 300),
        ("replay", "mastodon", None, Form.COMMENT, 500),
        ("replay", "facebook", None, Form.COMMENT, 8_000),
        ("replay", "email", None, Form.MESSAGE, None),
        ("memory", "", 1_000, Form.COMMENT, 1_000),
        ("odd", "", 120, Form.SHORT, 120),
    ],
)
def test_the_kind_of_a_channel(
    platform: str, looks_like: str, limit: int | None, form: Form, most: int | None
) -> None:
    kind = kind_of("c", platform, looks_like=looks_like, limit=limit)
    assert (kind.form, kind.limit) == (form, most)


def test_a_form_too_long_for_its_channel_says_so() -> None:
    kind = kind_of("X", "x", limit=None)
    said = choose("full " * 100, {"short": "s" * 295}, kind)
    assert (said.form, said.over) == ("short", 15)
    assert choose("full", {"short": "s"}, kind, wanted=FULL).text == "full"
    assert choose("full", {}, kind).form == FULL
