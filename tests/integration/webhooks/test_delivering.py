"""Programs are told what happens: all of it, in order, signed; nothing goes inside our walls."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from functools import partial
from unittest import mock

import httpx
import pytest
import time_machine
from django.conf import settings
from django.test import override_settings
from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.inbox.actions import add_note, close_case
from levelhead.kernel import clock
from levelhead.kernel.errors import ChannelRefused, Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.webhooks import calling, delivering
from levelhead.webhooks.actions import (
    NewTarget,
    add_target,
    pause_target,
    remove_target,
    resume_target,
)
from levelhead.webhooks.domain import Topic, find_fault, topic_of
from levelhead.webhooks.models import WebhookPlace, WebhookTarget
from tests.base import DeskTestCase
from tests.integration.webhooks.listening import Listener

PRIVATE = override_settings(ENVIRONMENT=replace(settings.ENVIRONMENT, webhooks_private=True))


@PRIVATE
class TellingTest(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = Listener()
        self.addCleanup(self.listener.close)

    def add(self, *topics: str, by: User | None = None) -> NewTarget:
        chosen = topics or tuple(topic.value for topic in Topic)
        return add_target(
            agency=self.agency, url=self.listener.url, topics=chosen, by=by or self.bob
        )

    def deliver(self) -> int:
        """A round of the worker, with every wait over."""
        WebhookTarget.objects.update(next_attempt_at=clock.now() - timedelta(seconds=1))
        return sum(delivering.deliver(target) for target in delivering.claim_due(10))

    def test_every_event_from_now_on_comes_in_order(self) -> None:
        self.file_case()
        self.add()
        cases = [self.file_case() for _ in range(5)]
        for case in cases:
            close_case(case=case, reason="by phone", by=self.alice, expected_version=None)
        self.deliver()
        events = self.listener.events()
        closed = [event["subject"] for event in events if event["action"] == "person:case:closed"]
        assert closed == [f"case:{case.pk}" for case in cases]
        filed = [event for event in events if event["action"] == "channel:post:filed"]
        assert len(filed) == 5
        assert events[0]["hash"] == RecordEvent.objects.get(pk=int(events[0]["id"])).hash
        assert self.deliver() == 0

    def test_the_signature_is_that_of_the_standard(self) -> None:
        made = self.add("cases")
        close_case(case=self.file_case(), reason="x", by=self.alice, expected_version=None)
        self.deliver()
        headers, body = self.listener.got[0]
        found = {name.lower(): value for name, value in headers.items()}
        signed = f"{found['webhook-id']}.{found['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(made.secret.removeprefix("whsec_"))
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert found["webhook-signature"] == f"v1,{digest}"
        assert abs(int(found["webhook-timestamp"]) - clock.now().timestamp()) < 60
        assert made.secret not in str(WebhookTarget.objects.get().__dict__)
        assert not RecordEvent.objects.filter(payload__contains=made.secret).exists()

    def test_only_what_was_asked_for(self) -> None:
        self.add("commitments")
        close_case(case=self.file_case(), reason="x", by=self.alice, expected_version=None)
        assert self.deliver() == 0
        assert self.listener.got == []
        # What is passed over is not looked at again.
        assert (
            WebhookPlace.objects.get(chain="desk").seq
            == RecordEvent.objects.filter(chain__name="desk", agency=self.agency).count()
        )

    def test_a_refusal_is_tried_again_with_the_same_events_and_id(self) -> None:
        self.add("cases")
        close_case(case=self.file_case(), reason="x", by=self.alice, expected_version=None)
        self.listener.statuses = [500, 404, 302]
        self.listener.location = "http://127.0.0.1:1/elsewhere"
        for failures in (1, 2, 3):
            self.deliver()
            target = WebhookTarget.objects.get()
            assert target.failures == failures
            assert "no" in target.last_error
            assert target.next_attempt_at > clock.now()
        assert delivering.claim_due(10) == []
        add_note(conversation=self.file_case().post.conversation, text="later", by=self.alice)
        self.deliver()
        ids = [headers["webhook-id"] for headers, _ in self.listener.got]
        first = {tuple(event["id"] for event in self.listener.events()[:1])}
        assert len(first) == 1
        assert ids[0] == ids[1] == ids[2]
        target = WebhookTarget.objects.get()
        assert (target.failures, target.last_error, target.failing_since) == (0, "", None)
        told = [event["id"] for event in self.listener.events()]
        assert len(set(told)) == 2

    def test_one_that_died_before_it_noted_tells_again(self) -> None:
        self.add("cases")
        close_case(case=self.file_case(), reason="x", by=self.alice, expected_version=None)
        with (
            mock.patch.object(delivering, "_move_on", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            self.deliver()
        # Its claim holds until it runs out, or until the only worker starts anew.
        assert self.deliver() == 0
        delivering.free_claims()
        self.deliver()
        first, second = self.listener.got
        assert first[1] == second[1]
        assert first[0]["webhook-id"] == second[0]["webhook-id"]

    def test_two_workers_do_not_serve_one_target(self) -> None:
        self.add("cases")
        assert len(delivering.claim_due(10)) == 1
        assert delivering.claim_due(10) == []
        with time_machine.travel(clock.now() + timedelta(minutes=2), tick=False):
            assert len(delivering.claim_due(10)) == 1

    def test_pause_go_on_and_remove(self) -> None:
        target = self.add("cases").target
        pause_target(agency=self.agency, target_id=target.pk, by=self.bob)
        close_case(case=self.file_case(), reason="x", by=self.alice, expected_version=None)
        assert self.deliver() == 0
        resume_target(agency=self.agency, target_id=target.pk, by=self.bob)
        assert self.deliver() == 1
        remove_target(agency=self.agency, target_id=target.pk, by=self.bob)
        assert not WebhookTarget.objects.exists()
        actions = RecordEvent.objects.filter(subject=f"webhook:{target.pk}").order_by("seq")
        assert [event.action.rsplit(":", 1)[1] for event in actions] == [
            "added", "paused", "resumed", "removed",
        ]  # fmt: skip

    def test_events_of_another_agency_are_not_told(self) -> None:
        self.add()
        theirs = self.file_case(channel_id=self.other_channel.pk)
        close_case(case=theirs, reason="x", by=self.charlie, expected_version=None)
        self.deliver()
        assert str(theirs.pk) not in str(self.listener.events())

    def test_only_who_manages_adds_one_and_ten_are_enough(self) -> None:
        for person in (self.alice, self.charlie):
            with pytest.raises(NotAllowed):
                self.add(by=person)
        for _ in range(10):
            self.add("cases")
        with pytest.raises(Invalid, match="10 webhooks already"):
            self.add("cases")

    def test_the_page(self) -> None:
        self.client.force_login(self.bob)
        page = reverse("webhooks", args=["riverton"])
        self.assertContains(self.client.get(page), "Nobody yet")
        made = self.client.post(page, {"url": self.listener.url, "topic": ["cases"]})
        self.assertContains(made, "whsec_")
        target = WebhookTarget.objects.get()
        self.assertNotContains(self.client.get(page), "whsec_")
        self.listener.statuses = [500]
        close_case(case=self.file_case(), reason="x", by=self.alice, expected_version=None)
        self.deliver()
        self.assertContains(self.client.get(page), "nothing is lost")
        with time_machine.travel(clock.now() + timedelta(hours=2), tick=False):
            self.assertContains(self.client.get(page), "for an hour or more")
        for name in ("webhook-pause", "webhook-resume", "webhook-remove"):
            self.client.post(reverse(name, args=["riverton", target.pk]))
        assert not WebhookTarget.objects.exists()
        wrong = self.client.post(page, {"url": "ftp://x", "topic": ["cases"]})
        self.assertContains(wrong, "begins with https://", status_code=400)


class WallTest(DeskTestCase):
    def test_by_default_nothing_goes_inside(self) -> None:
        listener = Listener()
        self.addCleanup(listener.close)
        port = listener.server.server_port
        inside = (
            f"https://127.0.0.1:{port}/", f"https://localhost:{port}/", f"https://[::1]:{port}/",
            f"https://[::ffff:127.0.0.1]:{port}/", "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/", "https://192.168.1.1/", f"https://0.0.0.0:{port}/",
            f"https://2130706433:{port}/", f"https://127.1:{port}/", "https://100.64.0.1/",
        )  # fmt: skip
        for url in inside:
            with self.subTest(url=url), pytest.raises(ChannelRefused, match="private network"):
                calling.post(url, body=b"{}", headers={}, private=False)
        assert listener.got == []

    def test_the_address_that_was_checked_is_the_one_that_is_called(self) -> None:
        asked: list[str] = []
        called: list[httpx.Request] = []

        def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
            # Outside when it is asked, inside ever after.
            asked.append(host)
            return [(2, 1, 6, "", ("8.8.4.4" if len(asked) == 1 else "127.0.0.1", port))]

        def take(request: httpx.Request) -> httpx.Response:
            called.append(request)
            return httpx.Response(204)

        client = partial(httpx.Client, transport=httpx.MockTransport(take))
        with (
            mock.patch.object(calling.socket, "getaddrinfo", look_up),
            mock.patch.object(calling.httpx, "Client", client),
        ):
            calling.post("https://rebind.example:8443/a", body=b"{}", headers={}, private=False)
        assert asked == ["rebind.example"]
        assert called[0].url == "https://8.8.4.4:8443/a"
        assert called[0].headers["Host"] == "rebind.example:8443"
        assert called[0].extensions["sni_hostname"] == "rebind.example"

    def test_addresses_that_are_refused_as_they_are_written(self) -> None:
        for url in (
            "", "x", "http://example.org/", "ftp://example.org/", "https://", "https://a b/",
            "https://user:secret@example.org/", "https://example.org/#x", "https://é.example/",
            "https://example.org:99999/", "https://example.org/" + "x" * 500, "https://[::1/",
            "javascript:alert(1)", "https://example.org/\n", "https://@example.org/",
        ):  # fmt: skip
            with self.subTest(url=url):
                assert find_fault(url, private=False) is not None
                with pytest.raises(Invalid):
                    add_target(agency=self.agency, url=url, topics=["cases"], by=self.bob) if (
                        url.strip() == url
                    ) else self._refuse()
        assert find_fault("https://example.org:8443/a?b=c", private=False) is None

    def _refuse(self) -> None:
        raise Invalid("blanks at the ends are taken off")

    def test_every_action_on_the_record_has_a_topic_or_none(self) -> None:
        assert topic_of("person:case:closed") == Topic.CASES
        assert topic_of("channel:post:filed") == Topic.POSTS
        assert topic_of("nonsense") is None
        assert topic_of("person:unknown:done") is None
