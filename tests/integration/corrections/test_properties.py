"""Whatever people do, in whatever order: what may never happen does not.

The statements are ours, so that the test knows by itself which of them need two people; nothing
here asks the rules of the ledger what they think.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.corrections.actions import decide
from levelhead.corrections.domain import DueState
from levelhead.corrections.models import CorrectionDue, ReplyCitation
from levelhead.corrections.planning import open_dues, plans_of
from levelhead.corrections.sending import Press, correct_replies, send_correction
from levelhead.inbox.models import Case
from levelhead.incidents.actions import set_level, stand_down
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.ledger.actions import (
    add_fact,
    change_fact,
    confirm_fact,
    mark_false,
    recheck,
    supersede,
)
from levelhead.ledger.domain import FactSubject
from levelhead.ledger.models import Confirmation, Fact, FactVersion
from levelhead.replies.actions import note_outcome, retry_reply, send_reply, withdraw_reply
from levelhead.replies.models import Reply
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Audience, Cited, ToChannel, UpdateKind, Wish, Words
from levelhead.updates.models import Citation, Update, UpdateDelivery
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis

# What needs two people, by our own judgment, and what does not.
GRAVE = (
    "One man is in custody.",
    "All students of Lincoln School are safe.",
    "Three residents were wounded at the pier.",
    "There is no threat to the public.",
)
PLAIN = (
    "Families meet their children at the Lincoln gym.",
    "Elm Street is closed between First and Fourth.",
    "The town hall opens as a shelter at noon.",
)
STATEMENTS = (*GRAVE, *PLAIN)
statements = st.sampled_from(STATEMENTS)
people = st.sampled_from(["alice", "bob"])
places = st.integers(min_value=0, max_value=30)
_tokens = itertools.count(1)
done: Counter[str] = Counter()


class Desk(RuleBasedStateMachine):
    """One incident, two people, their facts, updates, replies and corrections."""

    test: ClassVar[PropertyTest]

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.test.make_crisis()
        self.incident = self.test.declare()
        self.cases = [self.test.file_case(text=f"What is going on here {n}?") for n in range(3)]
        self.last: Wish | None = None

    @initialize(grave=st.sampled_from(GRAVE), plain=st.sampled_from(PLAIN))
    def begin(self, grave: str, plain: str) -> None:
        """Something was said already: most of what may go wrong comes after that."""
        test = self.test
        facts = [
            test.add_confirmed(self.incident, grave, test.alice, test.bob),
            test.add_confirmed(self.incident, plain),
        ]
        test.send(self.incident, *facts)
        self.reply(place=0, text=plain, by="alice")
        self.arrive(place=0, state=OutboxState.SENT)

    def teardown(self) -> None:
        """Every day ends with somebody who wants to go home."""
        try:
            self.stand_down(sure=0)
            self.a_running_incident_owes_a_word()
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    def attempt(self, name: str, act: Any) -> Any:
        """Do it; what the desk refuses is no failure."""
        # No two things at the same moment, so that what came first is known.
        self.test.clock.advance(timedelta(seconds=1))
        try:
            with transaction.atomic():
                found = act()
        except LevelheadError:
            done[f"{name} refused"] += 1
            return None
        done[name] += 1
        return found

    def who(self, name: str) -> Any:
        return getattr(self.test, name)

    def pick(self, place: int) -> Fact | None:
        facts = list(Fact.objects.filter(incident=self.incident).order_by("number"))
        return facts[place % len(facts)] if facts else None

    # Facts ----------------------------------------------------------------------------------
    @rule(text=statements, by=people, vouch=st.booleans())
    def add(self, text: str, by: str, vouch: bool) -> None:
        self.attempt(
            "add",
            lambda: add_fact(
                incident=self.incident, text=text, by=self.who(by), subject=FactSubject.GENERAL,
                confirmed_how="Seen." if vouch else "",
            ),
        )  # fmt: skip

    @rule(place=places, by=people)
    def confirm(self, place: int, by: str) -> None:
        if fact := self.pick(place):
            self.attempt(
                "confirm",
                lambda: confirm_fact(
                    fact=fact, how="Told.", by=self.who(by), expected_version=fact.version
                ),
            )

    @rule(place=places)
    def confirm_by_both(self, place: int) -> None:
        for by in ("alice", "bob"):
            self.confirm(place, by)

    @rule(place=places, by=people, text=statements, vouch=st.booleans())
    def change(self, place: int, by: str, text: str, vouch: bool) -> None:
        if fact := self.pick(place):
            self.attempt(
                "change",
                lambda: change_fact(
                    fact=fact, text=text, why="New.", by=self.who(by),
                    expected_version=fact.version, subject=FactSubject.GENERAL,
                    confirmed_how="Seen." if vouch else "",
                ),
            )  # fmt: skip

    @rule(place=places, by=people)
    def fell(self, place: int, by: str) -> None:
        if fact := self.pick(place):
            self.attempt(
                "false",
                lambda: mark_false(
                    fact=fact, why="No.", by=self.who(by), expected_version=fact.version
                ),
            )

    @rule(place=places, other=places, by=people)
    def supersede(self, place: int, other: int, by: str) -> None:
        fact, newer = self.pick(place), self.pick(other)
        if fact and newer:
            self.attempt(
                "supersede",
                lambda: supersede(
                    fact=fact, newer=newer, why="Newer.", by=self.who(by),
                    expected_version=fact.version,
                ),
            )  # fmt: skip

    @rule(place=places, by=people)
    def recheck(self, place: int, by: str) -> None:
        if fact := self.pick(place):
            self.attempt(
                "recheck",
                lambda: recheck(
                    fact=fact, how="Looked.", by=self.who(by), expected_version=fact.version
                ),
            )

    @rule(minutes=st.sampled_from([1, 5, 31, 120]))
    def pass_time(self, minutes: int) -> None:
        self.test.clock.advance(timedelta(minutes=minutes))

    # Words ----------------------------------------------------------------------------------
    @rule(
        cites=st.lists(places, max_size=2), old=st.booleans(), by=people, extra=statements,
        where=st.sampled_from(["", "", "lead", "doing", "action", "channel", "known"]),
        overrule=st.booleans(),
    )  # fmt: skip
    def send(
        self, cites: list[int], old: bool, by: str, extra: str, where: str, overrule: bool
    ) -> None:
        facts = {fact.pk: fact for place in cites if (fact := self.pick(place))}
        known = [fact.text for fact in facts.values()]
        if where == "known" and known:
            known[0] = extra
        lead = extra if where == "lead" else "We are at the scene."
        wish = Wish(
            words=(
                Words(
                    lang="en", lead=lead, known=tuple(known),
                    doing=(extra,) if where == "doing" else (),
                    actions=((Audience.EVERYONE, extra),) if where == "action" else (),
                ),
            ),
            cited=tuple(
                Cited(fact_id=one.pk, version=max(1, one.version - old)) for one in facts.values()
            ),
            channels=(
                ToChannel(
                    channel_id=self.test.channel.pk, lang="en",
                    text=extra if where == "channel" else lead,
                ),
            ),
            next_word_at=clock.now() + timedelta(minutes=20),
            after_number=Incident.objects.get(pk=self.incident.pk).updates_count,
            form_token=f"any-{next(_tokens)}",
            all_the_same="I know better." if overrule else "",
        )  # fmt: skip
        self.last = wish
        self.attempt(
            "send", lambda: send_update(incident=self.incident, wish=wish, by=self.who(by))
        )

    @rule()
    def same_form_again(self) -> None:
        if self.last is not None:
            before = Update.objects.filter(form_token=self.last.form_token).count()
            self.attempt(
                "again",
                lambda: send_update(incident=self.incident, wish=self.last, by=self.test.bob),  # type: ignore[arg-type]
            )
            after = Update.objects.filter(form_token=self.last.form_token).count()
            assert after == max(1, before) or after == before == 0

    @rule(place=places, text=statements, by=people)
    def reply(self, place: int, text: str, by: str) -> None:
        case = Case.objects.get(pk=self.cases[place % 3].pk)
        self.test.clock.advance(timedelta(seconds=1))
        facts = Fact.objects.filter(incident=self.incident, text=text)
        stands = facts.filter(status="confirmed").exists()
        reply = self.attempt(
            "reply",
            lambda: send_reply(
                case=case, text=f"Hello. {text}", by=self.who(by), form_token=f"r-{next(_tokens)}",
                expected_version=None, all_the_same="I know better.",
            ),
        )  # fmt: skip
        if reply is not None and Incident.objects.get(pk=self.incident.pk).runs:
            # What is said of the ledger is confirmed, and found again when it falls.
            assert not facts.exists() or stands
            assert reply.citations.filter(text=text).exists() == stands

    @rule(place=places, state=st.sampled_from([OutboxState.SENT, OutboxState.FAILED]))
    def arrive(self, place: int, state: OutboxState) -> None:
        waiting = list(Reply.objects.filter(outbox_item__state=OutboxState.QUEUED).order_by("pk"))
        if waiting:
            reply = waiting[place % len(waiting)]
            OutboxItem.objects.filter(pk=reply.outbox_item_id).update(state=state)
            note_outcome(OutboxItem.objects.get(pk=reply.outbox_item_id))
            done[f"reply {state}"] += 1

    @rule(place=places, again=st.booleans())
    def take_back_or_retry(self, place: int, again: bool) -> None:
        found = list(Reply.objects.order_by("pk"))
        if found:
            reply = found[place % len(found)]
            act = retry_reply if again else withdraw_reply
            self.attempt(
                "retry" if again else "withdraw", lambda: act(reply=reply, by=self.test.bob)
            )

    # Corrections ------------------------------------------------------------------------------
    @rule(place=places, by=people)
    def correct(self, place: int, by: str) -> None:
        plans = plans_of(open_dues(self.incident))
        if plans:
            plan = plans[place % len(plans)]
            press = Press(
                leads={one.lang: one.lead for one in plan.texts},
                known={one.lang: one.known for one in plan.texts},
                after_number=Incident.objects.get(pk=self.incident.pk).updates_count,
                facts=[(fact.pk, fact.version) for fact in plan.facts],
                form_token=f"c-{next(_tokens)}", all_the_same="It must be put right.",
            )  # fmt: skip
            self.attempt(
                "correct", lambda: send_correction(plan=plan, press=press, by=self.who(by))
            )

    @rule(place=places, text=statements)
    def correct_with_other_words(self, place: int, text: str) -> None:
        updates = list(Update.objects.order_by("number"))
        if updates:
            wrong = updates[place % len(updates)]
            wish = Wish(
                words=(Words(lang="en", lead=f"We said “{text}”. That is not true."),), cited=(),
                channels=(ToChannel(channel_id=self.test.channel.pk, lang="en", text="Wrong."),),
                kind=UpdateKind.CORRECTION, next_word_at=clock.now() + timedelta(minutes=20),
                after_number=Incident.objects.get(pk=self.incident.pk).updates_count,
                form_token=f"o-{next(_tokens)}", all_the_same="So it is.",
            )  # fmt: skip
            self.attempt(
                "other words",
                lambda: send_update(
                    incident=self.incident, wish=wish, by=self.test.alice, corrects=wrong
                ),
            )

    @rule(by=people)
    def correct_the_replies(self, by: str) -> None:
        dues = [due for due in open_dues(self.incident) if due.reply_id is not None]
        if dues:
            out = self.attempt(
                "correct replies",
                lambda: correct_replies(
                    dues=dues, by=self.who(by), form_token=f"{next(_tokens)}-",
                    all_the_same="It must be put right.",
                ),
            )  # fmt: skip
            done["reply corrected"] += sum(1 for one in out or () if one.reply is not None)

    @rule(place=places, by=people)
    def settle(self, place: int, by: str) -> None:
        dues = open_dues(self.incident)
        if dues:
            self.attempt(
                "settle",
                lambda: decide(due=dues[place % len(dues)], reason="Said.", by=self.who(by)),
            )

    @rule(level=st.sampled_from([2, 3, 4]))
    def level(self, level: int) -> None:
        self.attempt(
            "level",
            lambda: set_level(
                incident=self.incident, level=level, why="So.", by=self.test.bob,
                expected_version=None,
            ),
        )  # fmt: skip

    @rule(sure=st.integers(min_value=0, max_value=7))
    def stand_down(self, sure: int) -> None:
        if sure == 0:
            self.attempt(
                "stand down",
                lambda: stand_down(
                    incident=self.incident, why="Over.", by=self.test.alice, expected_version=None
                ),
            )

    # What may never happen --------------------------------------------------------------------
    @invariant()
    def nobody_publishes_what_one_person_alone_knows(self) -> None:
        for statement in GRAVE:
            for at, text in self.published():
                if statement not in text.replace(f"“{statement.rstrip('.')}”", ""):
                    continue
                confirmed = [
                    (version.fact_id, version.version)
                    for version in FactVersion.objects.filter(text=statement, at__lte=at)
                ]
                counts = [
                    len(
                        set(
                            Confirmation.objects.filter(
                                fact_id=fact, version=version, at__lte=at
                            ).values_list("by", flat=True)
                        )
                    )
                    for fact, version in confirmed
                ]
                assert max(counts, default=0) >= 2, f"published with {counts}: {text}"

    def published(self) -> list[tuple[Any, str]]:
        """Everything that left, with its time."""
        said: list[tuple[Any, str]] = []
        for update in Update.objects.prefetch_related("texts"):
            said += [(update.at, line) for one in update.texts.all() for line in one.words.lines()]
        for delivery in UpdateDelivery.objects.select_related("update_of"):
            said.append((delivery.update_of.at, delivery.text))
        gone = Reply.objects.exclude(outbox_item__state=OutboxState.WITHDRAWN)
        # Once it is over, replies are an ordinary matter again.
        over = Incident.objects.get(pk=self.incident.pk).over_at
        return said + [(one.at, one.text) for one in gone if over is None or one.at < over]

    @invariant()
    def what_was_said_and_does_not_stand_is_to_be_put_right(self) -> None:
        for cited in Citation.objects.select_related("fact"):
            self.check_cited(cited, update_of_id=cited.update_of_id)
        gone = ReplyCitation.objects.exclude(reply__outbox_item__state=OutboxState.WITHDRAWN)
        for said in gone.select_related("fact"):
            self.check_cited(said, reply_id=said.reply_id)

    def check_cited(self, cited: Citation | ReplyCitation, **where: int) -> None:
        fact = cited.fact
        if fact.status == "confirmed" and fact.version == cited.version:
            return
        dues = CorrectionDue.objects.filter(fact=fact, **where)
        assert dues.exclude(state=DueState.UNSAID).exists(), f"{cited.text}: nothing is due"
        for due in dues.filter(state=DueState.CORRECTED):
            self.check_corrected(due)

    def check_corrected(self, due: CorrectionDue) -> None:
        quoted = due.first_said.rstrip(".")
        if due.corrected_by is not None:
            texts = [one.words.lead for one in due.corrected_by.texts.all()]
            assert any(quoted in text for text in texts)
            went = set(due.update_of.deliveries.values_list("channel", flat=True))  # type: ignore[union-attr]
            assert went <= set(due.corrected_by.deliveries.values_list("channel", flat=True))
        else:
            assert due.corrected_in is not None
            assert quoted in due.corrected_in.text
            assert due.corrected_in.state in ("queued", "sent"), due.corrected_in.state

    @invariant()
    def a_running_incident_owes_a_word(self) -> None:
        now = Incident.objects.get(pk=self.incident.pk)
        assert not now.runs or now.next_word_due is not None
        if not now.runs:
            assert not CorrectionDue.objects.filter(state=DueState.OPEN).exists()
        promised = Update.objects.exclude(kind=UpdateKind.LAST)
        assert not promised.filter(next_word_at__isnull=True).exists()


class PropertyTest(Crisis, DeskTestCase):
    """Runs the desk through many days."""

    def test_what_may_never_happen_does_not(self) -> None:
        done.clear()
        Desk.test = self
        examples = int(os.environ.get("PROPERTY_EXAMPLES", "16"))
        run_state_machine_as_test(
            Desk,
            settings=settings(
                max_examples=examples, stateful_step_count=50, deadline=None, database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
                # Making a failing day shorter takes minutes; the day as it is says enough.
                phases=(Phase.generate,),
            ),
        )  # fmt: skip
        for name in ("confirm", "change", "send", "send refused", "reply", "correct", "settle"):
            self.assertGreater(done[name], 0, f"{name} never happened: {done}")
