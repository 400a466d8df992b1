"""Reading a mail as it came: who wrote what to which question. Pure, and hostile input."""

from __future__ import annotations

import email
import email.header
import email.policy
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import parseaddr
from hashlib import sha256
from html.parser import HTMLParser
from typing import Final

from levelhead.kernel.text import clean_name, clean_text
from levelhead.research.domain import ANSWER_LIMIT, EMAIL_LIMIT, FILE_BYTES, FILES_AT_ONCE
from levelhead.research.quoting import strip_quoted

MOST_PARTS: Final = 60
WHOLE_LIMIT: Final = 60_000
_ADDRESSED: Final = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
_ANSWERED: Final = ("In-Reply-To", "References")
_STATUS: Final = re.compile(r"^(Action|Status|Final-Recipient|Diagnostic-Code):(.*)$", re.I | re.M)
_DAEMONS: Final = ("mailer-daemon", "postmaster", "mail-daemon")
_FAILED: Final = ("failed", "expanded")


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A mail, bounded and safe to keep."""

    # SHA-256 over its Message-ID, or over all of it where it has none.
    digest: str
    # Texts in which a token may stand, the surest first.
    marks: tuple[str, ...]
    sender: str
    subject: str
    text: str
    whole_text: str
    automatic: bool
    # Why it could not be delivered; empty where it is no bounce.
    bounce: str
    # Whether the bounce is for good; a delay is not.
    bounced: bool
    files: tuple[LetterFile, ...]
    # More attachments than are looked at.
    files_left_out: int


class LetterFile:
    """An attachment, read as a file."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name: str | None = name
        self._file = io.BytesIO(content)

    def read(self, size: int = -1, /) -> bytes:
        """Its bytes."""
        return self._file.read(size)


def read_letter(raw: bytes) -> Letter:
    """The mail in these bytes. Never raises for what a mail can be; anything is one."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    own_id = _header(message, "Message-ID", 900)
    plain, html, files, left_out, report = _parts(message)
    whole = clean_text(plain or _text_of_html(html), WHOLE_LIMIT)
    bounce, bounced = _read_bounce(message, report)
    marks = [value for name in _ADDRESSED for value in _headers(message, name)]
    marks += [value for name in _ANSWERED for value in _headers(message, name)]
    if bounce:
        marks.append(report)
    return Letter(
        digest=sha256(own_id.encode("utf-8", "replace") if own_id else raw).hexdigest(),
        marks=tuple(marks),
        sender=clean_name(parseaddr(_header(message, "From", 900))[1], EMAIL_LIMIT),
        subject=clean_name(_decoded(_header(message, "Subject", 900)), 300),
        text=clean_text(strip_quoted(whole), ANSWER_LIMIT),
        whole_text=whole,
        automatic=_is_automatic(message),
        bounce=bounce,
        bounced=bounced,
        files=tuple(files),
        files_left_out=left_out,
    )


def _header(message: Message, name: str, limit: int) -> str:
    return next(iter(_headers(message, name)), "")[:limit]


def _headers(message: Message, name: str) -> list[str]:
    return [str(value)[:20_000] for value in (message.get_all(name) or [])[:20]]


def _decoded(text: str) -> str:
    """Encoded words as they are meant; as they stand where they cannot be read."""
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (ValueError, LookupError, UnicodeError):
        return text


def _is_automatic(message: Message) -> bool:
    """Whether a program wrote it (RFC 3834, and what older ones say)."""
    said = _header(message, "Auto-Submitted", 60).strip().lower()
    if said and not said.startswith("no"):
        return True
    precedence = _header(message, "Precedence", 40).strip().lower()
    if precedence in ("auto_reply", "bulk", "junk", "list"):
        return True
    if any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response")):
        return True
    return _header(message, "Return-Path", 60).strip() == "<>"


def _read_bounce(message: Message, report: str) -> tuple[str, bool]:
    """What a mail server says of a mail of ours that it could not deliver (RFC 3464)."""
    local = parseaddr(_header(message, "From", 900))[1].partition("@")[0].lower()
    if not report:
        if local in _DAEMONS:
            return clean_name(_decoded(_header(message, "Subject", 900)), 300) or local, True
        return "", False
    found = {mark[1].lower(): mark[2].strip() for mark in _STATUS.finditer(report[:20_000])}
    action = found.get("action", "").lower()
    words = found.get("diagnostic-code") or found.get("status") or action or report[:200]
    return clean_name(words, 300), action in _FAILED or not action


def _parts(message: Message) -> tuple[str, str, list[LetterFile], int, str]:
    """Plain text, HTML, files, how many more files there are, and a delivery report's words."""
    plain: list[str] = []
    html: list[str] = []
    files: list[LetterFile] = []
    left_out = 0
    report: list[str] = []
    is_report = message.get_content_type() == "multipart/report"
    for part in _leaves(message):
        kind = part.get_content_type()
        name = part.get_filename()
        if is_report and kind in ("message/delivery-status", "text/rfc822-headers"):
            report.append(part.as_string()[:20_000])
        elif name or part.get_content_disposition() == "attachment":
            if len(files) >= FILES_AT_ONCE:
                left_out += 1
                continue
            content = _bytes_of(part)
            files.append(LetterFile(_decoded(name or ""), content[: FILE_BYTES + 1]))
        elif kind == "text/plain":
            plain.append(_text_of(part))
        elif kind == "text/html":
            html.append(_text_of(part))
        elif is_report and kind.startswith("message/"):
            report.append(part.as_string()[:20_000])
    return "\n".join(plain), "\n".join(html), files, left_out, "\n".join(report)


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something, not what is inside a mail that was attached."""
    waiting = [message]
    seen = 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        inside = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inside, list):
            waiting[:0] = [one for one in inside if isinstance(one, Message)][:MOST_PARTS]
        else:
            yield part


def _bytes_of(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        return b""
    return content if isinstance(content, bytes) else b""


def _text_of(part: Message) -> str:
    content = _bytes_of(part)[: 8 * WHOLE_LIMIT]
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")[: 2 * WHOLE_LIMIT]
    except LookupError:
        return content.decode("utf-8", "replace")[: 2 * WHOLE_LIMIT]


class _Words(HTMLParser):
    """The words of a page, a line for each block."""

    _BREAKS: Final = {"p", "br", "div", "tr", "li", "blockquote", "h1", "h2", "h3", "hr"}
    _SILENT: Final = {"style", "script", "head", "title"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in self._SILENT:
            self._silent += 1
        if tag == "blockquote":
            self._quoted += 1
        if tag in self._BREAKS:
            self.words.append("\n> " if self._quoted else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
        if tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
        if tag in self._BREAKS:
            self.words.append("\n> " if self._quoted else "\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(" ".join(data.split()) + (" " if data[-1:].isspace() else ""))


def _text_of_html(html: str) -> str:
    reader = _Words()
    reader.feed(html[:WHOLE_LIMIT])
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.words)).strip()
