"""The page of corrections: one look, one press; and what Today says."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.urls import reverse

from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.corrections.actions import decide
from levelhead.corrections.domain import DueState
from levelhead.corrections.models import CorrectionDue
from levelhead.kernel import clock
from levelhead.ledger.actions import change_fact, confirm_fact, mark_false
from levelhead.replies.actions import note_outcome, send_reply
from levelhead.replies.models import Reply
from levelhead.updates.domain import Audience, UpdateKind, Words
from levelhead.updates.models import Update, UpdateDelivery
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis

CUSTODY = "One man is in custody."
GYM = "Families meet their children at the Lincoln School gym."


class PagesTest(Crisis, DeskTestCase):
    """What people see and press."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.second = self.make_channel(self.agency, "Bluesky")
        self.incident = self.declare()
        self.fact = self.add_confirmed(self.incident, CUSTODY, self.alice, self.bob)
        self.update = self.send(self.incident, self.fact, on=[self.channel, self.second])
        self.client.force_login(self.alice)
        self.address = reverse("corrections", args=["riverton", self.incident.pk])

    def fell(self) -> CorrectionDue:
        """The fact is false."""
        mark_false(
            fact=self.fact, why="He was a <b>witness</b>.", by=self.bob,
            expected_version=self.fact.version,
        )  # fmt: skip
        return CorrectionDue.objects.get(fact=self.fact)

    def form(self, **fields: Any) -> dict[str, Any]:
        """The form as the page shows it."""
        page = self.client.get(self.address).content.decode()
        hidden = {
            name: re.findall(rf'name="{name}" value="([^"]*)"', page)
            for name in ("form_token", "after", "fact")
        }
        lead = re.search(r'name="lead-en"[^>]*>\s*([^<]*)</textarea>', page)
        known = re.findall(r'name="known-en"[^>]*value="([^"]*)"', page)
        assert lead is not None
        given = {
            "form_token": hidden["form_token"][0], "after": hidden["after"][0],
            "fact": hidden["fact"], "lead-en": lead[1].strip().replace("&quot;", '"'),
            "known-en": known,
        }  # fmt: skip
        return {**given, **fields}

    def press(self, **fields: Any) -> Any:
        """Send it as it is shown."""
        address = reverse("correction-send", args=["riverton", self.update.pk])
        return self.client.post(address, self.form(**fields), follow=True)

    def test_the_draft_goes_where_the_mistake_went_with_one_press(self) -> None:
        due = self.fell()
        page = self.client.get(self.address)
        self.assertContains(page, "Send the correction of update 1")
        self.assertContains(page, "Town square")
        self.assertContains(page, "&lt;b&gt;witness")
        answer = self.press()
        self.assertContains(answer, "Correction sent as update 2")
        self.assertContains(answer, "Corrected by update 2")
        due.refresh_from_db()
        self.assertEqual(due.state, DueState.CORRECTED)
        sent = Update.objects.get(number=2)
        self.assertEqual((sent.kind, sent.corrects), (UpdateKind.CORRECTION, self.update))
        texts = UpdateDelivery.objects.filter(update_of=sent).values_list("channel", "text")
        self.assertEqual({pk for pk, _ in texts}, {self.channel.pk, self.second.pk})
        for _, text in texts:
            self.assertIn("Correction to update 1: We said “One man is in custody”", text)

    def test_what_still_holds_stays_on_top(self) -> None:
        open_still = self.add_confirmed(self.incident, "The shelter at the school is open.")
        words = Words(
            lang="en", lead="A man is in custody.",
            known=(self.fact.text, open_still.text),
            unknown=("How many people saw it.",), doing=("We search the pier.",),
            actions=((Audience.NEAR, "Stay away from the pier."),),
        )  # fmt: skip
        self.update = self.send(self.incident, self.fact, open_still, words=words)
        self.fell_twice()
        page = self.client.get(self.address)
        self.assertContains(page, "This goes with it")
        self.press()
        said = Update.objects.get(number=3).texts.get().words
        self.assertEqual(said.actions, words.actions)
        self.assertEqual((said.unknown, said.doing), (words.unknown, words.doing))
        self.assertEqual(said.known, (open_still.text,))
        self.assertNotIn("A man is in custody.", [said.lead])
        way = UpdateDelivery.objects.get(update_of__number=3, channel=self.channel)
        self.assertIn("Stay away from the pier.", way.text)
        form = self.client.get(f"/riverton/incidents/{self.incident.pk}/update/")
        self.assertContains(form, "Stay away from the pier.")

    def fell_twice(self) -> None:
        """The fact is false, and the first update that said it needs no correction."""
        mark_false(
            fact=self.fact, why="He was a witness.", by=self.bob,
            expected_version=self.fact.version,
        )  # fmt: skip
        for due in CorrectionDue.objects.exclude(update_of=self.update):
            decide(due=due, reason="Said again since.", by=self.alice)

    def test_the_same_press_twice_sends_once(self) -> None:
        self.fell()
        form = self.form()
        address = reverse("correction-send", args=["riverton", self.update.pk])
        for _ in range(2):
            self.client.post(address, form)
        self.assertEqual(Update.objects.count(), 2)

    def test_what_stands_instead_is_cited(self) -> None:
        changed = change_fact(
            fact=self.fact, text="Two men are in custody.", why="A second.", by=self.alice,
            expected_version=self.fact.version, confirmed_how="Scene.",
        )  # fmt: skip
        form = self.form()
        confirm_fact(fact=changed, how="Dispatch.", by=self.bob, expected_version=2)
        address = reverse("correction-send", args=["riverton", self.update.pk])
        stale = self.client.post(address, form)
        self.assertContains(stale, "changed while you looked", status_code=409)
        self.press()
        sent = Update.objects.get(number=2)
        self.assertEqual([c.version for c in sent.citations.all()], [2])

    def test_a_spanish_text_waits_for_its_translation(self) -> None:
        fact = self.add_confirmed(self.incident, "The bridge is closed.")
        wish = self.wish(
            self.incident, fact, on=[self.channel],
            words=Words(lang="en", lead="Roads.", known=("The bridge is closed.",)),
        )  # fmt: skip
        from dataclasses import replace

        from levelhead.updates.actions import send_update

        spanish = Words(lang="es", lead="Calles.", known=("El puente está cerrado.",))
        both = replace(wish, words=(*wish.words, spanish))
        self.update = send_update(incident=self.incident, wish=both, by=self.alice)
        change_fact(
            fact=fact, text="The bridge is open to cars.", why="Opened.", by=self.alice,
            expected_version=1, confirmed_how="Seen.",
        )  # fmt: skip
        due = CorrectionDue.objects.get(update_of=self.update)
        self.assertIn("Dijimos: “El puente está cerrado”", due.draft_in["es"])
        self.assertIn("[[The bridge is open to cars.]]", due.draft_in["es"])
        given = self.form()
        given |= {"lead-es": due.draft_in["es"], "known-es": ["[[The bridge is open to cars.]]"]}
        address = reverse("correction-send", args=["riverton", self.update.pk])
        refused = self.client.post(address, given)
        self.assertContains(refused, "double brackets", status_code=400)
        given["lead-es"] = due.draft_in["es"].replace(
            "[[The bridge is open to cars.]]", "El puente está abierto a los autos."
        )
        given["known-es"] = ["El puente está abierto a los autos."]
        self.client.post(address, given)
        due.refresh_from_db()
        self.assertEqual(due.state, DueState.CORRECTED)

    def test_words_that_were_refused_are_kept(self) -> None:
        self.fell()
        answer = self.press(**{"lead-en": "Nine men are in custody."})
        self.assertContains(answer, "two people", status_code=400)
        self.assertContains(answer, "Nine men are in custody.", status_code=400)

    def test_hostile_text_is_only_text(self) -> None:
        due = self.fell()
        self.press(**{"lead-en": "<script>x</script>\x00" + due.first_draft})
        page = self.client.get(self.address).content.decode()
        self.assertNotIn("<script>x", page)

    def test_what_is_too_long_is_refused_and_kept(self) -> None:
        self.fell()
        answer = self.press(**{"lead-en": "x" * 600})
        self.assertContains(answer, "At most", status_code=400)
        self.assertEqual(Update.objects.count(), 1)

    def test_several_replies_are_ticked_and_sent(self) -> None:
        gym = self.add_confirmed(self.incident, GYM)
        for number in range(3):
            case = self.file_case(text=f"Where is my daughter {number}?")
            reply = send_reply(
                case=case, text=GYM, by=self.alice, form_token=f"r{number}", expected_version=None,
                all_the_same="Test.",
            )  # fmt: skip
            if number < 2:
                OutboxItem.objects.filter(pk=reply.outbox_item_id).update(state=OutboxState.SENT)
                note_outcome(OutboxItem.objects.get(pk=reply.outbox_item_id))
        mark_false(fact=gym, why="Moved.", by=self.bob, expected_version=1)
        page = self.client.get(self.address)
        self.assertContains(page, 'type="checkbox"', 3)
        ids = list(CorrectionDue.objects.values_list("pk", flat=True))
        token = re.search(r'name="form_token" value="([^"]+)"', page.content.decode())
        assert token is not None
        address = reverse("correct-replies", args=["riverton", self.incident.pk])
        given = {"due": ids, "form_token": token[1], "all_the_same": "It must be put right."}
        answer = self.client.post(address, given, follow=True)
        self.assertContains(answer, "2 corrections are on their way")
        self.assertContains(answer, "already on its way")
        self.client.post(address, given)
        self.assertEqual(Reply.objects.count(), 5)
        self.assertEqual(CorrectionDue.objects.filter(state=DueState.CORRECTED).count(), 2)

    def test_a_person_settles_it_with_a_reason(self) -> None:
        due = self.fell()
        address = reverse("correction-settle", args=["riverton", due.pk])
        self.assertContains(self.client.post(address, {"reason": ""}), "Say why", status_code=400)
        answer = self.client.post(address, {"reason": "Said by update 2."}, follow=True)
        self.assertContains(answer, "Said by update 2.")

    def test_today_is_loud(self) -> None:
        today = reverse("today", args=["riverton"])
        self.assertNotContains(self.client.get(today), "today-corrections")
        self.fell()
        self.assertContains(self.client.get(today), "1 correction open")

    def test_who_may(self) -> None:
        due = self.fell()
        posts = [
            (reverse("correction-send", args=["riverton", self.update.pk]), self.form()),
            (reverse("correct-replies", args=["riverton", self.incident.pk]), {"due": due.pk}),
            (reverse("correction-settle", args=["riverton", due.pk]), {"reason": "x"}),
        ]
        self.client.force_login(self.victor)
        self.assertNotContains(self.client.get(self.address), "<textarea")
        for address, form in posts:
            self.assertEqual(self.client.post(address, form).status_code, 403)
        self.client.force_login(self.charlie)
        self.assertEqual(self.client.get(self.address).status_code, 404)
        for address, form in posts:
            self.assertEqual(self.client.post(address, form).status_code, 404)
            foreign = address.replace("riverton", "maple")
            self.assertEqual(self.client.post(foreign, form).status_code, 404)
        self.assertEqual(Update.objects.count(), 1)

    def test_it_asks_the_database_a_bounded_number_of_times(self) -> None:
        for number in range(12):
            fact = self.add_confirmed(self.incident, f"Shelter {number + 20} is open.")
            self.send(self.incident, fact, on=[self.channel, self.second])
            mark_false(fact=fact, why="Closed.", by=self.bob, expected_version=1)
        self.client.get(self.address)
        with self.assertNumQueries(20):
            self.client.get(self.address)

    def test_the_promised_time_stays(self) -> None:
        self.clock.advance(timedelta(minutes=5))
        self.fell()
        before = clock.now() + timedelta(minutes=15)
        self.press()
        self.assertEqual(Update.objects.get(number=2).next_word_at, before)
