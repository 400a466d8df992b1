"""Two people at the same moment: nothing wrong is said without somebody being told."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection

from levelhead.channels.accounts import pool
from levelhead.connectors.memory import forget_platforms
from levelhead.corrections.models import CorrectionDue, ReplyCitation
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.ledger.actions import add_fact, confirm_fact, mark_false
from levelhead.ledger.domain import FactStatus
from levelhead.ledger.models import Confirmation, Fact
from levelhead.records.verify import verify_records
from levelhead.replies.actions import send_reply
from levelhead.rumors.actions import add_rumor
from levelhead.rumors.models import Rumor
from levelhead.updates.actions import send_update
from levelhead.updates.models import Citation, Update
from tests.base import CommittedDeskTestCase
from tests.integration.incidents.crisis import Crisis

GYM = "Families meet their children at the Lincoln School gym."


class AtOnceTest(Crisis, CommittedDeskTestCase):
    """Threads with connections of their own; the clock is the true one."""

    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.incident = self.declare()

    def at_once(self, *acts: Callable[[], object]) -> list[object]:
        """Do all of it at the same moment; what each gave, or its refusal."""
        begin = threading.Barrier(len(acts))
        found: list[object] = ["never ended"] * len(acts)

        def work(number: int, act: Callable[[], object]) -> None:
            try:
                begin.wait(timeout=10)
                found[number] = act()
            except LevelheadError as error:
                found[number] = error
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=pair) for pair in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        self.assertNotIn("never ended", found)
        self.assertTrue(verify_records(self.agency.pk).holds)
        return found

    def test_two_people_confirm(self) -> None:
        fact = add_fact(incident=self.incident, text="One man is in custody.", by=self.alice)
        self.at_once(
            *(
                lambda who=who: confirm_fact(fact=fact, how="Seen.", by=who, expected_version=1)  # type: ignore[misc]
                for who in (self.alice, self.bob)
            )
        )
        fact.refresh_from_db()
        self.assertEqual(fact.status, FactStatus.CONFIRMED)
        self.assertEqual(Confirmation.objects.filter(fact=fact).count(), 2)

    def test_one_person_in_two_windows_is_one_person(self) -> None:
        fact = add_fact(incident=self.incident, text="One man is in custody.", by=self.alice)
        found = self.at_once(
            *[lambda: confirm_fact(fact=fact, how="Seen.", by=self.alice, expected_version=1)] * 2
        )
        self.assertEqual(sum(isinstance(one, Invalid) for one in found), 1)
        fact.refresh_from_db()
        self.assertEqual(fact.status, FactStatus.UNCONFIRMED)

    def test_a_fact_falls_while_an_update_that_says_it_is_sent(self) -> None:
        for _ in range(3):
            fact = self.add_confirmed(self.incident, GYM)
            wish = self.wish(self.incident, fact)
            sent, _fell = self.at_once(
                lambda wish=wish: send_update(incident=self.incident, wish=wish, by=self.alice),  # type: ignore[misc]
                lambda fact=fact: mark_false(  # type: ignore[misc]
                    fact=fact, why="Moved.", by=self.bob, expected_version=1
                ),
            )
            due = CorrectionDue.objects.filter(fact=fact)
            if isinstance(sent, Update):
                self.assertEqual(due.get().update_of, sent)
            else:
                self.assertIsInstance(sent, Conflict)
                self.assertFalse(due.exists() or Citation.objects.filter(fact=fact).exists())

    def test_a_fact_falls_while_a_reply_that_says_it_is_sent(self) -> None:
        for number in range(3):
            text = f"Shelter {number + 20} at the town hall is open."
            fact = self.add_confirmed(self.incident, text)
            case = self.file_case(text=f"Where can I sleep {number}?")
            reply, _fell = self.at_once(
                lambda case=case, text=text, number=number: send_reply(  # type: ignore[misc]
                    case=case, text=text, by=self.alice, form_token=f"once-{number}",
                    expected_version=None, all_the_same="A test.",
                ),
                lambda fact=fact: mark_false(  # type: ignore[misc]
                    fact=fact, why="Full.", by=self.bob, expected_version=1
                ),
            )  # fmt: skip
            due = CorrectionDue.objects.filter(fact=fact)
            if isinstance(reply, LevelheadError):
                self.assertFalse(due.exists() or ReplyCitation.objects.filter(fact=fact).exists())
            else:
                self.assertEqual(due.get().reply, reply)
        self.assertEqual(Fact.objects.filter(status=FactStatus.FALSE).count(), 3)

    def test_the_same_post_is_one_rumor(self) -> None:
        post = self.file_post(text="A second shooter is in the mall, my cousin says.")
        self.at_once(
            *(
                lambda who=who: add_rumor(  # type: ignore[misc]
                    incident=self.incident,
                    text="A second shooter is in the mall.",
                    by=who,
                    form_token=f"once-{who.pk}",
                    post=post,
                )
                for who in (self.alice, self.bob)
            )
        )
        self.assertEqual(Rumor.objects.count(), 1)
