"""The screens of how replies leave, for those who may see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from levelhead.accounts.models import User
from levelhead.channels.models import ChannelState, OutboxItem, OutboxState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.replies import actions
from levelhead.replies.actions import send_reply
from levelhead.replies.checking import check_draft
from levelhead.replies.choosing import choice_of, choose_other_way, choose_signature
from levelhead.replies.domain import Held
from levelhead.replies.models import Reply, ScheduledReply, SendingChoice
from levelhead.replies.signing import SignHow
from levelhead.replies.unsent import Kind, list_unsent
from tests.integration.replies.sending import WORDS, SendingCase

OFFER = "Please call us at 555-0100, Monday to Friday, 8 to 5."
HOSTILE = "<script>alert(1)</script>\u202e"


class PageCase(SendingCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.alice)
        self.conversation = f"/riverton/inbox/{self.case.pk}/"

    def page(self, path: str = "", client: Client | None = None, status: int = 200) -> str:
        response = (client or self.client).get(path or self.conversation)
        assert response.status_code == status, response.status_code
        return response.content.decode()

    def post(self, path: str, status: int = 302, **data: str) -> str:
        response = self.client.post(path, data)
        assert response.status_code == status, response.content.decode()[:3_000]
        return response.content.decode()

    def as_person(self, person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client


@override_settings(REPLY_UNDO_SECONDS=10)
class UndoPageTests(PageCase):
    def test_sent_counted_down_taken_back_and_the_words_are_there_again(self) -> None:
        self.post(f"{self.conversation}reply/", text=WORDS, form_token="t", version="")
        page = self.page()
        assert "It leaves in 10 seconds" in page
        assert 'data-seconds="10.0"' in page
        assert "Leaves at 09:20:10" in page
        # Announced once: the message is gone, and the countdown is no live region.
        assert "It leaves in 10 seconds" not in self.page()
        self.clock.advance(timedelta(seconds=4))
        assert 'data-seconds="6.0"' in self.page()
        reply = Reply.objects.get()
        response = self.client.post(f"/riverton/inbox/replies/{reply.pk}/withdraw/")
        page = self.page(response["Location"])
        assert f">\n{WORDS}</textarea>" in page
        assert "data-leaving " not in page
        assert 'data-case-state="open"' in page

    def test_who_may_only_look_sees_no_button_and_an_outsider_nothing(self) -> None:
        reply = self.reply()
        assert "take-back" not in self.page(client=self.as_person(self.victor))
        outsider = self.as_person(self.charlie)
        assert outsider.post(f"/riverton/inbox/replies/{reply.pk}/withdraw/").status_code == 404
        assert outsider.post(f"/maple/inbox/replies/{reply.pk}/withdraw/").status_code == 404

    def test_the_words_of_another_case_are_not_put_in(self) -> None:
        other = self.reply("Secret of another case", case=self.file_case(external_id="o"))
        assert "Secret of another case" not in self.page(f"{self.conversation}?again={other.pk}")
        for nonsense in ("x", "9" * 30, "-1", "%00"):
            self.page(f"{self.conversation}?again={nonsense}")


class SchedulePageTests(PageCase):
    def later(self, status: int = 302, **data: str) -> str:
        given = {"text": WORDS, "form_token": self.token(), "leave": "at", **data}
        return self.post(f"{self.conversation}reply/", status, **given)

    def test_chosen_on_the_form_shown_on_the_case_and_in_the_list(self) -> None:
        assert "When the office opens" in self.page()
        self.later(leave_at="2026-03-17T08:00")
        page = self.page()
        assert "Leaves Tuesday, March 17, 2026, 08:00." in page
        assert "The clock of this case runs out before" in page
        page = self.page()
        assert "Leaves Tue, March 17, 2026, 08:00 CDT" in page
        assert "Send reply" in page
        listed = self.page("/riverton/replies/scheduled/")
        assert "To Dana R." in listed
        assert WORDS in listed
        assert "Nothing is scheduled." in self.page(
            "/maple/replies/scheduled/", self.as_person(self.charlie)
        )

    def test_a_time_that_clocks_skip_is_said(self) -> None:
        self.clock.advance(timedelta(days=-10))
        self.later(leave_at="2026-03-08T02:30")
        page = self.page()
        assert "clocks go forward and skip that time" in page
        assert "03:00" in page

    def test_nonsense_and_what_cannot_be_sent_keep_the_words(self) -> None:
        for moment in ("", "tomorrow", "2026-03-01T08:00", "2031-01-01T08:00", "\x00"):
            page = self.later(400, leave_at=moment)
            assert f"{WORDS}</textarea>" in page
        assert "has passed" in self.later(400, leave="2026-03-01T08:00")
        assert not ScheduledReply.objects.exists()

    def test_changed_in_the_form_it_takes_its_own_place(self) -> None:
        scheduled = self.schedule()
        page = self.page(f"{self.conversation}?change={scheduled.pk}")
        assert f">\n{WORDS}</textarea>" in page
        assert f'name="scheduled" value="{scheduled.pk}"' in page
        self.later(leave_at="2026-03-18T08:00", text="At 9. — Alice", scheduled=str(scheduled.pk))
        assert ScheduledReply.objects.get().text == "At 9. — Alice"
        self.post(
            f"{self.conversation}reply/", text="At 10. — Alice", form_token="now",
            scheduled=str(scheduled.pk),
        )  # fmt: skip
        scheduled.refresh_from_db()
        assert (scheduled.state, scheduled.reply.text) == ("sent", "At 10. — Alice")

    def test_the_acts_of_the_list_and_who_may(self) -> None:
        scheduled = self.schedule()
        base = f"/riverton/replies/scheduled/{scheduled.pk}"
        for act in ("now", "take-back", "time"):
            assert self.as_person(self.victor).post(f"{base}/{act}/").status_code == 403
            assert self.as_person(self.charlie).post(f"{base}/{act}/").status_code == 404
            theirs = f"/maple/replies/scheduled/{scheduled.pk}/{act}/"
            assert self.as_person(self.charlie).post(theirs).status_code == 404
        self.post(f"{base}/time/", leave="at", leave_at="2026-03-19T08:00", **{"from": "list"})
        scheduled.refresh_from_db()
        assert scheduled.leaves_at.day == 19
        self.post(f"{base}/take-back/", **{"from": "list"})
        self.post(f"{base}/now/", 409)

    def test_held_it_says_why_and_what_to_do(self) -> None:
        self.schedule()
        self.leave(days=1)
        for path in ("", "/riverton/replies/scheduled/", "/riverton/replies/unsent/"):
            page = self.page(path)
            assert "Held, not sent." in page
            assert "more than 15 minutes late" in page
            assert "1 reply held" in page
        assert "Replies that did not leave" in self.page("/riverton/today/")

    def test_frozen_shows_and_releases(self) -> None:
        self.schedule()
        self.post("/riverton/replies/scheduled/freeze/", 400)
        self.post("/riverton/replies/scheduled/freeze/", reason=f"Shooting {HOSTILE}")
        listed = self.page("/riverton/replies/scheduled/")
        assert "All scheduled replies are frozen" in listed
        assert "<script>alert" not in listed
        assert "Frozen: it does not leave by itself." in self.page()
        self.post("/riverton/replies/scheduled/release/")
        assert "are frozen" not in self.page("/riverton/replies/scheduled/")
        said = RecordEvent.objects.filter(action__startswith="person:replies:scheduled_")
        assert said.count() == 2


class SignaturePageTests(PageCase):
    def sign(self, how: SignHow = SignHow.FIRST, text: str = "", **by_channel: object) -> None:
        choose_signature(agency=self.agency, how=how, text=text, by_channel={}, by=self.bob)

    def rules(self, text: str) -> list[str]:
        return [one.rule for one in check_draft(self.case, text, lang="en", person=self.alice)]

    def test_what_is_sent_is_signed_once(self) -> None:
        self.sign()
        reply = self.reply("We open at 8.")
        assert (reply.text, reply.signature) == ("We open at 8. — Alice", " — Alice")
        assert reply.written == "We open at 8."
        self.deliver()
        (sent,) = self.platform.sent.values()
        assert sent.text == "We open at 8. — Alice"
        other = self.reply("We open at 9. ^A", case=self.file_case(external_id="o"))
        assert other.text == "We open at 9. ^A"

    def test_a_public_name_stands_for_the_person(self) -> None:
        self.post("/me/", language="en", public_name="Officer 212")
        self.alice.refresh_from_db()
        self.sign(SignHow.OWN, "— {name}, {agency}")
        text = self.reply("We open at 8.").text
        assert text == "We open at 8. — Officer 212, Riverton Police Department"
        page = self.client.post("/me/", {"language": "en", "public_name": "x" * 61})
        assert page.status_code == 400

    def test_a_channel_may_sign_otherwise(self) -> None:
        choose_signature(
            agency=self.agency, how=SignHow.FIRST, text="", by=self.bob,
            by_channel={
                self.channel.pk: (SignHow.INITIALS, ""),
                # Not a channel of this agency: left out.
                self.other_channel.pk: (SignHow.NONE, ""),
            },
        )  # fmt: skip
        assert self.reply("We open at 8.").text.endswith(" ^A")
        assert list(choice_of(self.agency.pk).sign_by_channel) == [str(self.channel.pk)]

    def test_it_counts_in_the_length(self) -> None:
        self.sign()
        limit = 1_000
        with pytest.raises(Invalid):
            self.reply("x" * (limit - 3))
        assert len(self.reply("x" * (limit - 8)).text) == limit

    def test_the_form_and_the_preview_show_it_and_the_check_knows(self) -> None:
        unsigned = [
            one.rule
            for one in check_draft(self.case, "We open at 8.", lang="en", person=self.alice)
        ]
        assert "unsigned" in unsigned
        self.sign()
        assert "Signed at its end: <strong>— Alice</strong>" in self.page()
        signed = [
            one.rule
            for one in check_draft(self.case, "We open at 8.", lang="en", person=self.alice)
        ]
        assert "unsigned" not in signed
        said = self.client.post(f"{self.conversation}check/", {"text": "We open at 8."})
        assert "We open at 8. — Alice" in said.content.decode()

    def test_settings_are_for_administrators_and_kept_with_their_mistakes(self) -> None:
        path = "/riverton/settings/sending/"
        self.page(path, status=403)
        self.client.force_login(self.bob)
        self.post(path, part="signature", how="own", text="— {first}, desk")
        assert "Now a reply of yours ends with <strong>— Bob, desk</strong>" in self.page(path)
        for text in ("", "{badge}", "x" * 99, "{"):
            page = self.post(path, 400, part="signature", how="own", text=text)
            assert "Nothing was saved" in page
        self.post(path, 400, part="signature", how="else")
        self.post(path, 400, part="x")
        for seconds in ("61", "-1", "a", "", "1e3"):
            self.post(path, 400, part="undo", undo_seconds=seconds)
        self.post(path, part="undo", undo_seconds="30")
        self.post(path, part="offer", offer_en=f"{OFFER} {HOSTILE}"[:300], offer_es="")
        choice = SendingChoice.objects.get()
        assert (choice.undo_seconds, choice.sign_text) == (30, "— {first}, desk")
        assert "<script>alert" not in self.page(path)
        self.post(path, 400, part="offer", offer_en="x" * 301)
        self.client.force_login(self.charlie)
        self.page(path, status=404)


class LimitTests(PageCase):
    def answered(self, times: int) -> Case:
        """The same person was answered so often in this thread; gives their newest post."""
        parent, case = self.case.post.external_id, self.case
        for number in range(times):
            self.reply(f"Answer number {number}: we open at {number + 7}. — Alice", case=case)
            self.deliver()
            case = self.file_case(
                external_id=f"again-{number}", parent_external_id=parent,
                thread_external_id=parent, author_external_id="dana", author_name="Dana R.",
                text="That is no answer. When does the front desk open?",
            )  # fmt: skip
        return case

    def offers(self) -> None:
        choose_other_way(
            agency=self.agency, by=self.bob,
            sentences={"en": OFFER, "es": "Llámenos al 555-0100, de 8 a 17 h."},
        )  # fmt: skip

    def test_a_third_needs_a_reason_and_it_is_on_the_record(self) -> None:
        case = self.answered(2)
        with pytest.raises(Held):
            self.reply("We open at 8, as the sign says. — Alice", case=case)
        self.reply(
            "We open at 8, as the sign says. — Alice", case=case, all_the_same="New question"
        )
        event = RecordEvent.objects.filter(action="person:reply:sent").order_by("-pk").first()
        assert event is not None
        assert '"no_next_step"' in str(event.payload).replace("'", '"')
        assert "New question" in str(event.payload)

    def test_the_offer_goes_without_a_reason_once(self) -> None:
        self.offers()
        case = self.answered(2)
        page = self.page(f"/riverton/inbox/{case.pk}/")
        assert "You have answered this person here in public 2 times." in page
        assert f'data-text="{OFFER}"' in page
        assert page.count('data-rule="no_next_step"') == 1
        self.reply(f"Thank you. {OFFER} — Alice", case=case)
        self.deliver()
        last = self.file_case(
            external_id="last", parent_external_id=case.post.external_id,
            author_external_id="dana", author_name="Dana R.", text="And now?",
        )  # fmt: skip
        with pytest.raises(Held):
            self.reply(f"Thank you. {OFFER} — Alice", case=last)
        assert "It is time to stop here." in self.page(f"/riverton/inbox/{last.pk}/")

    def test_it_is_counted_by_person_and_speaks_spanish(self) -> None:
        self.offers()
        case = self.answered(2)
        somebody = self.file_case(
            external_id="rosa", parent_external_id=case.post.external_id,
            author_external_id="rosa", text="And on Sunday?",
        )  # fmt: skip
        self.reply("On Sunday we are closed. — Alice", case=somebody)
        with translation.override("es"), pytest.raises(Held) as told:
            self.reply("A las ocho. — Alice", case=case)
        assert "2 veces" in told.value.message

    def test_only_one_finding_is_shown_while_somebody_types(self) -> None:
        case = self.answered(2)
        said = self.client.post(
            f"/riverton/inbox/{case.pk}/check/", {"text": "We hear you. — Alice"}
        ).content.decode()
        assert said.count("answered this person here in public") == 1
        assert "replied 2 times in this thread" not in said


class UnsentTests(PageCase):
    def fail(self, how: str = "refused", **fields: object) -> Reply:
        self.platform.fail_next(how, on="send")
        reply = self.reply(**fields)  # type: ignore[arg-type]
        self.deliver()
        return reply

    def kinds(self) -> list[Kind]:
        return [one.kind for one in list_unsent(self.agency).rows]

    def test_each_kind_says_what_to_do(self) -> None:
        reply = self.fail()
        assert self.kinds() == [Kind.REFUSED]
        page = self.page("/riverton/replies/unsent/")
        assert "The platform refused it." in page
        assert "1 reply not sent" in page
        Case.objects.get(pk=self.case.pk)
        post = self.case.post
        post.visibility = "deleted"
        post.save()
        assert self.kinds() == [Kind.DELETED]
        post.visibility = "visible"
        post.save()
        OutboxItem.objects.update(error_code="channel_busy")
        assert self.kinds() == [Kind.GAVE_UP]
        OutboxItem.objects.update(text="x" * 1_001)
        assert self.kinds() == [Kind.TOO_LONG]
        self.channel.state = ChannelState.SIGNED_OUT
        self.channel.save()
        assert self.kinds() == [Kind.SIGNED_OUT]
        assert reply.state == "queued"  # As it was read; the list asks anew.

    def test_unclear_busy_and_cut_off(self) -> None:
        self.fail("unclear_accepted")
        assert self.kinds() == [Kind.UNCLEAR]
        assert "1 reply unclear" in self.page()
        self.deliver(minutes=1)
        assert self.kinds() == []
        self.fail("busy", case=self.file_case(external_id="b"))
        assert self.kinds() == [Kind.BUSY]
        assert "reply not sent" not in self.page()
        self.channel.state = ChannelState.SIGNED_OUT
        self.channel.save()
        assert self.kinds() == [Kind.SIGNED_OUT]
        assert "1 reply held" in self.page()

    def test_retry_give_up_and_who_may(self) -> None:
        reply = self.fail()
        base = f"/riverton/replies/unsent/{reply.pk}"
        for act in ("retry", "give-up"):
            assert self.as_person(self.victor).post(f"{base}/{act}/").status_code == 403
            assert self.as_person(self.charlie).post(f"{base}/{act}/").status_code == 404
        assert "Replies that did not leave" in self.page("/riverton/today/")
        assert "Every reply left." in self.page(
            "/maple/replies/unsent/", self.as_person(self.charlie)
        )
        self.platform.fail_next("refused", on="send")
        self.post(f"{base}/retry/")
        self.deliver()
        self.post(f"{base}/give-up/", 400)
        self.post(f"{base}/give-up/", reason="We called her")
        assert "Every reply left." in self.page("/riverton/replies/unsent/")
        assert "Not sent, and given up." in self.page()

    def test_changed_and_sent_again_it_is_no_trouble_any_more(self) -> None:
        reply = self.fail()
        page = self.page(f"{self.conversation}?again={reply.pk}")
        assert f">\n{WORDS}</textarea>" in page
        self.reply("At eight. — Alice")
        assert self.kinds() == []

    def test_listeners_hear_of_every_failure(self) -> None:
        heard: list[tuple[int, int]] = []
        actions.on_failed(lambda reply: heard.append((reply.pk, reply.by_id)))
        self.addCleanup(actions._on_failed.clear)
        reply = self.fail()
        assert heard == [(reply.pk, self.alice.pk)]

    def test_paged_and_bounded(self) -> None:
        for number in range(28):
            self.fail(case=self.file_case(external_id=f"f{number}"))
        page = list_unsent(self.agency)
        assert len(page.rows) == 25
        assert len(list_unsent(self.agency, after=page.after).rows) == 3
        assert not list_unsent(self.other_agency).rows
        from django.db import connection

        with CaptureQueriesContext(connection) as asked:
            self.page("/riverton/replies/unsent/")
        assert len(asked) <= 14, len(asked)

    def test_the_strip_asks_no_more_for_it(self) -> None:
        from django.db import connection

        def asked() -> int:
            with CaptureQueriesContext(connection) as found:
                self.page("/riverton/strip/")
            return len(found)

        before = asked()
        self.fail()
        assert asked() == before

    def test_given_up_items_are_out_of_the_way(self) -> None:
        reply = self.fail()
        OutboxItem.objects.filter(pk=reply.outbox_item_id).update(state=OutboxState.GIVEN_UP)
        assert self.kinds() == []


class OtherAgencyTests(PageCase):
    def test_nobody_sends_for_another_agency(self) -> None:
        with pytest.raises(NotAllowed):
            send_reply(
                case=self.case, text=WORDS, by=self.charlie, form_token="x", expected_version=None
            )
        assert not Reply.objects.exists()
        assert clock.now()
