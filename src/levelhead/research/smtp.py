"""Handing a mail to the server: surely not sent, surely sent, or unclear; never guessed."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Final

from django.conf import settings

from levelhead.config.mail import SMTP, MailServer, read_server
from levelhead.kernel.errors import LevelheadError

TIMEOUT_SECONDS: Final = 20.0
_FOR_GOOD: Final = 500


class MailBusyError(LevelheadError):
    """The mail did not leave; it may later."""

    code = "mail_busy"
    permanent = False


class MailRefusedError(LevelheadError):
    """The server will not take this mail, now or later."""

    code = "mail_refused"


class MailUnclearError(LevelheadError):
    """The connection ended while the server had the words: it may have taken the mail."""

    code = "mail_unclear"
    permanent = False


def hand_over(message: EmailMessage, *, back: str, before_words: Callable[[], bool]) -> bool:
    """Give the mail to the installation's server.

    `before_words` is called when everything but the words was agreed; where it says no, nothing
    leaves and this gives False. Raises MailBusyError, MailRefusedError, MailUnclearError.
    """
    server = read_server("LEVELHEAD_MAIL_URL", settings.ENVIRONMENT.mail_url, SMTP)
    # A message may ask that long addresses in its headers stay whole.
    words = message.as_bytes(
        policy=SMTP_POLICY.clone(max_line_length=message.policy.max_line_length)
    )
    try:
        link = _connect(server)
    except smtplib.SMTPAuthenticationError as error:
        raise MailBusyError(
            f"The mail server does not take the account of LEVELHEAD_MAIL_URL ({_said(error)})."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailBusyError(f"The mail server could not be reached ({_said(error)}).") from error
    try:
        try:
            _agreed(link.mail(back), "the sender")
            _agreed(link.rcpt(message["To"]), "the recipient")
        except (OSError, smtplib.SMTPException) as error:
            raise MailBusyError(f"The mail server hung up ({_said(error)}).") from error
        if not before_words():
            return False
        try:
            code, said = link.data(words)
        except smtplib.SMTPDataError as error:
            code, said = error.smtp_code, _bytes(error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnclearError(
                "The connection ended while the mail was handed over. It may have left."
            ) from error
        _agreed((code, said), "the mail")
    finally:
        _close(link)
    return True


def _connect(server: MailServer) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    if server.tls:
        link: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_SECONDS, context=trusted
        )
    else:
        link = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        link.ehlo_or_helo_if_needed()
        if not server.tls and link.has_extn("starttls"):
            link.starttls(context=trusted)
            link.ehlo()
        elif not server.tls and not server.local:
            raise smtplib.SMTPException("it does not encrypt; nothing is sent in the clear")
        if server.user:
            link.login(server.user, server.password)
    except BaseException:
        _close(link)
        raise
    return link


def _agreed(answer: tuple[int, bytes], what: str) -> None:
    code, said = answer
    if 200 <= code < 300:
        return
    words = said.decode("utf-8", "replace")[:300]
    if code >= _FOR_GOOD:
        raise MailRefusedError(f"The mail server refused {what} ({code} {words}).")
    raise MailBusyError(f"The mail server does not take {what} now ({code} {words}).")


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _close(link: smtplib.SMTP) -> None:
    try:
        link.quit()
    except (OSError, smtplib.SMTPException):
        link.close()


def try_server() -> None:
    """Connect and sign in, and send nothing. Raises MailBusyError."""
    server = read_server("LEVELHEAD_MAIL_URL", settings.ENVIRONMENT.mail_url, SMTP)
    try:
        _close(_connect(server))
    except (OSError, smtplib.SMTPException) as error:
        raise MailBusyError(f"The mail server cannot be used ({_said(error)}).") from error
