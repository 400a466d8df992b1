"""Reading the mailbox: every mail once, by its number, whatever others do with its flags."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

import structlog
from django.conf import settings
from django.db import OperationalError, transaction

from levelhead.config.mail import IMAP, MailServer, read_server
from levelhead.kernel import clock
from levelhead.kernel.text import clean_text
from levelhead.research.arriving import take_mail
from levelhead.research.models import MailboxPlace

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS: Final = 20.0
EVERY_SECONDS: Final = 15.0
UNUSED_SECONDS: Final = 30.0
# More of a mail than this is not fetched; five attachments of 10 MB do not come by mail.
MAIL_BYTES: Final = 30_000_000
ROUND: Final = 50
_NUMBER: Final = re.compile(rb"\d{1,10}")


class MailboxError(Exception):
    """The mailbox could not be read; nothing of it was lost."""


def read_mailbox() -> float:
    """Take what is new; gives the seconds until looking again is worth while."""
    if not settings.ENVIRONMENT.imap_url:
        return UNUSED_SECONDS
    server = read_server("LEVELHEAD_IMAP_URL", settings.ENVIRONMENT.imap_url, IMAP)
    place = place_of(server)
    try:
        with _opened(server) as (link, validity):
            more = _take_new(link, place, validity)
    except (imaplib.IMAP4.error, OSError, MailboxError) as error:
        said = clean_text(" ".join(str(error).split()) or type(error).__name__, 300)
        log.warning("the mailbox cannot be read", why=said)
        MailboxPlace.objects.filter(pk=place.pk).update(last_error=said)
        MailboxPlace.objects.filter(pk=place.pk, failing_since__isnull=True).update(
            failing_since=clock.now()
        )
        return EVERY_SECONDS * 2
    MailboxPlace.objects.filter(pk=place.pk).update(
        checked_at=clock.now(), last_error="", failing_since=None
    )
    return 0.0 if more else EVERY_SECONDS


def place_of(server: MailServer) -> MailboxPlace:
    """How far this mailbox was read."""
    key = sha256(f"{server.host}\0{server.port}\0{server.user}\0{server.folder}".encode())
    return MailboxPlace.objects.get_or_create(mailbox=key.hexdigest())[0]


@contextmanager
def _opened(server: MailServer) -> Iterator[tuple[imaplib.IMAP4, int]]:
    """The folder, open for reading only, and the number that its numbers hold for."""
    trusted = ssl.create_default_context()
    if server.tls:
        link: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            server.host, server.port, ssl_context=trusted, timeout=TIMEOUT_SECONDS
        )
    else:
        link = imaplib.IMAP4(server.host, server.port, timeout=TIMEOUT_SECONDS)
    try:
        if not server.tls and "STARTTLS" in link.capabilities:
            link.starttls(ssl_context=trusted)
        elif not server.tls and not server.local:
            raise MailboxError("it does not encrypt; nobody signs in there in the clear")
        link.login(server.user, server.password)
        state, _answer = link.select(_quoted(server.folder), readonly=True)
        if state != "OK":
            raise MailboxError(f"there is no folder {server.folder}")
        validity = _NUMBER.search(link.response("UIDVALIDITY")[1][0] or b"")
        if validity is None:
            raise MailboxError("it does not number its mails for good")
        yield link, int(validity[0])
    finally:
        try:
            link.logout()
        except (imaplib.IMAP4.error, OSError):
            link.shutdown()


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _take_new(link: imaplib.IMAP4, place: MailboxPlace, validity: int) -> bool:
    """Each mail behind the place, in order; gives whether there are more than a round takes."""
    last = place.last_uid if place.uid_validity == validity else 0
    state, answer = link.uid("SEARCH", f"UID {last + 1}:*")
    if state != "OK":
        raise MailboxError("it does not say what is new")
    # "n:*" names the last mail too where there is none behind it.
    numbers = sorted(n for n in map(int, (answer[0] or b"").split()) if n > last)
    for number in numbers[:ROUND]:
        raw = _fetch(link, number)
        matched = True
        with transaction.atomic():
            locked = MailboxPlace.objects.select_for_update().get(pk=place.pk)
            if locked.uid_validity == validity and locked.last_uid >= number:
                # Another worker has taken it.
                continue
            if raw is not None:
                matched = _take(raw, number)
            locked.uid_validity, locked.last_uid = validity, number
            if not matched:
                locked.unmatched += 1
                locked.unmatched_at = clock.now()
            locked.save()
    return len(numbers) > ROUND


def _take(raw: bytes, number: int) -> bool:
    """One mail; one that breaks us stays in the mailbox and stops none behind it."""
    try:
        with transaction.atomic():
            matched = take_mail(raw[:MAIL_BYTES], cut=len(raw) > MAIL_BYTES)
    except (OSError, OperationalError):
        # A full disk or a busy database, not the mail: it is tried again.
        raise
    except Exception:
        log.exception("a mail could not be read; it stays in the mailbox", uid=number)
        return False
    if not matched:
        log.warning("a mail belongs to no question; it stays in the mailbox", uid=number)
    return matched


def _fetch(link: imaplib.IMAP4, number: int) -> bytes | None:
    """The bytes of a mail, unseen; None where it was deleted meanwhile."""
    state, answer = link.uid("FETCH", str(number), f"(BODY.PEEK[]<0.{MAIL_BYTES + 1}>)")
    if state != "OK":
        raise MailboxError("a mail could not be fetched")
    for part in answer:
        if isinstance(part, tuple):
            return bytes(part[1])
    return None


def try_mailbox() -> None:
    """Sign in and open the folder, and read nothing. Raises MailboxError."""
    server = read_server("LEVELHEAD_IMAP_URL", settings.ENVIRONMENT.imap_url, IMAP)
    try:
        with _opened(server):
            pass
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxError(" ".join(str(error).split())[:200]) from error
