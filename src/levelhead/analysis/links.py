"""Links that people should not follow: shortened, dressed up as another host, or on odd ground."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Reason to score. A shortener alone is no proof: it shows the place and does not raise a label.
REASONS: Final = {
    "shortener": 0.3,
    "punycode": 0.8,
    "mixed_script": 0.9,
    "address_host": 0.7,
    "user_part": 0.8,
    "look_alike": 0.85,
    "odd_ending": 0.5,
}

# t.co and similar are put there by the platforms themselves.
_SHORTENERS = (
    "acortar.link adf.ly bit.ly bl.ink clck.ru cutt.ly cutt.us goo.gl grabify.link "
    "iplogger.org is.gd linkvertise.com n9.cl ow.ly qr.ae rb.gy rebrand.ly s.id short.gy "
    "shorte.st shorturl.at soo.gd surl.li t.ly t2m.io tiny.cc tinyurl.com u.to urlz.fr v.gd "
    "x.gd"
)
SHORTENERS: Final = frozenset(_SHORTENERS.split())

_ODD_ENDINGS = (
    "bid bond buzz cam cf cfd click club cyou ga gq icu loan lol ml monster mov quest rest "
    "sbs tk top win work xyz zip"
)
ODD_ENDINGS: Final = frozenset(_ODD_ENDINGS.split())

# Names that are imitated, with the hosts that may carry them.
IMITATED: Final = {
    "paypal": ("paypal.com", "paypal.me"),
    "amazon": ("amazon.com", "amazon.es", "amazon.com.mx", "amazonaws.com"),
    "netflix": ("netflix.com",),
    "facebook": ("facebook.com",),
    "instagram": ("instagram.com",),
    "whatsapp": ("whatsapp.com",),
    "microsoft": ("microsoft.com",),
    "icloud": ("icloud.com",),
    "wellsfargo": ("wellsfargo.com",),
    "usps": ("usps.com",),
    "irs": ("irs.gov",),
    "fedex": ("fedex.com",),
    "metamask": ("metamask.io",),
    "coinbase": ("coinbase.com",),
    "binance": ("binance.com", "binance.us"),
}

_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]{1,300}")
_LINK_OR_HOST = re.compile(
    r"(?:https?://|www\.)[^\s<>\"]{1,300}"
    r"|(?<![\w@.])(?:[\w-]{1,40}\.){1,4}[a-z]{2,10}/[^\s<>\"]{1,200}"
    r"|(?<![\w@.])xn--[\w-]{1,40}\.[\w.-]{2,60}"
)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")
_DIGITS_AS_LETTERS = str.maketrans("01345", "oleas")
_HOST_END = re.compile(r"[/?#\\]")
# The platforms' own; most links are one of these.
_USUAL: Final = frozenset({"t.co", "youtu.be", "instagram.com", "www.facebook.com"})
_WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class SuspiciousLink:
    """A link and what is wrong with it."""

    reason: str
    start: int
    end: int


def find_suspicious(plain: str, text: str, *, bare: bool) -> Iterator[SuspiciousLink]:
    """Suspicious links in `plain` (see safety.make_plain); `text` is the post as written.

    `bare` looks for hosts without a scheme too.
    """
    pattern = _LINK_OR_HOST if bare else _LINK
    for count, match in enumerate(pattern.finditer(plain)):
        if count == 10:
            return
        reason = _judge(match.group(), text[match.start() : match.end()])
        if reason:
            yield SuspiciousLink(reason=reason, start=match.start(), end=match.end())


def _judge(link: str, written: str) -> str | None:
    rest = link.split("://", 1)[-1]
    host = _HOST_END.split(rest, maxsplit=1)[0]
    if host in _USUAL:
        return None
    if "@" in host:
        return "user_part"
    host = host.split(":", 1)[0].strip(".,;!)")
    bare = host.removeprefix("www.")
    host_written = _HOST_END.split(written.split("://", 1)[-1], maxsplit=1)[0]
    if _mixes_scripts(host_written):
        return "mixed_script"
    if "xn--" in host:
        return "punycode"
    if _ADDRESS.match(host):
        return "address_host"
    if bare in SHORTENERS:
        return "shortener"
    if _imitates(bare):
        return "look_alike"
    if bare.rsplit(".", 1)[-1] in ODD_ENDINGS:
        return "odd_ending"
    return None


def _mixes_scripts(host: str) -> bool:
    """Cyrillic or Greek letters beside Latin ones."""
    foreign = any("\u0370" <= letter <= "\u052f" for letter in host)
    return foreign and any(letter.isascii() and letter.isalpha() for letter in host)


def _imitates(host: str) -> bool:
    words = _WORDS.findall(host)
    undone = [word.translate(_DIGITS_AS_LETTERS) for word in words]
    for name, hosts in IMITATED.items():
        if any(host == own or host.endswith("." + own) for own in hosts):
            continue
        if any(other == name and word != name for word, other in zip(words, undone, strict=True)):
            return True
        if name in words and len(words) > 2:
            return True
    return False
