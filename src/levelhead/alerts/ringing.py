"""Making the calls: each target of an alert once, tried again only where it surely did not arrive.

A row is claimed by a conditional UPDATE. Where the outcome is unknown (the connection ended, or
the worker was killed) the call is not repeated: the next person is called at once instead.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from levelhead.alerts import service
from levelhead.alerts.domain import TRIES, AlertKind, AlertState, RingState
from levelhead.alerts.models import Alert, Ring, Target
from levelhead.channels.secrets import unseal
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError, LevelheadError, SendUnclear
from levelhead.kernel.ids import new_id
from levelhead.kernel.text import clean_text

log = structlog.get_logger(__name__)
# Longer than any service's own time-outs; then the caller was killed or is frozen.
CLAIM = timedelta(seconds=60)
SALT = "alert link"
EXCERPT = 140


def claim_rings(limit: int) -> list[Ring]:
    """Take calls that are due; each is given to one caller only."""
    now = clock.now()
    _give_up_interrupted()
    due = Ring.objects.filter(state=RingState.QUEUED.value, next_attempt_at__lte=now)
    claimed = []
    for ring in due.select_related("target", "alert__agency").order_by("next_attempt_at")[:limit]:
        token = new_id()
        mine = due.filter(pk=ring.pk).update(
            state=RingState.SENDING, claim=token, claimed_until=now + CLAIM,
            attempts=ring.attempts + 1,
        )  # fmt: skip
        if mine == 1:
            ring.claim, ring.attempts = token, ring.attempts + 1
            claimed.append(ring)
    return claimed


def _give_up_interrupted() -> None:
    """Calls that a killed worker left behind may have arrived."""
    cut_off = Ring.objects.filter(state=RingState.SENDING.value).filter(
        Q(claimed_until__lt=clock.now()) | Q(claimed_until__isnull=True)
    )
    for ring in cut_off.select_related("target", "alert")[:50]:
        _finish(ring, RingState.UNCLEAR, "The worker ended while the call was made.")


def make_call(ring: Ring) -> None:
    """Make a claimed call, or say why not."""
    title, body = write_message(ring.alert, ring.target)
    try:
        address = unseal(ring.target.sealed)["address"]
        service.call(address, title=title, body=body)
    except SendUnclear as error:
        _finish(ring, RingState.UNCLEAR, error.message)
    except ConfigurationError as error:
        _finish(ring, RingState.FAILED, error.message)
    except LevelheadError as error:
        if error.permanent or ring.attempts >= TRIES:
            _finish(ring, RingState.FAILED, error.message)
        else:
            _wait(ring, error.message)
    except Exception as error:
        log.exception("a call broke", ring=ring.pk)
        _finish(ring, RingState.UNCLEAR, f"The call broke unexpectedly ({type(error).__name__}).")
    else:
        _finish(ring, RingState.SENT)


def _wait(ring: Ring, why: str) -> None:
    seconds = 2**ring.attempts
    log.warning("a call could not be made yet", ring=ring.pk, why=why)
    Ring.objects.filter(pk=ring.pk, claim=ring.claim, state=RingState.SENDING.value).update(
        state=RingState.QUEUED, claimed_until=None, last_error=clean_text(why, 500),
        next_attempt_at=clock.now() + timedelta(seconds=seconds),
    )  # fmt: skip


def _finish(ring: Ring, state: RingState, why: str = "") -> None:
    now = clock.now()
    with transaction.atomic():
        mine = Ring.objects.filter(
            pk=ring.pk, claim=ring.claim, state=RingState.SENDING.value
        ).update(
            state=state, claimed_until=None, last_error=clean_text(why, 500),
            sent_at=now if state is RingState.SENT else None,
        )  # fmt: skip
        if mine != 1:
            return
        target = Target.objects.filter(pk=ring.target_id)
        if state is RingState.SENT:
            target.update(last_ok_at=now, last_error="")
            return
        target.update(last_error=clean_text(why, 500))
        log.error("a call was not made", ring=ring.pk, state=state.value, why=why)
        alert = Alert.objects.select_for_update().get(pk=ring.alert_id)
        reached = Ring.objects.filter(
            alert=alert,
            state__in=[RingState.SENT.value, RingState.QUEUED.value, RingState.SENDING.value],
        )
        if alert.state == AlertState.OPEN and not reached.exists():
            # Nobody of those called heard it for sure: the next one now.
            alert.next_step_at = now
            alert.save(update_fields=["next_step_at"])


def next_call_in() -> float:
    """Seconds until the next call is due."""
    soonest = (
        Ring.objects.filter(state=RingState.QUEUED.value)
        .order_by("next_attempt_at")
        .values_list("next_attempt_at", flat=True)
        .first()
    )
    return max(0.0, (soonest - clock.now()).total_seconds()) if soonest else 60.0


def link_token(alert: Alert, target: Target) -> str:
    """What lets whoever is called answer without signing in."""
    return signing.dumps({"alert": alert.pk, "target": target.pk}, salt=SALT)


def write_message(alert: Alert, target: Target) -> tuple[str, str]:
    """Title and body, in the language of whoever is called."""
    language = target.user.language if target.user else "en"
    with translation.override(language):
        count = alert.told.count()
        first = alert.cases.select_related("post", "channel").order_by("pk").first()
        what = {
            AlertKind.LIFE: ngettext(
                "%(n)d post: a life may be at stake", "%(n)d posts: lives may be at stake", count
            ),
            AlertKind.CLOCK_SOON: ngettext(
                "%(n)d answer is due soon", "%(n)d answers are due soon", count
            ),
            AlertKind.CLOCK_OUT: ngettext("%(n)d answer is late", "%(n)d answers are late", count),
            AlertKind.APPROVAL: ngettext(
                "%(n)d reply waits for approval", "%(n)d replies wait for approval", count
            ),
            AlertKind.DECLARED: _("Incident: %(headline)s"),
            AlertKind.WORD_SOON: _("The next word is due soon: %(headline)s"),
            AlertKind.WORD_OUT: _("No word in time: %(headline)s"),
        }[AlertKind(alert.kind)] % {"n": count, "headline": alert.headline}
        lines = []
        if first is not None:
            words = " ".join(clean_text(first.post.text, EXCERPT).split())
            lines.append(f"“{words}” ({first.channel.name})")
        if alert.word_due is not None:
            local = alert.word_due.astimezone(ZoneInfo(alert.agency.zone))
            lines.append(_("Promised for %(time)s.") % {"time": f"{local:%H:%M}"})
        base = settings.ENVIRONMENT.public_url.rstrip("/")
        if base:
            path = reverse("alert-link", args=[link_token(alert, target)])
            lines.append(_("Say that you see to it: %(link)s") % {"link": base + path})
        else:
            lines.append(_("Open the desk and say that you see to it."))
        lines.append(_("Alert %(number)s") % {"number": alert.pk})
        return f"{alert.agency.name}: {what}", "\n".join(lines)
