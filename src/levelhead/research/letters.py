"""The words of the mails to a colleague, put together when one is sent."""

from __future__ import annotations

import zoneinfo
from email.message import EmailMessage
from email.utils import format_datetime

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from levelhead.kernel import clock
from levelhead.research.domain import MailKind
from levelhead.research.links import mail_token, mailed_link, reply_address
from levelhead.research.models import MailOut

QUOTE_LIMIT = 2_000


def compose(mail: MailOut) -> tuple[EmailMessage, str]:
    """The mail, and the address that a server gives it back to."""
    request = mail.request
    sender = settings.ENVIRONMENT.mail_from
    answers_read = bool(settings.ENVIRONMENT.imap_url)
    back = reply_address(request.pk, mail.link_number, sender) if answers_read else sender
    language = request.language if request.language in dict(settings.LANGUAGES) else "en"
    message = EmailMessage()
    with (
        translation.override(language),
        timezone.override(zoneinfo.ZoneInfo(request.agency.zone)),
    ):
        message["Subject"] = _one_line(_subject(mail))
        message.set_content(_body(mail, answers_read=answers_read))
    # The name is quoted by the library; the address was checked when it was taken.
    message["From"] = f'"{_one_line(request.agency.name).replace(chr(34), "")}" <{sender}>'
    message["To"] = mail.to_email
    if answers_read:
        message["Reply-To"] = back
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = message_id(mail)
    # So that no program on the other side answers a program.
    message["Auto-Submitted"] = "auto-generated"
    return message, back


def message_id(mail: MailOut) -> str:
    """The same at every attempt; an answer names it, and the token in it is signed."""
    domain = settings.ENVIRONMENT.mail_from.rpartition("@")[2]
    return f"<{mail_token(mail.request_id, mail.link_number)}.{mail.pk}@{domain}>"


def _subject(mail: MailOut) -> str:
    agency = mail.request.agency.name
    given = {"agency": agency, "day": _day(mail)}
    return {
        MailKind.ASK: _("A question from %(agency)s, answer by %(day)s"),
        MailKind.ASK_AGAIN: _("One more question from %(agency)s, answer by %(day)s"),
        MailKind.REMINDER: _("Reminder: a question from %(agency)s, answer by %(day)s"),
        MailKind.OVERDUE: _("Overdue since %(day)s: a question from %(agency)s"),
    }[MailKind(mail.kind)] % given


def _day(mail: MailOut) -> str:
    return date_format(timezone.localtime(mail.request.due_at), "MONTH_DAY_FORMAT")


def _body(mail: MailOut, *, answers_read: bool) -> str:
    request = mail.request
    parts = []
    if answers_read:
        parts.append("## " + _("To answer by mail, write above this line") + " ##")
    hello = {
        MailKind.ASK: _("%(person)s of %(agency)s asks you:"),
        MailKind.ASK_AGAIN: _("Thank you for your answer. %(person)s of %(agency)s asks back:"),
        MailKind.REMINDER: _("%(person)s of %(agency)s still waits for your answer to this:"),
        MailKind.OVERDUE: _("The answer to this was due. %(person)s of %(agency)s asks you:"),
    }[MailKind(mail.kind)]
    parts.append(hello % {"person": request.asked_by.name, "agency": request.agency.name})
    if mail.note:
        parts.append(mail.note)
    parts.append(request.question)
    due = date_format(timezone.localtime(request.due_at), "DATETIME_FORMAT")
    parts.append(_("Please answer by %(due)s.") % {"due": due})
    parts.append(
        _("Answer here, without an account; attach files if they help, or say who knows:")
        + "\n"
        + mailed_link(request)
    )
    if answers_read:
        parts.append(_("Or simply answer this mail."))
    else:
        parts.append(_("Please use the link. Answers to this mail are not read."))
    parts.append(
        _("The link is for you alone and ends on %(day)s. What you write becomes public only "
          "when somebody at the desk releases it.")
        % {"day": date_format(timezone.localtime(request.link_expires_at), "DATE_FORMAT")}
    )  # fmt: skip
    post = request.case.post
    if post.text:
        quoted = "\n".join(f"| {line}" for line in post.text[:QUOTE_LIMIT].splitlines())
        parts.append(_("The public post that it is about:") + "\n" + quoted)
    return "\n\n".join(parts) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
