"""The way out of letters: claimed by one worker, sent once, and honest where that is not certain.

A mail server cannot be asked whether it has a mail. So a row says `sending` from just before the
words are handed over; where nobody knows how that ended it becomes `unclear` and stays so: what may
have arrived is not sent a second time, and the public page has it anyhow.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from levelhead.kernel import clock
from levelhead.kernel.ids import new_id
from levelhead.kernel.text import clean_text
from levelhead.research.recording import mail_is_set_up
from levelhead.research.smtp import MailBusyError, MailRefusedError, MailUnclearError, hand_over
from levelhead.subscribers.actions import forget_old, make_letters
from levelhead.subscribers.domain import LetterKind, LetterState
from levelhead.subscribers.letters import compose
from levelhead.subscribers.models import Letter, Subscriber

log = structlog.get_logger(__name__)

# Longer than all time-outs of one hand-over together.
CLAIM: Final = timedelta(minutes=3)
LATEST: Final = timedelta(hours=1)
LONGEST_WAIT_SECONDS: Final = 600.0
# An update that is older is no news: the newer ones and the page say how it stands.
GIVE_UP_AFTER: Final = timedelta(hours=24)
IDLE_SECONDS: Final = 1.0
ROUND: Final = 50


def _due(now: datetime) -> Q:
    free = (
        Q(claimed_until__isnull=True)
        | Q(claimed_until__lt=now)
        | Q(claimed_until__gt=now + CLAIM + LATEST)
    )
    turn = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + LATEST)
    return Q(state=LetterState.QUEUED) & free & turn


def claim_next(limit: int) -> list[Letter]:
    """Take letters that are due; each is given to one caller only."""
    if not mail_is_set_up():
        return []
    note_interrupted()
    now = clock.now()
    claimed: list[Letter] = []
    for letter in Letter.objects.filter(_due(now)).order_by("next_attempt_at", "id")[:limit]:
        token = new_id()
        mine = Letter.objects.filter(_due(now), pk=letter.pk, claim=letter.claim).update(
            claim=token, claimed_until=now + CLAIM, attempts=letter.attempts + 1
        )
        if mine == 1:
            letter.claim, letter.attempts = token, letter.attempts + 1
            claimed.append(letter)
    return claimed


def note_interrupted() -> int:
    """A worker was killed while a server had the words: nobody knows, and it is not sent again."""
    cut_off = Letter.objects.filter(state=LetterState.SENDING, claimed_until__lt=clock.now())
    return sum(
        _finish(letter, LetterState.UNCLEAR, "Levelhead was stopped while it was handed over.")
        for letter in list(cut_off.order_by("pk")[:ROUND])
    )


def deliver(letter: Letter) -> None:
    """Bring a claimed letter to the mail server, or say why not."""
    fresh = (
        Letter.objects.select_related(
            "incident__agency", "subscriber", "update_of__corrects", "update_of"
        )
        .prefetch_related("update_of__texts")
        .get(pk=letter.pk)
    )
    fresh.claim, fresh.attempts = letter.claim, letter.attempts
    if not _wanted(fresh):
        _finish(fresh, LetterState.WITHDRAWN)
        return
    try:
        message = compose(fresh)
        left = hand_over(
            message, back=settings.ENVIRONMENT.mail_from, before_words=lambda: _begin(fresh)
        )
    except MailUnclearError as error:
        _finish(fresh, LetterState.UNCLEAR, error.message)
    except MailRefusedError as error:
        _finish(fresh, LetterState.FAILED, error.message)
    except MailBusyError as error:
        _wait(fresh, error.message)
    except Exception as error:
        log.exception("a letter could not be sent", letter=letter.pk)
        _wait(fresh, f"Sending broke unexpectedly ({type(error).__name__}).")
    else:
        if left:
            _finish(fresh, LetterState.SENT)


def _wanted(letter: Letter) -> bool:
    if letter.kind == LetterKind.LINK:
        return bool(letter.to_email)
    return letter.subscriber is not None and letter.subscriber.ended_at is None


def _begin(letter: Letter) -> bool:
    """From here on it may have left: say so before the words go, if it is still wanted."""
    with transaction.atomic():
        mine = Letter.objects.filter(pk=letter.pk, claim=letter.claim, state=LetterState.QUEUED)
        if letter.subscriber_id is not None:
            still = Subscriber.objects.select_for_update().get(pk=letter.subscriber_id)
            if still.ended_at is not None:
                mine.update(state=LetterState.WITHDRAWN, claimed_until=None)
                return False
        return mine.update(state=LetterState.SENDING) == 1


def _wait(letter: Letter, error: str) -> None:
    if clock.now() - letter.created_at > GIVE_UP_AFTER:
        _finish(letter, LetterState.FAILED, error)
        return
    seconds = min(2.0 ** min(letter.attempts, 10), LONGEST_WAIT_SECONDS)
    log.warning("a letter was not sent yet", letter=letter.pk, why=error)
    Letter.objects.filter(pk=letter.pk, claim=letter.claim).update(
        # The server said no before it took anything: it is certain that nothing left.
        state=LetterState.QUEUED,
        claimed_until=None,
        next_attempt_at=clock.now() + timedelta(seconds=seconds),
        last_error=clean_text(error, 500),
    )


def _finish(letter: Letter, state: LetterState, error: str = "") -> int:
    if state in (LetterState.FAILED, LetterState.UNCLEAR):
        log.warning("a letter did not surely arrive", letter=letter.pk, state=state, why=error)
    changes: dict[str, object] = {
        "state": state, "claimed_until": None, "last_error": clean_text(error, 500),
        "sent_at": clock.now() if state is LetterState.SENT else None,
        # Whose subscription it is not yet, is nobody we keep.
        "to_email": "",
    }  # fmt: skip
    return Letter.objects.filter(pk=letter.pk, claim=letter.claim).update(**changes)


def next_delivery_in() -> float:
    """Seconds until the next letter is due."""
    soonest = (
        Letter.objects.filter(state=LetterState.QUEUED, claimed_until__isnull=True)
        .order_by("next_attempt_at")
        .values_list("next_attempt_at", flat=True)
        .first()
    )
    if soonest is None or not mail_is_set_up():
        return LONGEST_WAIT_SECONDS
    return max(0.0, (soonest - clock.now()).total_seconds())


def free_claims() -> None:
    """Take over at once what a killed worker of this data folder had under way."""
    soon = clock.now()
    Letter.objects.filter(
        state__in=[LetterState.QUEUED, LetterState.SENDING], claimed_until__gt=soon
    ).update(claimed_until=soon)


def deliver_due(limit: int = 20) -> int:
    """Deliver what is due, one after the other; gives how many were tried."""
    claimed = claim_next(limit)
    for letter in claimed:
        deliver(letter)
    return len(claimed)


def hand_out() -> float:
    """A round of the worker: letters of what was sent, and addresses that are not needed."""
    if make_letters():
        return 0.0
    forget_old()
    return IDLE_SECONDS
