"""The health page and the metrics."""

from __future__ import annotations

import json
from datetime import timedelta
from unittest import mock

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.test import override_settings

from levelhead.channels.models import OutboxItem
from levelhead.channels.outbox import enqueue
from levelhead.kernel import clock
from levelhead.ops import views
from levelhead.ops.counting import BUCKETS, CountedRequests, Requests
from levelhead.runtime import heartbeat
from tests.base import PASSWORD, DeskTestCase

RUN = settings.ENVIRONMENT.data / "run"


@override_settings(ROOT_URLCONF="levelhead.ops.urls")
class HealthTests(DeskTestCase):
    """What /health says."""

    def setUp(self) -> None:
        super().setUp()
        views._last = None
        RUN.mkdir(exist_ok=True)
        self.addCleanup((RUN / "serve.json").unlink, missing_ok=True)
        self.addCleanup(heartbeat.forget_heartbeat, settings.ENVIRONMENT.data)

    def running(self, *roles: str) -> None:
        """`levelhead serve` runs these here."""
        (RUN / "serve.json").write_text(
            json.dumps({"pid": 1, "roles": roles, "address": "http://localhost/"})
        )

    def beat(self, age_seconds: float = 0.0, loop_age_seconds: float = 0.0) -> None:
        """The worker gave this sign of life."""
        at = clock.now() - timedelta(seconds=age_seconds)
        with mock.patch.object(clock, "now", return_value=at):
            heartbeat.write_heartbeat(
                settings.ENVIRONMENT.data,
                {"pulling": at - timedelta(seconds=loop_age_seconds)},
            )

    def test_it_is_well(self) -> None:
        self.running("worker", "web")
        self.beat()
        answer = self.client.get("/health")
        assert answer.status_code == 200, answer.json()
        told = answer.json()
        assert told["ok"] is True
        assert told["database"] is True
        assert told["migrations_pending"] == 0
        assert told["worker_heartbeat_age_seconds"] < 5
        assert told["outbox_oldest_waiting_seconds"] is None

    def test_a_worker_that_should_be_here_and_is_not(self) -> None:
        self.running("worker", "web")
        assert self.client.get("/health").status_code == 503
        views._last = None
        self.running("web")
        assert self.client.get("/health").status_code == 200

    def test_a_dead_worker_and_a_stuck_loop(self) -> None:
        self.running("worker")
        self.beat(age_seconds=60)
        # A busy machine may take a second or two to ask.
        told = self.client.get("/health").json()["troubles"][0]
        self.assertRegex(told, r"last sign of life 6\d seconds ago")
        views._last = None
        self.beat(loop_age_seconds=600)
        assert "pulling has hung" in self.client.get("/health").json()["troubles"][0]

    def test_a_garbled_file_is_no_sign_of_life(self) -> None:
        self.running("worker")
        (RUN / "worker.json").write_text('{"pid": 1, "at": "soon"')
        assert self.client.get("/health").status_code == 503
        views._last = None
        (RUN / "serve.json").write_text("[]")
        assert self.client.get("/health").status_code == 200

    def test_the_database_is_away(self) -> None:
        with mock.patch.object(connection, "ensure_connection", side_effect=DatabaseError("away")):
            answer = self.client.get("/health")
        assert answer.status_code == 503
        assert answer.json()["database"] is False

    def test_a_message_that_waits(self) -> None:
        item = enqueue(channel=self.channel, text="Open at 8.", by=self.alice)
        OutboxItem.objects.filter(pk=item.pk).update(created_at=clock.now() - timedelta(minutes=10))
        told = self.client.get("/health").json()
        assert 599 < told["outbox_oldest_waiting_seconds"] < 700
        assert told["ok"] is True
        assert "has waited" in told["warnings"][0]

    def test_however_often_it_is_asked_the_database_is_asked_once_a_second(self) -> None:
        self.client.get("/health")
        with self.assertNumQueries(0):
            for _ in range(20):
                self.client.get("/health")

    def test_only_reading_is_possible(self) -> None:
        assert self.client.post("/health").status_code == 405
        assert self.client.post("/metrics").status_code == 405


