"""The engine: the one process that reads the channels, files what comes and sends what leaves."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from levelhead.config.boot import start_django
from levelhead.config.environment import Environment, read_environment
from levelhead.kernel import clock
from levelhead.runtime import heartbeat
from levelhead.runtime.lifeline import Lifeline
from levelhead.runtime.places import hold_role

if TYPE_CHECKING:
    from levelhead.channels.models import OutboxItem
    from levelhead.runtime.loops import SideBySide

log = structlog.get_logger(__name__)

# Channels that are read at the same time: one that answers slowly delays none of the others.
PULLING_THREADS = 16
SENDING_THREADS = 12
# For what is said in an incident alone: however many platforms hang, as many again can be told.
URGENT_THREADS = 24
CALLING_THREADS = 4
MAILING_THREADS = 2
# Mails to people outside, many at once; a mail server takes so many side by side.
LETTER_THREADS = 4
# A mail is looked for at this pace; nobody waits for it at a screen.
MAIL_IDLE_SECONDS = 2.0
# How soon a channel or a message that a page has just added is noticed.
IDLE_SECONDS = 0.25
# How soon people hear of what the record says.
FOLLOW_SECONDS = 1.0
# Nobody waits at a screen for what came of an answer, or for a review date.
AFTERLIFE_SECONDS = 30.0
# How soon a scheduled reply is noticed whose time has come.
SCHEDULED_SECONDS = 0.5
# How soon an alert is noticed.
ALERT_SECONDS = 0.5
# How soon an approved reply leaves when its ten seconds are over.
APPROVAL_SECONDS = 1.0
# How soon a try that a page asked for is noticed.
TRY_SECONDS = 1.0
# Programs that are told at the same time: one that hangs delays few others.
TELLING_THREADS = 4
TELL_SECONDS = 1.0
# What is under way may end by itself for so long; the supervisor waits longer than this.
GRACE_SECONDS = 1.5
# The pages start at the same time and have a person waiting for them.
WARM_UP_AFTER_SECONDS = 2.0


def serve(lifeline: Lifeline, **_: object) -> None:
    """Work until the lifeline ends."""
    # Before numpy: threads of its own would spin on the cores that posts and pages wait for.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    environment = read_environment()
    start_django(migrate=False)
    if not lifeline.wait_for_go():
        return
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    lifeline.watch(stopping.set, grace_seconds=GRACE_SECONDS + 0.7)
    # Held until this process ends: while it is, nobody else's claims are alive on SQLite.
    held = hold_role(environment.data, "engine", wait_seconds=10.0)
    engine = Engine(environment)
    engine.start()
    lifeline.report("ready")
    engine.beat_until(stopping)
    engine.stop()
    held.give_up()
    # Threads that wait for a platform's answer are not waited for.
    os._exit(0)


class Engine:
    """The loops of one worker."""

    def __init__(self, environment: Environment) -> None:
        from levelhead.alerts import ringing
        from levelhead.alerts.models import Ring
        from levelhead.asked.noting import AskedNotes
        from levelhead.channels import pulling
        from levelhead.channels.models import Channel
        from levelhead.learning import trying
        from levelhead.learning.models import Proposal
        from levelhead.notifications import delivering as notifying
        from levelhead.notifications.models import Delivery
        from levelhead.publicpage.keeping import PublicPages, tell_hub
        from levelhead.research import mailbox, mailing
        from levelhead.research.models import MailOut
        from levelhead.runtime.housekeeping import Housekeeping
        from levelhead.runtime.loops import Loop, SideBySide
        from levelhead.subscribers import mailing as subscriber_mails
        from levelhead.subscribers.models import Letter
        from levelhead.topics.watching import TopicWatch
        from levelhead.webhooks import delivering
        from levelhead.webhooks.models import WebhookTarget

        self._environment = environment
        self._pulls: SideBySide[Channel] = SideBySide(
            "pulling",
            take=lambda limit: pulling.claim_due(limit),
            work=pulling.pull,
            next_in=pulling.next_pull_in,
            threads=PULLING_THREADS,
            idle_seconds=IDLE_SECONDS,
        )
        self._sends = self._senders("sending", urgent=False, threads=SENDING_THREADS)
        self._urgent_sends = self._senders("sending updates", urgent=True, threads=URGENT_THREADS)
        self._calls: SideBySide[Ring] = SideBySide(
            "calling",
            take=ringing.claim_rings,
            work=ringing.make_call,
            next_in=ringing.next_call_in,
            threads=CALLING_THREADS,
            idle_seconds=TRY_SECONDS,
        )
        # One at a time and behind the others: nobody waits for it as for a post.
        self._tries: SideBySide[Proposal] = SideBySide(
            "learning",
            take=trying.claim_tries,
            work=trying.work_on,
            next_in=lambda: TRY_SECONDS,
            threads=1,
            idle_seconds=TRY_SECONDS,
        )
        self._tells: SideBySide[WebhookTarget] = SideBySide(
            "telling",
            take=delivering.claim_due,
            work=delivering.deliver,
            next_in=lambda: TELL_SECONDS,
            threads=TELLING_THREADS,
            idle_seconds=TELL_SECONDS,
        )
        self._mails: SideBySide[MailOut] = SideBySide(
            "mailing",
            take=mailing.claim_next,
            work=mailing.deliver,
            next_in=mailing.next_delivery_in,
            threads=MAILING_THREADS,
            idle_seconds=MAIL_IDLE_SECONDS,
        )
        self._letters: SideBySide[Letter] = SideBySide(
            "letters",
            take=subscriber_mails.claim_next,
            work=subscriber_mails.deliver,
            next_in=subscriber_mails.next_delivery_in,
            threads=LETTER_THREADS,
            idle_seconds=FOLLOW_SECONDS,
        )
        self._notices: SideBySide[Delivery] = SideBySide(
            "notifying",
            take=notifying.claim_next,
            work=notifying.deliver,
            next_in=notifying.next_delivery_in,
            threads=MAILING_THREADS,
            idle_seconds=MAIL_IDLE_SECONDS,
        )
        self._loops = [
            self._pulls.loop,
            self._urgent_sends.loop,
            self._sends.loop,
            self._tries.loop,
            self._tells.loop,
            self._calls.loop,
            self._mails.loop,
            self._notices.loop,
            self._letters.loop,
            Loop("following", _follow_records),
            Loop("mailbox", mailbox.read_mailbox),
            Loop("intake", _file_calls),
            Loop("scheduled", _leave_scheduled),
            Loop("answers", _fit_answers),
            Loop("answers' afterlife", _look_after_answers),
            Loop("asked often", AskedNotes().run_round),
            Loop("let stand", _let_stand),
            Loop("topics", TopicWatch().run_round),
            Loop("approvals", _look_after_approvals),
            # Apart from the chores: nobody in danger waits for a database to be tidied.
            Loop("alerts", _look_after_alerts),
            Loop("public pages", PublicPages().run_round),
            Loop("hub", tell_hub),
            Loop("handing out", subscriber_mails.hand_out),
            Loop("housekeeping", Housekeeping(environment).run_round),
        ]

    def _senders(self, name: str, *, urgent: bool, threads: int) -> SideBySide[OutboxItem]:
        from levelhead.channels import outbox
        from levelhead.runtime.loops import SideBySide

        sends: SideBySide[OutboxItem] = SideBySide(
            name,
            take=lambda limit: outbox.claim_next(
                limit=limit, under_way=sends.under_way(), urgent=urgent
            ),
            work=outbox.deliver,
            next_in=lambda: outbox.next_delivery_in(under_way=sends.under_way(), urgent=urgent),
            threads=threads,
            idle_seconds=IDLE_SECONDS,
        )
        return sends

    def start(self) -> None:
        """Begin all loops."""
        free_claims_of_the_dead()
        for loop in self._loops:
            loop.start()
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()

    def beat_until(self, stopping: threading.Event) -> None:
        """Leave a sign of life every two seconds."""
        while True:
            loops = {loop.name: loop.last_round_at for loop in self._loops}
            try:
                heartbeat.write_heartbeat(self._environment.data, loops)
            except OSError as error:
                log.error("the sign of life cannot be written", why=str(error))
            if stopping.wait(heartbeat.EVERY_SECONDS):
                return

    def stop(self) -> None:
        """Begin nothing more, wait a moment for what is under way, and free what is not done."""
        until = time.monotonic() + GRACE_SECONDS
        self._pulls.stop()
        self._sends.stop()
        self._urgent_sends.stop()
        self._tries.stop()
        self._tells.stop()
        self._calls.stop()
        self._mails.stop()
        self._notices.stop()
        self._letters.stop()
        for loop in self._loops:
            loop.stop()
        for loop in self._loops:
            loop.join(until - time.monotonic())
        while (self._pulls.under_way() or self._being_sent()) and time.monotonic() < until:
            time.sleep(0.02)
        self._free_pulls()
        unsent = self._being_sent()
        if unsent:
            log.warning(
                "stopped while messages were being sent; they are looked up on their platforms "
                "before anything else when the worker runs again",
                markers=[item.marker for item in unsent],
            )
        heartbeat.forget_heartbeat(self._environment.data)

    def _being_sent(self) -> list[OutboxItem]:
        return [*self._urgent_sends.under_way(), *self._sends.under_way()]

    def _free_pulls(self) -> None:
        """A pull that is cut off gives again what it had not filed: another may take it now."""
        cut_off = [channel.pk for channel in self._pulls.under_way()]
        if not cut_off:
            return
        from django.db import DatabaseError, connection

        from levelhead.channels.models import Channel

        try:
            if connection.vendor == "sqlite":
                with connection.cursor() as cursor:
                    # Somebody else may be writing; the next start frees them as well.
                    cursor.execute("PRAGMA busy_timeout = 300")
            Channel.objects.filter(pk__in=cut_off).update(claimed_until=None)
        except DatabaseError as error:
            log.warning("pulls that were cut off stay claimed for two minutes", why=str(error))


def free_claims_of_the_dead() -> None:
    """Take over at once what a killed worker of this data folder had under way.

    With SQLite there is one worker, and it is us. With PostgreSQL there may be others at work:
    there the claims run out by themselves in two to three minutes.
    """
    from django.db import connection

    from levelhead.channels.models import Channel, OutboxItem, OutboxState
    from levelhead.channels.outbox import SETTLE
    from levelhead.notifications import delivering as notifying
    from levelhead.research import mailing
    from levelhead.subscribers import mailing as subscriber_mails
    from levelhead.topics.models import StreamCursor
    from levelhead.webhooks import delivering

    if connection.vendor != "sqlite":
        return
    Channel.objects.filter(claimed_until__isnull=False).update(claimed_until=None)
    delivering.free_claims()
    mailing.free_claims()
    notifying.free_claims()
    subscriber_mails.free_claims()
    StreamCursor.objects.filter(claimed_until__isnull=False).update(claimed_until=None)
    soon = clock.now() + SETTLE
    cut_off = OutboxItem.objects.filter(
        state__in=[OutboxState.SENDING, OutboxState.UNCLEAR],
        claimed_until__gt=soon + timedelta(milliseconds=1),
    ).update(claimed_until=soon)
    if cut_off:
        log.warning(
            "messages were being sent when the worker was killed; they are looked up",
            messages=cut_off,
        )


def _file_calls() -> float:
    from levelhead.channels.inbound import file_inbound

    return 0.0 if file_inbound() else 0.2


def _follow_records() -> float:
    from levelhead.notifications.following import follow_records

    return 0.0 if follow_records() else FOLLOW_SECONDS


def _leave_scheduled() -> float:
    from levelhead.replies.scheduled_leaving import leave_due

    return 0.0 if leave_due() else SCHEDULED_SECONDS


def _fit_answers() -> float:
    from levelhead.knowledge.fitting import fit_round

    return fit_round()


def _look_after_answers() -> float:
    from levelhead.knowledge.outcomes import look_after_uses
    from levelhead.knowledge.staleness import tell_stale

    more = look_after_uses()
    tell_stale()
    return 0.0 if more else AFTERLIFE_SECONDS


def _let_stand() -> float:
    from levelhead.today.actions import work_on_batches

    return 0.0 if work_on_batches() else 0.5


def _look_after_approvals() -> float:
    from levelhead.approvals.finishing import ask_next, send_approved

    sent = send_approved()
    ask_next()
    return 0.0 if sent else APPROVAL_SECONDS


def _look_after_alerts() -> float:
    from levelhead.alerts.calling import move_alerts_on
    from levelhead.alerts.watching import watch_clocks
    from levelhead.silence.watching import watch_silence

    watch_clocks()
    watch_silence()
    called = move_alerts_on()
    if called:
        log.warning("people are called", alerts=called)
    return ALERT_SECONDS


def _warm_up() -> None:
    """Load the models before the first post comes, without making anybody wait."""
    time.sleep(WARM_UP_AFTER_SECONDS)
    started = time.monotonic()
    from levelhead.analysis.assess import load
    from levelhead.analysis.domain import PostText
    from levelhead.inbox.copies import copy_memory
    from levelhead.kernel.errors import ConfigurationError

    posts = [PostText(text="Good morning.")]
    try:
        load().assess(posts, reread=1.0)
    except ConfigurationError as error:
        log.warning("the encoder cannot be used; posts keep their first score", error=error.message)
        load().assess(posts)
    copy_memory.warm()
    # What is here now stays: collecting garbage need not look at it again and again.
    gc.freeze()
    log.info("models are loaded", seconds=round(time.monotonic() - started, 2))
