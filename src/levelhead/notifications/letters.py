"""The words of mails and calls about notifications, put together when one leaves."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from levelhead.accounts.models import Agency
from levelhead.kernel import clock
from levelhead.kernel.text import clean_text
from levelhead.notifications.domain import Way
from levelhead.notifications.models import Delivery, Notification
from levelhead.notifications.words import sentence_of

FIRST_LINE: Final = 140
# Things that one mail names; the rest is on the page.
NAMED: Final = 50


def compose_mail(delivery: Delivery, told: Sequence[Notification]) -> tuple[EmailMessage, str]:
    """The mail, and the address that a server gives it back to."""
    sender = settings.ENVIRONMENT.mail_from
    message = EmailMessage()
    with (
        translation.override(_language(delivery)),
        timezone.override(zoneinfo.ZoneInfo(delivery.agency.zone)),
    ):
        subject, body = _write(delivery, told)
    message["Subject"] = _one_line(subject)
    message.set_content(body)
    # The name is quoted by the library; the address is a setting.
    message["From"] = f'"{_one_line(delivery.agency.name).replace(chr(34), "")}" <{sender}>'
    message["To"] = delivery.user.email
    message["Date"] = format_datetime(clock.now())
    # The same at every attempt: a server that got it twice can tell.
    message["Message-ID"] = f"<notice.{delivery.pk}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    return message, sender


def compose_call(delivery: Delivery, told: Sequence[Notification]) -> tuple[str, str]:
    """Title and body of a call."""
    with translation.override(_language(delivery)):
        one = told[0]
        lines = [line for line in (_first_line(one), _link(one.address)) if line]
        return f"{delivery.agency.name}: {sentence_of(one)}", "\n".join(lines)


def _language(delivery: Delivery) -> str:
    language = delivery.user.language
    return language if language in dict(settings.LANGUAGES) else "en"


def _write(delivery: Delivery, told: Sequence[Notification]) -> tuple[str, str]:
    agency = delivery.agency
    several = delivery.way == Way.DIGEST or len(told) > 1
    if several:
        subject = ngettext(
            "%(n)d thing for you at %(agency)s", "%(n)d things for you at %(agency)s", len(told)
        ) % {"n": len(told), "agency": agency.name}
    else:
        subject = f"{sentence_of(told[0])} · {agency.name}"
    parts = [_paragraph(one, dated=several) for one in told[:NAMED]]
    if len(told) > NAMED:
        parts.append(_("and %(n)d more") % {"n": len(told) - NAMED})
    parts.append("-- \n" + _ending(agency))
    return subject, "\n\n".join(parts) + "\n"


def _paragraph(one: Notification, *, dated: bool) -> str:
    head = sentence_of(one) + "."
    if dated:
        head = f"{date_format(timezone.localtime(one.at), 'SHORT_DATETIME_FORMAT')}  {head}"
    return "\n".join(line for line in (head, _first_line(one), _link(one.address)) if line)


def _first_line(one: Notification) -> str:
    """The first line of the post: nothing else of a resident leaves."""
    if one.case is None or one.count > 1:
        return ""
    lines = clean_text(one.case.post.text, 10 * FIRST_LINE).strip().splitlines()
    line = _one_line(lines[0]) if lines else ""
    return f"“{line[:FIRST_LINE]}{'…' if len(line) > FIRST_LINE else ''}”" if line else ""


def _link(address: str) -> str:
    base = settings.ENVIRONMENT.public_url.rstrip("/")
    return base + address if base else _("Open the desk to see it.")


def _ending(agency: Agency) -> str:
    path = reverse("notification-preferences", args=[agency.slug])
    base = settings.ENVIRONMENT.public_url.rstrip("/")
    where = base + path if base else _("Your notifications, on the desk")
    return _("You chose to get this: %(where)s") % {"where": where}


def _one_line(text: str) -> str:
    return " ".join(text.split())