@override_settings(ROOT_URLCONF="levelhead.ops.urls")
class MetricsTests(DeskTestCase):
    """What /metrics says, and to whom."""

    def text(self, **headers: str) -> str:
        """The figures, asked for on this machine."""
        answer = self.client.get("/metrics", SERVER_NAME="localhost", **headers)  # type: ignore[arg-type]
        assert answer.status_code == 200
        return answer.content.decode()

    def test_the_figures(self) -> None:
        self.file_post()
        self.file_post(channel_id=self.other_channel.pk)
        enqueue(channel=self.channel, text="Open at 8.", by=self.alice)
        type(self.channel).objects.filter(pk=self.channel.pk).update(failures=3)
        text = self.text()
        assert 'levelhead_posts_received_total{agency="riverton"} 1.0' in text
        assert 'levelhead_posts_received_total{agency="maple"} 1.0' in text
        assert 'levelhead_open_cases{agency="riverton",queue=' in text
        assert 'levelhead_outbox_items{agency="riverton",state="queued"} 1.0' in text
        assert 'levelhead_outbox_items{agency="maple",state="queued"} 0.0' in text
        assert (
            'levelhead_channel_failures{agency="riverton",channel="Town square",'
            'platform="memory"} 3.0' in text
        )
        assert "levelhead_http_request_seconds_bucket" in text

    def test_a_look_costs_the_same_with_more_posts(self) -> None:
        self.file_post()
        with self.assertNumQueries(8):
            self.text()
        for _ in range(20):
            self.file_post()
        with self.assertNumQueries(8):
            self.text()

    def test_who_is_elsewhere_gets_nothing(self) -> None:
        for headers in (
            {"REMOTE_ADDR": "192.0.2.7"},
            {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},  # a proxy on this machine
            {"HTTP_HOST": "testserver"},
        ):
            answer = self.client.get("/metrics", **{"SERVER_NAME": "localhost", **headers})  # type: ignore[arg-type]
            assert answer.status_code == 403, headers
            assert answer.json()["error"]["code"] == "not_allowed"

    def test_who_manages_an_agency_gets_its_figures_and_no_others(self) -> None:
        self.file_post()
        self.file_post(channel_id=self.other_channel.pk)
        for person, status in ((self.alice, 403), (self.victor, 403), (self.bob, 200)):
            assert self.client.login(email=person.email, password=PASSWORD)
            assert self.client.get("/metrics").status_code == status
        text = self.client.get("/metrics").content.decode()
        assert 'agency="riverton"' in text
        assert "maple" not in text
        assert "County square" not in text


def test_requests_are_counted_by_kind_and_duration() -> None:
    counted = Requests()
    counted.add(method="GET", status=200, seconds=0.004)
    counted.add(method="GET", status=204, seconds=0.3)
    counted.add(method="BREW", status=500, seconds=99.0)
    answered, durations, seconds = counted.snapshot()
    assert answered == {("GET", "2xx"): 2, ("other", "5xx"): 1}
    assert durations[0] == 1
    assert durations[BUCKETS.index(0.5)] == 1
    assert durations[-1] == 1
    assert seconds > 99


def test_an_answer_that_breaks_is_counted_as_such() -> None:
    from levelhead.ops.counting import requests

    def broken(environ: object, start_response: object) -> list[bytes]:
        raise ValueError("a bug")

    before = requests.snapshot()[0].get(("GET", "5xx"), 0)
    with pytest.raises(ValueError, match="a bug"):
        CountedRequests(broken)({"REQUEST_METHOD": "GET"}, lambda *_: None)
    assert requests.snapshot()[0]["GET", "5xx"] == before + 1
