"""Reading from platforms: nothing lost, nothing doubled, every failure said, nobody held up."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from levelhead.channels.accounts import account_of, pool
from levelhead.channels.inbound import file_inbound, keep_call
from levelhead.channels.models import Channel, ChannelState, Inbound, SetAside
from levelhead.channels.pulling import claim_due, pull, pull_due
from levelhead.channels.secrets import seal, unseal
from levelhead.connectors.memory import MemoryPlatform, forget_platforms, platform_of
from levelhead.connectors.webhook.connector import SIGNATURE_HEADER, TIME_HEADER, sign
from levelhead.inbox.models import Post
from levelhead.kernel import clock
from levelhead.kernel.errors import BadSignature, NotFound
from tests.base import MONDAY, DeskTestCase


class PullingTest(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.clock = clock.ManualClock(MONDAY + timedelta(days=365))
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        Channel.objects.exclude(pk=self.channel.pk).update(state=ChannelState.PAUSED)
        Channel.objects.update(next_pull_at=clock.now())

    @property
    def platform(self) -> MemoryPlatform:
        return platform_of(account_of(self.channel))

    def publish(self, count: int, start: int = 0) -> None:
        for number in range(start, start + count):
            self.platform.publish(self.incoming(external_id=f"p{number}"))

    def pull_on(self) -> Channel:
        """Pull as often as it takes for everything published to be asked for."""
        for _ in range(40):
            self.clock.advance(timedelta(minutes=6))
            pull_due()
        return Channel.objects.get(pk=self.channel.pk)

    def test_what_is_published_is_filed_once(self) -> None:
        self.publish(250)
        self.pull_on()
        self.publish(5, start=250)
        channel = self.pull_on()
        assert Post.objects.count() == 255
        assert channel.last_post_at is not None
        assert channel.failures == 0

    def test_every_failure_is_said_and_survived(self) -> None:
        for failure in ("busy", "garbled", "refused", "half", "same_page", "repeated", "bug"):
            forget_platforms()
            pool.close()
            Channel.objects.filter(pk=self.channel.pk).update(cursor=None, failures=0)
            Post.objects.all()
            self.publish(150)
            self.platform.fail_next(failure, on="fetch")
            self.clock.advance(timedelta(minutes=6))
            pull_due()
            channel = Channel.objects.get(pk=self.channel.pk)
            if failure not in ("half", "repeated"):
                assert channel.failures == 1, failure
                assert channel.last_error, failure
            channel = self.pull_on()
            assert channel.failures == 0, failure
            assert channel.last_error == "", failure
            assert Post.objects.count() == 150, failure

    def test_the_same_page_for_ever_keeps_its_posts_and_says_so(self) -> None:
        self.publish(120)
        self.platform.fail_next("same_page", times=10_000, on="fetch")
        channel = self.pull_on()
        assert Post.objects.count() == 100
        assert "same page" in channel.last_error
        assert self.platform.calls["fetch"] < 100

    def test_half_an_answer_keeps_the_piece_aside(self) -> None:
        self.publish(10)
        self.platform.fail_next("half", on="fetch")
        self.pull_on()
        assert Post.objects.count() == 10
        assert "middle" in SetAside.objects.get().reason

    def test_busy_waits_longer_each_time_but_not_for_ever(self) -> None:
        self.platform.fail_next("busy", times=12, on="fetch")
        waits = []
        for _ in range(12):
            Channel.objects.update(next_pull_at=clock.now())
            pull_due()
            waits.append(
                (Channel.objects.get(pk=self.channel.pk).next_pull_at - clock.now()).total_seconds()
            )
        assert waits == sorted(waits)
        assert waits[-1] <= 300

    def test_signed_out_waits_for_a_person(self) -> None:
        self.platform.fail_next("signed_out", on="fetch")
        channel = self.pull_on()
        assert channel.state == ChannelState.SIGNED_OUT
        assert self.platform.calls["fetch"] == 1

    def test_a_channel_is_claimed_by_one_worker_until_its_claim_runs_out(self) -> None:
        assert len(claim_due()) == 1
        assert claim_due() == []
        self.clock.advance(timedelta(minutes=3))
        (again,) = claim_due()
        self.publish(3)
        pull(again)
        assert Post.objects.count() == 3

    def test_a_clock_that_was_ahead_and_is_set_back_stops_nothing(self) -> None:
        self.clock.advance(timedelta(days=3))
        pull_due()
        (claimed,) = Channel.objects.filter(pk=self.channel.pk)
        self.clock.advance(-timedelta(days=3))
        self.publish(2)
        pull_due()
        assert Post.objects.count() == 2
        assert claimed.failures == 0

    def test_a_broken_channel_delays_no_other(self) -> None:
        other = self.make_channel(self.agency, "Second square")
        platform_of(account_of(other)).publish(self.incoming(external_id="x"))
        self.platform.fail_next("bug", times=50, on="fetch")
        self.pull_on()
        assert Post.objects.filter(channel=other).count() == 1

    def test_our_own_reply_comes_back_as_the_agencys_post(self) -> None:
        from levelhead.channels.domain import OutgoingMessage

        self.publish(1)
        self.platform.accept(
            OutgoingMessage(
                marker="2222222222222", text="We open at 8.", parent_external_id="p0",
                created_at=clock.now(),
            ),
            self.channel.pk,
            "us",
        )  # fmt: skip
        self.pull_on()
        own = Post.objects.get(from_agency=True)
        assert own.parent is not None
        assert own.parent.external_id == "p0"


class WebhookTest(DeskTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.hook = cls.make_channel(
            cls.agency, "Hook", platform="webhook", sealed_secrets=seal({"signing_key": "k" * 32})
        )

    hook: Channel

    def call(self, told: Any, *, key: str = "k" * 32, time: int | None = None) -> bool:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        stamp = str(int(clock.now().timestamp()) if time is None else time)
        headers = {TIME_HEADER: stamp, SIGNATURE_HEADER: sign(key, time=stamp, body=body)}
        return keep_call(channel=self.hook, headers=headers, body=body)

    def test_the_same_call_ten_times_is_filed_once(self) -> None:
        kept = [self.call({"posts": [{"id": "w1", "text": "hello"}]}) for _ in range(10)]
        assert kept == [True] + [False] * 9
        file_inbound()
        file_inbound()
        assert Post.objects.filter(channel=self.hook).count() == 1

    def test_a_wrong_key_an_old_call_and_a_changed_body_are_refused(self) -> None:
        with pytest.raises(BadSignature):
            self.call({"id": "w1", "text": "x"}, key="z" * 32)
        with pytest.raises(BadSignature):
            self.call({"id": "w1", "text": "x"}, time=int(clock.now().timestamp()) - 4000)
        with pytest.raises(BadSignature):
            keep_call(channel=self.hook, headers={}, body=b"{}")
        assert not Inbound.objects.exists()

    def test_bad_calls_are_set_aside_and_good_ones_filed(self) -> None:
        self.call(b"\xff\xfe not json")
        self.call({"posts": [{"id": "ok", "text": "fine"}, {"text": "no id"}, 7, None]})
        self.call({"posts": "x"})
        self.call(b"[" * 100_000)
        assert file_inbound() == 4
        assert Post.objects.filter(channel=self.hook).count() == 1
        assert SetAside.objects.count() == 6
        assert Inbound.objects.filter(done_at__isnull=True).count() == 0

    def test_a_pulled_channel_takes_no_calls(self) -> None:
        with pytest.raises(NotFound):
            keep_call(
                channel=self.make_channel(self.agency, "F", platform="file"), headers={}, body=b""
            )


class SecretsTest(DeskTestCase):
    def test_keys_are_encrypted_at_rest(self) -> None:
        sealed = seal({"app_password": "hunter2hunter2"})
        assert "hunter2" not in sealed
        assert unseal(sealed) == {"app_password": "hunter2hunter2"}
