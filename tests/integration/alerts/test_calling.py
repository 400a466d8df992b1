"""People are called at once, in their order, once each, until somebody sees to it."""

from __future__ import annotations

import re
from datetime import timedelta
from unittest import mock

import pytest
from django.db import transaction
from django.test import override_settings

from levelhead.alerts.actions import acknowledge, end_shift
from levelhead.alerts.calling import on_duty
from levelhead.alerts.models import Alert, Ring, Shift, Target
from levelhead.alerts.ringing import CLAIM, claim_rings, make_call, write_message
from levelhead.channels.secrets import unseal
from levelhead.config.settings import ENVIRONMENT
from levelhead.inbox.actions import close_case
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from tests.integration.alerts.calling import AlertTestCase
from tests.integration.clocks.ticking import COMPLAINT, DANGER, QUESTION, local


class LifeTest(AlertTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.man_the_desk()

    def test_whoever_is_on_duty_is_called_at_once(self) -> None:
        case = self.file_case(text=DANGER)
        assert [one.pk for one in self.alert().cases.all()] == [case.pk]
        self.work()
        assert self.bell.topics() == ["alice"]
        call = self.bell.calls[0]
        assert "a life may be at stake" in call["title"]
        assert "man with a gun" in call["message"]
        assert "on duty: Alice" in self.look("inbox")

    def test_the_alert_and_its_post_are_one_transaction(self) -> None:
        class CutError(Exception):
            pass

        with pytest.raises(CutError), transaction.atomic():
            self.file_case(text=DANGER)
            assert Alert.objects.count() == 1
            raise CutError
        assert Alert.objects.count() == Case.objects.count() == 0

    def test_a_burst_makes_one_call(self) -> None:
        self.receive(*[self.incoming(text=f"{DANGER}, post {n}") for n in range(20)])
        self.work()
        for n in range(20):
            self.file_post(text=f"{DANGER}, again {n}")
            self.work()
        assert self.bell.topics() == ["alice"]
        assert Alert.objects.count() == 1
        assert self.alert().told.count() == 40
        acknowledge(alert=self.alert(), by=self.alice)
        self.wait(minutes=2)
        self.file_post(text=DANGER + " still")
        self.work()
        assert self.bell.topics() == ["alice"]
        self.wait(minutes=4)
        self.file_post(text=DANGER + " somewhere else")
        self.work()
        assert self.bell.topics() == ["alice", "alice"]

    def test_the_next_is_called_after_five_minutes_and_then_nobody_answered(self) -> None:
        self.file_post(text=DANGER)
        self.work()
        self.wait(minutes=4, seconds=59)
        self.work()
        assert self.bell.topics() == ["alice"]
        self.wait(seconds=1)
        self.work()
        assert self.bell.topics() == ["alice", "bob"]
        self.wait(minutes=5)
        self.work()
        assert self.alert().state == "unanswered"
        assert self.bell.topics() == ["alice", "bob"]
        assert "1 alert nobody answered" in self.look("inbox")
        assert "everybody was called, nobody answered" in self.look("alerts")
        assert verify_records().holds

    def test_nobody_is_called_after_somebody_answered(self) -> None:
        self.file_post(text=DANGER)
        self.work()
        self.client.post(self.path("alert-acknowledge", self.alert().pk))
        assert (self.alert().state, self.alert().acknowledged_by) == ("acknowledged", self.alice)
        self.wait(minutes=30)
        self.work()
        assert self.bell.topics() == ["alice"]
        assert RecordEvent.objects.filter(action="person:alert:acknowledged").count() == 1

    def test_what_was_dealt_with_calls_nobody(self) -> None:
        case = self.file_case(text=DANGER)
        close_case(case=case, reason="Dispatch has it.", by=self.alice, expected_version=None)
        self.work()
        assert self.bell.topics() == []
        assert self.alert().state == "over"

    def test_a_busy_service_is_tried_again_and_rung_once(self) -> None:
        self.bell.answers = ["busy", "busy"]
        self.file_post(text=DANGER)
        for _ in range(4):
            self.work()
            self.wait(seconds=10)
        assert self.bell.topics() == ["alice"]
        assert Ring.objects.get().attempts == 3

    def test_a_call_that_may_have_arrived_is_not_repeated_but_the_next_is_called(self) -> None:
        for answer in ("cut", "silent"):
            with self.subTest(answer):
                self.bell.calls.clear()
                self.bell.answers = [answer]
                self.file_post(text=DANGER + answer)
                self.work()
                assert self.bell.topics() == ["alice", "bob"]
                acknowledge(alert=self.alert(), by=self.bob)
                self.wait(minutes=6)

    def test_a_killed_worker_leaves_nothing_that_is_sent_twice(self) -> None:
        self.file_post(text=DANGER)
        with mock.patch("levelhead.alerts.ringing._finish"):
            # Called, and killed before it could say so.
            self.work(rounds=1)
        assert self.bell.topics() == ["alice"]
        assert claim_rings(20) == []
        self.clock.advance(CLAIM + timedelta(seconds=1))
        self.work()
        assert self.bell.topics() == ["alice", "bob"]
        states = list(Ring.objects.order_by("pk").values_list("state", flat=True))
        assert states == ["unclear", "sent"]

    def test_two_workers_share_the_calls(self) -> None:
        self.file_post(text=DANGER)
        with mock.patch("levelhead.alerts.ringing.service.call"):
            self.work(rounds=0)
        from levelhead.alerts.calling import move_alerts_on

        move_alerts_on()
        assert move_alerts_on() == 0
        first, second = claim_rings(20), claim_rings(20)
        assert (len(first), len(second)) == (1, 0)
        make_call(first[0])
        make_call(first[0])
        assert Ring.objects.get().state == "sent"

    def test_quiet_hours_do_not_hold_for_a_life(self) -> None:
        self.place(self.alice, None, quiet=(0, 1439))
        self.file_post(text=DANGER)
        self.work()
        assert self.bell.topics() == ["alice"]

    def test_another_agency_hears_nothing(self) -> None:
        self.file_post(text=DANGER, channel_id=self.other_channel.pk)
        self.work()
        assert self.bell.topics() == []
        assert self.alert().state == "nobody"
        assert "alert nobody answered" not in self.look("inbox")

    def test_without_a_place_to_call_the_pages_say_that_nobody_is_rung(self) -> None:
        Target.objects.update(active=False)
        self.file_post(text=DANGER)
        self.work()
        assert self.alert().state == "nobody"
        assert "Nobody is rung." in self.look("alerts")
        self.sign_in(self.bob)
        assert "Nobody is rung." in self.look("alert-settings")
        assert "1 alert nobody answered" in self.look("inbox")

    def test_the_duty_phone_rings_where_nobody_is_on_duty(self) -> None:
        Shift.objects.all().delete()
        self.target(None)
        self.file_post(text=DANGER)
        self.work()
        assert self.bell.topics() == ["duty"]
        self.wait(minutes=5)
        self.work()
        assert self.bell.topics() == ["duty", "bob"]

    def test_the_link_of_a_call_answers_it_but_looking_does_not(self) -> None:
        self.file_post(text=DANGER)
        with override_settings(
            ENVIRONMENT=mock.Mock(wraps=ENVIRONMENT, public_url="https://desk.test")
        ):
            self.work()
        found = re.search(r"https://desk\.test(/alert/\S+)", self.bell.calls[0]["message"])
        assert found is not None
        self.client.logout()
        page = self.client.get(found[1])
        assert page.status_code == 200
        assert "man with a gun" not in page.content.decode()
        assert self.alert().state == "open"
        assert "Alice sees to it" in self.client.post(found[1]).content.decode()
        assert self.alert().acknowledged_by == self.alice
        for wrong in (found[1][:-2] + "/", "/alert/x/", "/alert/%00/"):
            assert self.client.get(wrong).status_code == 404
        Target.objects.filter(user=self.alice).update(active=False)
        assert self.client.get(found[1]).status_code == 404

    def test_a_call_is_in_the_language_of_whoever_is_called(self) -> None:
        self.file_post(text=DANGER)
        self.alice.language = "es"
        self.alice.save()
        target = Target.objects.get(user=self.alice)
        title, _body = write_message(self.alert(), target)
        assert "puede" in title


class ClockAlertTest(AlertTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.man_the_desk()

    def kinds(self) -> list[str]:
        return list(Alert.objects.order_by("id").values_list("kind", flat=True))

    def test_at_eighty_percent_and_when_it_has_run_out(self) -> None:
        self.file_post(text=QUESTION)
        # 9:20 to 13:20: 80% have passed at 12:32.
        self.go_to(local(16, 12, 31))
        self.work()
        assert self.kinds() == []
        self.go_to(local(16, 12, 32))
        self.work()
        assert self.kinds() == ["clock_soon"]
        self.go_to(local(16, 13, 20))
        self.work()
        assert self.kinds() == ["clock_soon", "clock_out"]
        self.wait(hours=1)
        self.work()
        # Half an hour after the second call the next person is called; each alert once.
        assert self.bell.topics() == ["alice", "alice", "bob"]

    def test_the_owner_hears_of_it_first(self) -> None:
        Case.objects.filter(pk=self.file_case(text=QUESTION).pk).update(owner=self.bob)
        self.go_to(local(16, 12, 32))
        self.work()
        assert self.bell.topics() == ["bob"]

    def test_in_quiet_hours_the_next_person_hears(self) -> None:
        self.place(self.alice, None, quiet=(12 * 60, 13 * 60))
        self.file_post(text=QUESTION)
        self.go_to(local(16, 12, 40))
        self.work()
        assert self.bell.topics() == ["bob"]

    def test_a_paused_clock_tells_nobody(self) -> None:
        from levelhead.clocks.actions import pause_clock, resume_clock
        from levelhead.clocks.domain import WaitingOn

        case = self.file_case(text=QUESTION)
        self.work()
        pause_clock(
            case=case, waiting_on=WaitingOn.RESEARCH, note="", until=local(20, 12), by=self.alice,
            expected_version=None,
        )  # fmt: skip
        self.go_to(local(17, 9, 20))
        self.work()
        assert self.kinds() == []
        resume_clock(case=self.fresh(case), by=self.alice, expected_version=None)
        # 80% of four hours without the nine that it stood still.
        self.go_to(local(17, 12, 31))
        self.work()
        assert self.kinds() == []
        self.go_to(local(17, 12, 32))
        self.work()
        assert self.kinds() == ["clock_soon"]

    def test_an_answer_in_time_tells_nobody(self) -> None:
        case = self.file_case(text=COMPLAINT)
        self.work()
        self.answer(case)
        self.go_to(local(19, 12))
        self.work()
        assert self.kinds() == []

    def test_after_the_first_word_the_full_answer_is_looked_after(self) -> None:
        case = self.file_case(text=COMPLAINT)
        self.answer(case, holding=True)
        self.go_to(local(18, 16, 59))
        self.work()
        self.go_to(local(18, 17))
        self.work()
        assert self.kinds() == ["clock_soon", "clock_out"]


class DutyTest(AlertTestCase):
    def test_a_shift_is_handed_over(self) -> None:
        self.on_duty(self.alice)
        self.wait(hours=2)
        end_shift(shift=Shift.objects.get(), by=self.alice, to=self.bob)
        assert [s.user for s in on_duty(self.agency.pk, clock.now())] == [self.bob]
        assert Shift.objects.order_by("-id")[0].ends_at == local(16, 17, 20)
        assert "on duty: Bob" in self.look("inbox")
        with pytest.raises(Invalid):
            end_shift(shift=Shift.objects.order_by("id")[0], by=self.alice)

    def test_a_handover_by_the_page_names_somebody(self) -> None:
        self.on_duty(self.alice)
        shift = Shift.objects.get()
        for to in ("", str(self.charlie.pk), "\x00"):
            self.client.post(self.path("shift-end", shift.pk), {"hand_over": "yes", "to": to})
        assert [one.user for one in on_duty(self.agency.pk, clock.now())] == [self.alice]
        self.client.post(self.path("shift-end", shift.pk), {"hand_over": "yes", "to": self.bob.pk})
        assert [one.user for one in on_duty(self.agency.pk, clock.now())] == [self.bob]
        self.client.post(self.path("shift-end", Shift.objects.order_by("-id")[0].pk))
        assert on_duty(self.agency.pk, clock.now()) == []

    def test_the_roster_page(self) -> None:
        assert "nobody on duty" in self.look("inbox")
        given = {"user": self.alice.pk, "starts": "2026-03-16T09:00", "ends": "2026-03-16T17:00"}
        self.client.post(self.path("shift-add"), given)
        assert "Alice" in self.look("alerts")
        for wrong in ({"ends": "2026-03-16T08:00"}, {"ends": "never"}, {"user": self.charlie.pk},
                      {"starts": "2026-01-01T00:00"}, {"user": "\x00"}):  # fmt: skip
            self.client.post(self.path("shift-add"), {**given, **wrong})
        assert Shift.objects.count() == 1

    def test_addresses_are_kept_encrypted_and_shown_without_keys(self) -> None:
        self.sign_in(self.bob)
        given = {"name": "Phone", "user": self.alice.pk}
        self.client.post(
            self.path("target-add"), {**given, "address": "mailto://me:s3cret@example.org"}
        )
        target = Target.objects.get()
        assert "s3cret" not in target.sealed
        assert unseal(target.sealed)["address"] == "mailto://me:s3cret@example.org"
        assert "s3cret" not in self.look("alert-settings")
        assert "s3cret" not in str(list(RecordEvent.objects.values_list("payload", flat=True)))
        for wrong in ("", "hello", "nothing://x", "dbus://", "syslog://", "file:///etc/passwd",
                      "json://" + "x" * 2000, "\x00json://x"):  # fmt: skip
            self.client.post(self.path("target-add"), {**given, "address": wrong})
        self.client.post(
            self.path("target-add"), {**given, "user": self.charlie.pk, "address": "json://x"}
        )
        assert Target.objects.count() == 1

    def test_a_place_is_tried_and_says_how_it_went(self) -> None:
        self.sign_in(self.bob)
        target = self.target(None)
        assert "not proven yet" in self.look("alert-settings")
        self.client.post(self.path("target-try", target.pk))
        assert self.bell.topics() == ["duty"]
        assert "took a call" in self.look("alert-settings")
        self.bell.answers = ["busy"]
        self.client.post(self.path("target-try", target.pk))
        assert "The service answered with the error 503." in self.look("alert-settings")
        self.client.post(self.path("target-remove", target.pk))
        assert "Nobody is rung." in self.look("alert-settings")
        assert Target.objects.get().sealed == ""

    def test_numbers_and_times_are_checked(self) -> None:
        self.sign_in(self.bob)
        for name, given in (
            ("alert-rules", {"life": "0", "clock": "30"}),
            ("alert-rules", {"life": "x", "clock": "30"}),
            ("alert-rules", {"life": "5", "clock": "999"}),
            ("alert-person", {"user": self.alice.pk, "position": "0"}),
            ("alert-person", {"user": self.alice.pk, "quiet_from": "22:00"}),
            ("alert-person", {"user": self.alice.pk, "quiet_from": "25:00", "quiet_to": "6:00"}),
            ("alert-person", {"user": self.charlie.pk, "position": "1"}),
        ):
            self.client.post(self.path(name), given)
        assert not RecordEvent.objects.filter(
            action__in=["person:alert:rules_changed", "person:alert:order_changed"]
        ).exists()
        self.client.post(self.path("alert-rules"), {"life": "3", "clock": "60"})
        self.client.post(
            self.path("alert-person"),
            {"user": self.alice.pk, "position": "2", "quiet_from": "22:00", "quiet_to": "06:30"},
        )
        page = self.look("alert-settings")
        assert 'value="22:00"' in page
        assert 'value="06:30"' in page

    def test_only_those_who_may(self) -> None:
        self.file_post(text=DANGER)
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                acknowledge(alert=self.alert(), by=person)
            with pytest.raises(NotAllowed):
                self.on_duty_by(person)
        with pytest.raises(NotAllowed):
            from levelhead.alerts.actions import add_target

            add_target(agency=self.agency, user=None, name="x", address="json://x", by=self.alice)

    def on_duty_by(self, person: object) -> None:
        from levelhead.alerts.actions import add_shift

        add_shift(agency=self.agency, user=self.alice, starts_at=clock.now(),
                  ends_at=clock.now() + timedelta(hours=1), by=person)  # type: ignore[arg-type]  # fmt: skip
