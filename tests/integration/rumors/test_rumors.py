"""The rumor board: claims, their spread, their answers."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.urls import reverse

from levelhead.inbox.models import Author, Post
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.ledger.actions import add_fact, change_fact, mark_false
from levelhead.ledger.models import Fact
from levelhead.rumors.actions import (
    add_rumor,
    answer_rumor,
    link_posts,
    set_rumor,
    unlink_post,
)
from levelhead.rumors.domain import RumorResponse, RumorState
from levelhead.rumors.models import Rumor, RumorPost
from levelhead.rumors.queries import board, propose_posts, rumors_for, spread_of
from levelhead.rumors.wording import line_for
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis

CLAIM = "There is a second shooter at the Oak Street mall"
_tokens = itertools.count(1)


class RumorTest(Crisis, DeskTestCase):
    """One incident with claims."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare()
        self.client.force_login(self.alice)

    def add(self, text: str = CLAIM, **fields: Any) -> Rumor:
        """A claim on the board."""
        given = {"by": self.alice, "form_token": f"rumor-{next(_tokens)}", **fields}
        return add_rumor(incident=self.incident, text=text, **given)

    def false_fact(self) -> Fact:
        """The ledger says that the claim is false."""
        fact = add_fact(incident=self.incident, text=CLAIM + ".", by=self.alice)
        mark_false(fact=fact, why="Searched.", by=self.bob, expected_version=1)
        return Fact.objects.get(pk=fact.pk)

    def answer(self, rumor: Rumor, **fields: Any) -> Rumor:
        """Say that it is false."""
        given: dict[str, Any] = {
            "verdict": RumorState.FALSE, "fact": fields.pop("fact", None) or self.false_fact(),
            "explanation": "Officers searched the whole mall and found nobody.",
            "by": self.alice, "expected_version": Rumor.objects.get(pk=rumor.pk).version, **fields,
        }  # fmt: skip
        return answer_rumor(rumor=rumor, **given)

    def test_spread_is_counted_from_linked_posts(self) -> None:
        now = clock.now()
        posts = [
            self.file_post(
                text=f"{CLAIM} {n}", author_external_id=f"a{n % 2}",
                created_at=now - timedelta(minutes=n),
            )
            for n in (1, 2, 3, 15)
        ]  # fmt: skip
        Author.objects.update(followers=100)
        rumor = self.add(post=posts[1])
        link_posts(rumor=rumor, posts=list(Post.objects.all()), by=self.bob)
        link_posts(rumor=rumor, posts=list(Post.objects.all()), by=self.bob)
        spread = spread_of([rumor])[rumor.pk]
        self.assertEqual((spread.posts, spread.authors, spread.per_minute), (4, 2, 0.3))
        self.assertEqual(spread.reach, 200)
        rumor.refresh_from_db()
        self.assertEqual(rumor.first_post, posts[3])
        unlink_post(rumor=rumor, post_id=posts[3].pk, by=self.alice)
        spread = spread_of([rumor])[rumor.pk]
        self.assertEqual((spread.posts, spread.authors, spread.reach), (3, 2, 200))

    def test_ten_thousand_posts_cost_no_more_queries(self) -> None:
        post = self.file_post()
        rumor = self.add(post=post)
        channel = self.channel
        now = clock.now()
        made = Post.objects.bulk_create(
            [
                Post(
                    agency=self.agency, channel=channel, external_id=f"many-{n}", text=CLAIM,
                    conversation_id=post.conversation_id, created_at=now, received_at=now,
                    content_hash="0" * 64,
                )
                for n in range(10_000)
            ],
            batch_size=1_000,
        )  # fmt: skip
        RumorPost.objects.bulk_create(
            [
                RumorPost(agency=self.agency, rumor=rumor, post=one, posted_at=now, by=self.alice)
                for one in made
            ],
            batch_size=1_000,
        )
        self.add("Another claim about the bridge.")
        with self.assertNumQueries(2):
            lines = board(self.incident)
        self.assertEqual(lines[0].spread.posts, 10_001)
        self.assertEqual(lines[0].spread.per_minute, 1000.1)

    def test_the_most_harmful_stands_first_and_what_is_answered_last(self) -> None:
        small, big, done = (
            self.add("A small one", harm=0),
            self.add("A big one", harm=3),
            self.add(),
        )
        self.answer(done)
        self.assertEqual([line.rumor for line in board(self.incident)], [big, small, done])

    def test_copies_and_the_claims_words_are_proposed_and_a_person_links(self) -> None:
        first = self.file_post(text="Second shooter is hiding in the mall on Oak Street right now")
        copy = self.file_post(text="Second shooter is hiding in the mall on Oak Street right now!!")
        like = self.file_post(text="my aunt saw the shooter, the second one, in the street")
        self.file_post(text="When does the library open today?")
        rumor = self.add("The second shooter is in the street", post=first)
        proposed = propose_posts(rumor)
        self.assertIn(copy, proposed)
        self.assertIn(like, proposed)
        self.assertNotIn(first, proposed)
        self.assertEqual(spread_of([rumor])[rumor.pk].posts, 1)

    def test_true_and_false_rest_on_the_ledger(self) -> None:
        rumor = self.add()
        waits = add_fact(incident=self.incident, text="The mall is empty.", by=self.alice)
        for fact, verdict in ((None, RumorState.FALSE), (waits, RumorState.FALSE)):
            with self.assertRaises(Invalid):
                answer_rumor(
                    rumor=rumor, verdict=verdict, fact=fact, explanation="No.", by=self.alice,
                    expected_version=1,
                )  # fmt: skip
        with self.assertRaises(Invalid):
            self.answer(rumor, verdict=RumorState.TRUE)
        self.assertEqual(self.answer(rumor, verdict=RumorState.UNKNOWN).state, "unknown")

    def test_the_answer_may_say_no_more_than_an_update(self) -> None:
        rumor = self.add()
        with self.assertRaisesMessage(Invalid, "two people"):
            self.answer(rumor, explanation="The shooter is in custody.", all_the_same="I know.")
        self.assertEqual(rumors_for(self.incident), [])

    def test_the_public_page_reads_the_answer_and_where_it_was_said(self) -> None:
        rumor = self.answer(self.add())
        (public,) = rumors_for(self.incident)
        self.assertEqual(
            (public.claim, public.verdict, public.update_number), (CLAIM, "false", None)
        )
        update = self.send(self.incident, lead=line_for(rumor))
        (public,) = rumors_for(self.incident)
        self.assertEqual(public.update_number, update.number)
        (line,) = board(self.incident)
        self.assertEqual([name for name, _ in line.posted], ["Town square"])

    def test_a_false_claim_of_two_people_can_be_denied_in_an_update(self) -> None:
        rumor = self.add("Nine people are dead")
        fact = add_fact(incident=self.incident, text="Nine people are dead.", by=self.alice)
        mark_false(fact=fact, why="Hospitals.", by=self.bob, expected_version=1)
        rumor = self.answer(
            rumor, fact=Fact.objects.get(pk=fact.pk), explanation="Hospitals say so."
        )
        self.send(self.incident, lead=line_for(rumor))
        with self.assertRaises(Invalid):
            self.send(self.incident, lead="Nine people are dead.")

    def test_an_answer_falls_with_its_fact(self) -> None:
        rumor = self.answer(self.add())
        fact = Fact.objects.get(pk=rumor.fact_id)
        change_fact(
            fact=fact, text="One more person is looked for.", why="New.", by=self.bob,
            expected_version=fact.version,
        )  # fmt: skip
        rumor.refresh_from_db()
        self.assertEqual(rumor.state, RumorState.OPEN)
        self.assertEqual(rumors_for(self.incident), [])

    def test_two_people_do_not_overwrite_each_other(self) -> None:
        rumor = self.add()
        fields: dict[str, Any] = {"harm": 3, "response": RumorResponse.CORRECT, "owner": self.bob}
        set_rumor(rumor=rumor, by=self.alice, expected_version=1, **fields)
        with self.assertRaises(Conflict):
            set_rumor(rumor=rumor, by=self.bob, expected_version=1, **fields)
        with self.assertRaises(Invalid):
            set_rumor(
                rumor=rumor, by=self.bob, expected_version=2, **{**fields, "owner": self.charlie}
            )

    def test_who_may(self) -> None:
        rumor = self.add()
        for person in (self.victor, self.charlie):
            with self.assertRaises(NotAllowed):
                self.add(by=person)
            with self.assertRaises(NotAllowed):
                link_posts(rumor=rumor, posts=[], by=person)
            with self.assertRaises(NotAllowed):
                answer_rumor(
                    rumor=rumor, verdict=RumorState.UNKNOWN, fact=None, explanation="x", by=person,
                    expected_version=1,
                )  # fmt: skip
        foreign = self.file_post(channel_id=self.other_channel.pk)
        with self.assertRaises(Invalid):
            link_posts(rumor=rumor, posts=[foreign], by=self.alice)

    def test_one_press_from_the_conversation(self) -> None:
        case = self.file_case(text=CLAIM + "\x00 <script>")
        page = self.client.get(reverse("conversation", args=["riverton", case.pk]))
        self.assertContains(page, "A rumor: put it on the board")
        address = reverse("rumor-from-post", args=["riverton", case.pk])
        form = {"incident": self.incident.pk, "form_token": "one-press"}
        for _ in range(2):
            self.client.post(address, form)
        rumor = Rumor.objects.get()
        self.assertEqual((rumor.first_post_id, rumor.links.count()), (case.pk, 1))
        page = self.client.get(reverse("conversation", args=["riverton", case.pk]))
        self.assertContains(page, "Makes the claim:")
        self.assertNotContains(page, "A rumor: put it on the board")

    def test_no_incident_no_question(self) -> None:
        from levelhead.incidents.actions import stand_down

        stand_down(incident=self.incident, why="Over.", by=self.alice, expected_version=None)
        case = self.file_case()
        page = self.client.get(reverse("conversation", args=["riverton", case.pk]))
        self.assertNotContains(page, "rumors-section")

    def test_a_confirmed_fact_is_offered_to_a_reply(self) -> None:
        fact = self.add_confirmed(self.incident, "The bridge is closed.")
        case = self.file_case(text="Is the bridge open?")
        address = reverse("conversation", args=["riverton", case.pk])
        self.assertContains(self.client.get(address), "Confirmed facts to say")
        page = self.client.get(f"{address}?fact={fact.pk}")
        self.assertContains(page, "The bridge is closed.</textarea>")

    def test_the_pages(self) -> None:
        rumor = self.add("<b>Bold</b> claim about the mall")
        board_page = self.client.get(reverse("rumors", args=["riverton", self.incident.pk]))
        self.assertContains(board_page, "&lt;b&gt;Bold")
        page = reverse("rumor", args=["riverton", rumor.pk])
        self.assertContains(self.client.get(page), "Answer it")
        fact = self.false_fact()
        answer = reverse("rumor-answer", args=["riverton", rumor.pk])
        form = {
            "version": 1, "verdict": "false", "fact": fact.pk, "explanation": "Not so. We looked."
        }  # fmt: skip
        bad = self.client.post(answer, {**form, "fact": ""})
        self.assertContains(bad, "Not so. We looked.", status_code=400)
        done = self.client.post(answer, form, follow=True)
        self.assertContains(done, "Answered.")
        self.assertContains(done, "data-draft-line")
        change = reverse("rumor-change", args=["riverton", rumor.pk])
        self.client.post(
            change, {"version": 2, "harm": "3", "response": "escalate", "owner": self.bob.pk}
        )
        rumor.refresh_from_db()
        self.assertEqual((rumor.harm, rumor.owner), (3, self.bob))
        self.client.force_login(self.victor)
        self.assertNotContains(self.client.get(page), "Answer it")
        for address in (answer, change, reverse("rumor-link", args=["riverton", rumor.pk])):
            self.assertEqual(self.client.post(address, form).status_code, 403)
        self.client.force_login(self.charlie)
        self.assertEqual(self.client.get(page).status_code, 404)
        own = page.replace("riverton", "maple")
        self.assertEqual(self.client.get(own).status_code, 404)

    def test_a_claim_is_bounded_and_the_same_form_is_one(self) -> None:
        add = reverse("rumor-add", args=["riverton", self.incident.pk])
        for text in ("", "x" * 400):
            bad = self.client.post(add, {"text": text, "harm": "1", "form_token": "a"})
            self.assertEqual(bad.status_code, 400)
        for _ in range(2):
            self.client.post(add, {"text": CLAIM, "harm": "2", "form_token": "b"})
        self.assertEqual(Rumor.objects.count(), 1)
        bad = self.client.post(add, {"text": CLAIM, "harm": "9", "form_token": "c"})
        self.assertEqual(bad.status_code, 400)
