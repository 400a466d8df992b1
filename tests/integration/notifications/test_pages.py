"""The list, the bell, the preferences: what they show, to whom, at what cost."""

from __future__ import annotations

import re
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from levelhead.notifications.actions import (
    About,
    forget_notifications,
    mark_all_read,
    notify,
    undo_all_read,
)
from levelhead.notifications.domain import DeliveryState, Kind, Mail
from levelhead.notifications.models import Delivery, DutyKinds, Notification, Preferences
from levelhead.records.models import RecordEvent
from tests.integration.notifications.telling import Telling
from tests.integration.research.asking import with_mail
from tests.integration.web.pages import PagesTestCase

# Session, person, place, live head; unread and read ones; the strip.
LIST_QUERIES = 12


class PagesTest(Telling, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = self.stop_the_clock()

    def tell(self, number: int, **fields: object) -> None:
        notify(
            agency_id=self.agency.pk, kind=Kind.ASSIGNED, key=f"k{number}", to=[self.alice.pk],
            about=About(address="/riverton/inbox/"), by=self.bob, **fields,  # type: ignore[arg-type]
        )  # fmt: skip

    def bell(self) -> int:
        page = self.look("inbox")
        found = re.search(r'class="bell-count"[^>]*>(\d+)', page)
        return int(found[1]) if found else 0

    def test_the_same_key_is_told_once(self) -> None:
        for _ in range(3):
            self.tell(1)
        assert self.told(self.alice) == [("assigned", 1)]

    def test_an_outsider_is_not_told(self) -> None:
        notify(
            agency_id=self.agency.pk, kind=Kind.APPROVAL, key="a", to=[self.charlie.pk],
            about=About(address="/riverton/"),
        )  # fmt: skip
        assert not Notification.objects.exists()

    def test_the_bell_counts_mine_unread_and_costs_no_query(self) -> None:
        with CaptureQueriesContext(connection) as before:
            assert self.bell() == 0
        for number in range(3):
            self.tell(number)
        with CaptureQueriesContext(connection) as after:
            assert self.bell() == 3
        assert len(after) == len(before)
        self.sign_in(self.bob)
        assert self.bell() == 0

    def test_what_i_do_not_want_at_the_bell_is_in_the_list_only(self) -> None:
        self.choose(self.alice, Kind.ASSIGNED, screen=False)
        self.tell(1)
        assert self.bell() == 0
        assert "Bob gave you 1 case" in self.look("notifications")

    def test_unread_first_by_day_and_page_by_page(self) -> None:
        for number in range(120):
            if number == 60:
                self.clock.advance(timedelta(days=1))
            self.tell(number)
        # Some of each day were read: the older unread ones come before them.
        read = list(Notification.objects.order_by("pk").values_list("pk", flat=True)[40:80])
        Notification.objects.filter(pk__in=read).update(read_at=self.clock.now())
        seen: list[int] = []
        after = ""
        while True:
            page = self.look("notifications", **({"after": after} if after else {}))
            seen += [int(pk) for pk in re.findall(r'id="notice-(\d+)"', page)]
            more = re.search(r'href="\?after=([a-z.0-9]+)"', page)
            if more is None:
                break
            after = more[1]
        unread = Notification.objects.exclude(pk__in=read).order_by("-pk")
        assert seen == [*unread.values_list("pk", flat=True), *sorted(read, reverse=True)]
        first = self.look("notifications")
        assert first.index("March 17, 2026") < first.index("March 16, 2026")

    def test_the_list_costs_the_same_for_one_and_for_many(self) -> None:
        self.tell(0)
        self.write_note("@Alice <b>", by=self.bob)
        with CaptureQueriesContext(connection) as few:
            page = self.look("notifications")
        assert "@Alice &lt;b&gt;" in page
        for number in range(1, 60):
            self.tell(number)
        with CaptureQueriesContext(connection) as many:
            self.look("notifications")
        assert len(many) <= len(few) <= LIST_QUERIES, "\n".join(q["sql"][:120] for q in few)

    def test_following_one_reads_it(self) -> None:
        self.tell(1)
        one = Notification.objects.get()
        response = self.client.get(self.path("notification", one.pk))
        assert (response.status_code, response["Location"]) == (302, "/riverton/inbox/")
        assert self.bell() == 0
        self.client.post(self.path("notification-read", one.pk), {"unread": "yes"})
        assert self.bell() == 1
        self.client.post(self.path("notification-read", one.pk))
        assert self.bell() == 0

    def test_nobody_reads_what_is_a_colleagues(self) -> None:
        self.tell(1)
        one = Notification.objects.get()
        for person, slug in ((self.bob, "riverton"), (self.charlie, "maple")):
            self.sign_in(person)
            for name in ("notification", "notification-read"):
                path = reverse(name, args=[slug, one.pk])
                post = name == "notification-read"
                response = self.client.post(path) if post else self.client.get(path)
                assert response.status_code == 404
            assert "Bob gave you" not in self.client.get(f"/{slug}/notifications/").content.decode()
        one.refresh_from_db()
        assert one.read_at is None

    def test_all_read_and_back_leaves_what_came_since(self) -> None:
        self.tell(1)
        self.tell(2)
        newest = Notification.objects.latest("pk").pk
        self.tell(3)
        self.client.post(self.path("notifications-read-all"), {"upto": newest})
        page = self.look("notifications")
        assert self.bell() == 1
        assert "2 are read now." in page
        assert "Undo: mark all as read" in page
        self.client.post(self.path("notifications-unread-all"))
        assert self.bell() == 3
        # Nothing is left to take back.
        self.client.post(self.path("notifications-unread-all"))
        assert "There is nothing to undo here." in self.look("notifications")

    def test_the_undo_is_its_persons(self) -> None:
        self.tell(1)
        token = mark_all_read(agency=self.agency, person=self.alice, upto=1 << 62)[1]
        self.assertRaisesMessage(
            Exception, "Only the person who did this", undo_all_read,
            agency=self.agency, person=self.bob, token=token,
        )  # fmt: skip

    def test_preferences_are_kept_and_hostile_ones_are_not(self) -> None:
        path = self.path("notification-preferences")
        given = {
            "screen-mention": "on", "mail-mention": "digest", "when-mention": "duty",
            "call-assigned": "on", "mail-assigned": "x" * 5_000, "mail-nothing": "now",
            "quiet_from": "22:00", "quiet_to": "06:30", "digest_at": "07:15",
        }  # fmt: skip
        assert self.client.post(path, given).status_code == 302
        kept = Preferences.objects.get(user=self.alice)
        assert kept.choices["mention"] == {
            "screen": True, "mail": "digest", "call": False, "on_duty_only": True,
        }  # fmt: skip
        assert kept.choices["assigned"] == {
            "screen": False, "mail": "no", "call": True, "on_duty_only": False,
        }  # fmt: skip
        assert (kept.quiet_from, kept.quiet_to, kept.digest_at) == (1320, 390, 435)
        assert 'value="22:00"' in self.look("notification-preferences")
        for wrong in ({"quiet_from": "22:00"}, {"quiet_to": "25:00"}, {"digest_at": "\x00"}):
            assert self.client.post(path, wrong).status_code == 400, wrong
        assert Preferences.objects.get(user=self.alice).quiet_from == 1320

    def test_a_kind_also_goes_to_the_shift(self) -> None:
        self.sign_in(self.bob)
        self.put_on_duty(self.victor)
        self.client.post(self.path("notification-duty"), {"kind": ["assigned", "nonsense"]})
        assert DutyKinds.objects.get().kinds == ["assigned"]
        assert RecordEvent.objects.filter(action="person:notification:duty_changed").count() == 1
        self.tell(1)
        assert self.told(self.victor) == self.told(self.alice) == [("assigned", 1)]

    def test_old_ones_go_with_their_deliveries(self) -> None:
        with with_mail():
            self.choose(self.alice, Kind.ASSIGNED, mail=Mail.NOW)
            self.tell(1)
        Delivery.objects.update(state=DeliveryState.SENT)
        self.clock.advance(timedelta(days=89))
        assert forget_notifications() == 0
        self.clock.advance(timedelta(days=2))
        assert forget_notifications() == 1
        assert not Delivery.objects.exists()
