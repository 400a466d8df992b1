"""The words of the mails to subscribers, put together when one is sent."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from levelhead.kernel import clock
from levelhead.publicpage.domain import plain
from levelhead.publicpage.words import audience_words
from levelhead.subscribers.links import address_of, confirm_token, end_token
from levelhead.subscribers.models import Letter
from levelhead.updates.domain import UpdateKind, Words
from levelhead.updates.framing import frame_for
from levelhead.updates.models import Update


def compose(letter: Letter) -> EmailMessage:
    """The mail of a letter whose incident, agency, subscriber and update were fetched."""
    incident = letter.incident
    sender = settings.ENVIRONMENT.mail_from
    # Long addresses in headers stay whole: folded they are no addresses any more.
    message = EmailMessage(policy=SMTP.clone(max_line_length=998))
    zone = ZoneInfo(incident.agency.zone)
    with translation.override(letter.lang), timezone.override(zone):
        if letter.subscriber is None or letter.update_of is None:
            subject, body = _link(letter)
            message["To"] = letter.to_email
        else:
            subject, body = _update(letter, letter.update_of)
            message["To"] = letter.subscriber.email
            end = address_of(incident, "unsubscribe", end_token(letter.subscriber.pk))
            # RFC 8058: the mail program's own button ends it with one click.
            message["List-Unsubscribe"] = f"<{end}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            body += "\n-- \n" + _("No more of these mails:") + f"\n{end}\n"
        message["Subject"] = _one_line(subject)
        message.set_content(body)
    name = _one_line(plain(incident.agency.name)).replace('"', "").replace("\\", "")
    message["From"] = f'"{name}" <{sender}>'
    message["Date"] = format_datetime(clock.now())
    # The same at every attempt: a program that gets it twice knows.
    message["Message-ID"] = f"<levelhead-letter-{letter.pk}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def _link(letter: Letter) -> tuple[str, str]:
    given = {"title": plain(letter.incident.title), "agency": plain(letter.incident.agency.name)}
    token = confirm_token(letter.incident, letter.to_email, letter.lang)
    parts = [
        _("Somebody, we think you, asked for the updates of %(agency)s on this by mail:") % given,
        given["title"],
        _("To get them, open this link and press the button:"),
        address_of(letter.incident, "subscribe", token),
        _("If it was not you, do nothing. Without the link no mail follows, and the address is not kept."),  # noqa: E501
    ]  # fmt: skip
    return _("Updates on “%(title)s”: please confirm") % given, "\n\n".join(parts) + "\n"


def _update(letter: Letter, update: Update) -> tuple[str, str]:
    texts = {text.lang: text for text in update.texts.all()}
    words = (texts.get(letter.lang) or next(t for t in texts.values() if t.main)).words
    frame = frame_for(
        letter.incident, number=update.number, kind=UpdateKind(update.kind), at=update.at,
        next_word_at=update.next_word_at, lang=letter.lang,
    )  # fmt: skip
    parts = [frame.head, words.lead, *_sections(words), frame.next_word]
    if update.corrects is not None:
        parts.insert(1, _("Corrects update %(n)d") % {"n": update.corrects.number})
    parts += [
        _("Picture: %(shows)s") % {"shows": one.alt(letter.lang)} for one in update.pictures.all()
    ]
    parts.append(f"{frame.link_label} {frame.link}")
    body = "\n\n".join(plain(part) for part in parts if part) + "\n"
    return f"{frame.head}: {plain(letter.incident.title)}", body


def _sections(words: Words) -> list[str]:
    actions = [f"{audience_words(who)}: {text}" for who, text in words.actions]
    found = []
    for label, lines in (
        (_("Do this"), actions), (_("What we know"), words.known),
        (_("What we do not know yet"), words.unknown), (_("What we are doing"), words.doing),
    ):  # fmt: skip
        if lines:
            found.append("\n".join([label, *(f"- {line}" for line in lines)]))
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())
