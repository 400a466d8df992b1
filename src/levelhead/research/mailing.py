"""The way out of mails: claimed by one worker, sent once, and loud where that is not certain.

A mail server cannot be asked whether it has a mail. So a row says `sending` from just before the
words are handed over; where nobody knows how that ended it becomes `unclear`, and a person decides.
Before that moment nothing can have left, and trying again is safe.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.ids import new_id
from levelhead.kernel.text import clean_text
from levelhead.research.domain import MailState, RequestState
from levelhead.research.letters import compose
from levelhead.research.models import MailOut, ResearchRequest
from levelhead.research.recording import actor_of, lock_request, mail_is_set_up, record, save
from levelhead.research.smtp import MailBusyError, MailRefusedError, MailUnclearError, hand_over

log = structlog.get_logger(__name__)

# Longer than all time-outs of one hand-over together.
CLAIM: Final = timedelta(minutes=3)
LATEST: Final = timedelta(hours=1)
LONGEST_WAIT_SECONDS: Final = 600.0
GIVE_UP_AFTER: Final = timedelta(hours=48)
ROUND: Final = 50


def _due(now: datetime) -> Q:
    # Times further ahead than we ever write are from a clock that has been set back since.
    # Well further: a worker that waited for the database looks with an older clock than whoever
    # claimed a moment ago.
    free = (
        Q(claimed_until__isnull=True)
        | Q(claimed_until__lt=now)
        | Q(claimed_until__gt=now + CLAIM + LATEST)
    )
    turn = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + LATEST)
    return Q(state=MailState.QUEUED) & free & turn


def claim_next(limit: int) -> list[MailOut]:
    """Take mails that are due; each is given to one caller only."""
    if not mail_is_set_up():
        return []
    note_interrupted()
    now = clock.now()
    claimed: list[MailOut] = []
    waiting = MailOut.objects.filter(_due(now)).order_by("next_attempt_at", "id")
    for mail in waiting[:limit]:
        token = new_id()
        mine = MailOut.objects.filter(_due(now), pk=mail.pk, claim=mail.claim).update(
            claim=token, claimed_until=now + CLAIM, attempts=mail.attempts + 1
        )
        if mine == 1:
            mail.claim, mail.attempts = token, mail.attempts + 1
            claimed.append(mail)
    return claimed


def note_interrupted() -> int:
    """A worker was killed while a server had the words: say that nobody knows."""
    now = clock.now()
    cut_off = MailOut.objects.filter(state=MailState.SENDING, claimed_until__lt=now)
    count = 0
    for mail in list(cut_off.order_by("pk")[:ROUND]):
        error = MailUnclearError("Levelhead was stopped while the mail was handed over.")
        count += _finish(mail, MailState.UNCLEAR, error=error.message)
    return count


def deliver(mail: MailOut) -> None:
    """Bring a claimed mail to its server, or say why not."""
    fresh = MailOut.objects.select_related(
        "request__agency", "request__asked_by", "request__case__post"
    ).get(pk=mail.pk)
    fresh.claim, fresh.attempts = mail.claim, mail.attempts
    try:
        message, back = compose(fresh)
        left = hand_over(message, back=back, before_words=lambda: _begin(fresh))
    except MailUnclearError as error:
        _finish(fresh, MailState.UNCLEAR, error=error.message)
    except MailRefusedError as error:
        _finish(fresh, MailState.FAILED, error=error.message)
    except MailBusyError as error:
        _wait(fresh, error.message)
    except Exception as error:
        log.exception("a mail could not be sent", mail=mail.pk)
        _wait(fresh, f"Sending broke unexpectedly ({type(error).__name__}).")
    else:
        if left:
            _finish(fresh, MailState.SENT)


def _begin(mail: MailOut) -> bool:
    """From here on it may have left: say so before the words go, if it is still wanted."""
    with transaction.atomic():
        asked = (
            ResearchRequest.objects.select_for_update(of=("self",))
            .filter(pk=mail.request_id)
            .values_list("state", "link_number", "link_revoked_at")
            .get()
        )
        mine = MailOut.objects.filter(pk=mail.pk, claim=mail.claim, state=MailState.QUEUED)
        if asked != (RequestState.WAITING, mail.link_number, None):
            mine.update(state=MailState.WITHDRAWN, claimed_until=None)
            return False
        return mine.update(state=MailState.SENDING) == 1


def _wait(mail: MailOut, error: str) -> None:
    if clock.now() - mail.created_at > GIVE_UP_AFTER:
        _finish(mail, MailState.FAILED, error=error)
        return
    seconds = min(2.0 ** min(mail.attempts, 10), LONGEST_WAIT_SECONDS)
    log.warning("a mail was not sent yet", mail=mail.pk, why=error)
    with transaction.atomic():
        mine = MailOut.objects.filter(pk=mail.pk, claim=mail.claim).update(
            # The server said no before it took anything: it is certain that nothing left.
            state=MailState.QUEUED,
            claimed_until=None,
            next_attempt_at=clock.now() + timedelta(seconds=seconds),
            last_error=clean_text(error, 2_000),
        )
        if mine == 1 and mail.attempts == 1:
            _tell(mail, "mail:message:waits", error)


def _finish(mail: MailOut, state: MailState, *, error: str = "") -> int:
    now = clock.now()
    with transaction.atomic():
        mine = MailOut.objects.filter(pk=mail.pk, claim=mail.claim).update(
            state=state,
            claimed_until=None,
            last_error=clean_text(error, 2_000),
            sent_at=now if state == MailState.SENT else None,
        )
        if mine == 1:
            _tell(mail, f"mail:message:{state.value}", error)
    return mine


def _tell(mail: MailOut, action: str, error: str) -> None:
    request = ResearchRequest.objects.select_related("case").get(pk=mail.request_id)
    record(
        request,
        action,
        actor="system",
        payload={
            "mail": mail.pk, "kind": mail.kind, "to": mail.to_email, "attempts": mail.attempts,
            "error": error,
        },
    )  # fmt: skip


def send_again(*, mail: MailOut, by: User) -> None:
    """Have a mail that failed, or of which nobody knows, sent again by a person's wish."""
    with transaction.atomic():
        request = lock_request(mail.request, by=by, ability=Ability.WORK, expected_version=None)
        done = MailOut.objects.filter(
            pk=mail.pk, state__in=[MailState.FAILED, MailState.UNCLEAR],
            request__state=RequestState.WAITING, link_number=request.link_number,
        ).update(
            state=MailState.QUEUED, next_attempt_at=clock.now(), created_at=clock.now(),
            claimed_until=None, last_error="",
        )  # fmt: skip
        if done != 1:
            raise Invalid(_("This mail is not one that can be sent again."))
        save(
            request,
            "person:research:mail_retried",
            actor=actor_of(by),
            payload={"mail": mail.pk},
        )


def next_delivery_in() -> float:
    """Seconds until the next mail is due."""
    soonest = (
        MailOut.objects.filter(state=MailState.QUEUED, claimed_until__isnull=True)
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
    MailOut.objects.filter(
        state__in=[MailState.QUEUED, MailState.SENDING], claimed_until__gt=soon
    ).update(claimed_until=soon)


def deliver_due(limit: int = 20) -> int:
    """Deliver what is due, one after the other; gives how many were tried."""
    claimed = claim_next(limit)
    for mail in claimed:
        deliver(mail)
    return len(claimed)
