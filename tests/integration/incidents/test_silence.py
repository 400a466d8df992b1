"""An incident calls people: when it is declared, and when its next word is late or nearly so."""

from __future__ import annotations

from datetime import timedelta

from levelhead.accounts.domain import Role
from levelhead.accounts.models import User
from levelhead.alerts import actions as alerting
from levelhead.alerts.calling import move_alerts_on
from levelhead.alerts.domain import AlertKind, AlertState
from levelhead.alerts.models import Alert, CallPerson, Ring, Shift, Target
from levelhead.alerts.ringing import write_message
from levelhead.incidents.actions import give_role, set_level, stand_down
from levelhead.incidents.domain import IncidentKind, RoomRole
from levelhead.incidents.models import Incident, LogEntry
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.silence.models import SilenceCall
from levelhead.silence.showing import clock_of
from levelhead.silence.watching import watch_silence
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis


class SilenceTest(Crisis, DeskTestCase):
    """Alice declares, Dora is on duty, Bob (the chief) is first in the order, then Eve."""

    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.dora = self._person(self.agency, "dora", Role.WRITER)
        self.eve = self._person(self.agency, "eve", Role.WRITER)
        for person in (self.alice, self.bob, self.dora, self.eve):
            alerting.add_target(
                agency=self.agency, user=person, name=person.name,
                address=f"ntfy://127.0.0.1:9/{person.pk}", by=self.bob,
            )  # fmt: skip
        Shift.objects.create(
            agency=self.agency, user=self.dora, starts_at=clock.now() - timedelta(hours=1),
            ends_at=clock.now() + timedelta(hours=8), added_by=self.bob,
        )  # fmt: skip
        CallPerson.objects.create(agency=self.agency, user=self.bob, position=1)
        CallPerson.objects.create(agency=self.agency, user=self.eve, position=2)

    def work(self) -> None:
        watch_silence()
        move_alerts_on()

    def called(self, kind: AlertKind) -> set[User]:
        rings = Ring.objects.filter(alert__kind=kind.value).select_related("target__user")
        return {ring.target.user for ring in rings if ring.target.user is not None}

    def late_at(self, incident: Incident, share: float) -> None:
        """Move the clock to a share of the promised time."""
        silence = Incident.objects.get(pk=incident.pk).silence
        assert silence is not None
        at = silence.since + (silence.due - silence.since) * share
        self.clock.advance(at - clock.now())

    def test_declaring_calls_whoever_is_on_duty_then_the_next(self) -> None:
        incident = self.declare()
        self.work()
        assert self.called(AlertKind.DECLARED) == {self.dora}
        self.clock.advance(timedelta(minutes=6))
        self.work()
        assert self.called(AlertKind.DECLARED) == {self.dora, self.bob}
        alert = Alert.objects.get(kind=AlertKind.DECLARED.value)
        alerting.acknowledge(alert=alert, by=self.bob)
        self.clock.advance(timedelta(minutes=6))
        self.work()
        assert self.called(AlertKind.DECLARED) == {self.dora, self.bob}
        assert "Bob" in self.room(incident)

    def test_whoever_declares_is_not_called(self) -> None:
        self.declare(by=self.dora)
        self.work()
        assert self.called(AlertKind.DECLARED) == {self.bob}

    def test_where_only_whoever_declared_could_be_called_nobody_is_missing(self) -> None:
        Target.objects.exclude(user=self.dora).delete()
        incident = self.declare(by=self.dora)
        self.work()
        assert self.called(AlertKind.DECLARED) == set()
        assert Alert.objects.get(kind=AlertKind.DECLARED.value).state == AlertState.OVER
        assert "no place to call" not in self.room(incident)
        # Without any place at all it stays loud.
        Target.objects.all().delete()
        self.declare(by=self.dora)
        self.work()
        assert Alert.objects.filter(state=AlertState.NOBODY.value).count() == 1

    def test_quiet_hours_hold_unless_a_life_may_be_at_stake(self) -> None:
        CallPerson.objects.create(
            agency=self.agency, user=self.dora, quiet_from=0, quiet_to=24 * 60 - 1
        )
        self.declare(kind=IncidentKind.DATA_BREACH, title="Names were taken", level=3)
        self.work()
        assert self.dora not in self.called(AlertKind.DECLARED)
        self.declare()
        self.work()
        assert self.dora in self.called(AlertKind.DECLARED)

    def test_raising_to_a_crisis_calls(self) -> None:
        incident = self.declare(level=3)
        Alert.objects.update(state=AlertState.ACKNOWLEDGED, next_step_at=None)
        set_level(incident=incident, level=4, why="Worse.", by=self.alice, expected_version=None)
        assert Alert.objects.filter(kind=AlertKind.DECLARED.value).count() == 2

    def test_four_fifths_call_the_duty_and_the_lead_once(self) -> None:
        incident = self.declare()
        give_role(incident=incident, role=RoomRole.LEAD, user=self.alice, by=self.alice)
        self.late_at(incident, 0.79)
        self.work()
        assert not SilenceCall.objects.exists()
        self.late_at(incident, 0.8)
        for _ in range(3):
            self.work()
        assert self.called(AlertKind.WORD_SOON) == {self.alice, self.dora}
        assert SilenceCall.objects.count() == 1
        assert SilenceCall.objects.get().first
        assert clock_of(Incident.objects.get(pk=incident.pk))["tone"] == "soon"

    def test_the_whole_time_calls_the_chief_too_and_goes_on(self) -> None:
        incident = self.declare()
        self.send(incident)
        self.late_at(incident, 1.0)
        self.work()
        assert self.called(AlertKind.WORD_OUT) == {self.alice, self.dora, self.bob}
        self.clock.advance(timedelta(minutes=10))
        self.work()
        assert self.called(AlertKind.WORD_OUT) == {self.alice, self.dora, self.bob, self.eve}
        call = SilenceCall.objects.get()
        assert (call.stage, call.first) == ("out", False)
        assert LogEntry.objects.filter(incident=incident, action="system:silence:out").count() == 1

    def test_a_chief_who_is_named_hears_of_the_crisis_and_of_silence(self) -> None:
        alerting.change_rules(
            agency=self.agency, life_minutes=5, clock_minutes=30, chief=self.eve, by=self.bob
        )
        incident = self.declare()
        self.work()
        assert self.called(AlertKind.DECLARED) == {self.dora, self.eve}
        self.late_at(incident, 0.8)
        self.work()
        assert self.called(AlertKind.WORD_SOON) == {self.alice, self.dora}
        self.late_at(incident, 1.0)
        self.work()
        assert self.called(AlertKind.WORD_OUT) == {self.alice, self.dora, self.eve}
        with self.assertRaises(Invalid):
            alerting.change_rules(
                agency=self.agency, life_minutes=5, clock_minutes=30, chief=self.charlie,
                by=self.bob,
            )  # fmt: skip

    def test_a_word_ends_the_call(self) -> None:
        incident = self.declare()
        self.late_at(incident, 1.0)
        self.work()
        self.send(incident)
        assert Alert.objects.get(kind=AlertKind.WORD_OUT.value).state == AlertState.OVER
        self.clock.advance(timedelta(minutes=5))
        self.work()
        assert self.called(AlertKind.WORD_OUT) == {self.alice, self.dora, self.bob}

    def test_the_first_word_counts_from_what_was_noticed(self) -> None:
        incident = self.declare(detected_at=clock.now() - timedelta(minutes=14))
        # Two minutes to write remain; they are the last of sixteen.
        self.work()
        assert SilenceCall.objects.get(incident=incident).stage == "soon"

    def test_the_end_ends_every_call(self) -> None:
        incident = self.declare()
        self.late_at(incident, 1.0)
        self.work()
        stand_down(incident=incident, why="A film.", by=self.alice, expected_version=None)
        assert not Alert.objects.exclude(state=AlertState.OVER.value).exists()
        self.work()
        assert SilenceCall.objects.count() == 1

    def test_what_the_call_says(self) -> None:
        incident = self.declare()
        self.late_at(incident, 1.0)
        self.work()
        ring = Ring.objects.filter(alert__kind=AlertKind.WORD_OUT.value).first()
        assert ring is not None
        title, body = write_message(ring.alert, ring.target)
        assert "No word in time: Shots at the riverfront" in title
        assert "Promised for" in body

    def test_the_room_is_loud_and_others_see_nothing(self) -> None:
        incident = self.declare()
        self.late_at(incident, 1.0)
        self.work()
        assert "The first word is late" in self.room(incident)
        self.client.force_login(self.charlie)
        assert self.client.get(f"/maple/incidents/{incident.pk}/").status_code == 404
        assert not Alert.objects.filter(agency=self.other_agency).exists()

    def room(self, incident: Incident) -> str:
        self.client.force_login(self.alice)
        page = self.client.get(f"/riverton/incidents/{incident.pk}/")
        assert page.status_code == 200
        return page.content.decode()
