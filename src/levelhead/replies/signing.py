"""Under which name a reply goes out. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# What an agency writes as its own signature.
SIGNATURE_LIMIT: Final = 80
# With the placeholders filled in; the same as the column that keeps it.
FILLED_LIMIT: Final = 140
PLACEHOLDERS: Final = ("first", "name", "initials", "agency")
_PLACE: Final = re.compile(r"\{([^{}]{0,40})\}")
# What a person puts before their name: "— Ana", "-Ana", "^AR", "/AR".
_MARKED: Final = re.compile(r"(?:^|[\s.!?…])(?:[—–~^/-])\s{0,2}([^\n—–~^/]{1,60})$")
_TAIL: Final = 80
_NAME_WORDS: Final = 4


class SignHow(StrEnum):
    """How replies are signed."""

    NONE = "none"
    FIRST = "first"
    INITIALS = "initials"
    OWN = "own"


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """Who signs: the person's name in public, whether they chose it, and the agency."""

    name: str
    chosen: bool
    agency: str

    @property
    def first(self) -> str:
        """The first name; a name that was chosen for the public stays whole."""
        words = self.name.split()
        return self.name if self.chosen or not words else words[0]

    @property
    def initials(self) -> str:
        """At most four."""
        letters = [next((c for c in word if c.isalnum()), "") for word in self.name.split()]
        return "".join(letters)[:4].upper()


def find_strange(template: str) -> list[str]:
    """Placeholders that there are not, and brackets without a partner."""
    strange = [f"{{{name}}}" for name in _PLACE.findall(template) if name not in PLACEHOLDERS]
    left = _PLACE.sub("", template)
    return strange + [mark for mark in "{}" if mark in left]


def make_signature(how: SignHow, template: str, signer: Signer) -> str:
    """The signature as it stands at the end of a reply; empty for none."""
    if how is SignHow.NONE:
        return ""
    if how is SignHow.FIRST:
        return f"— {signer.first}" if signer.first.strip() else ""
    if how is SignHow.INITIALS:
        return f"^{signer.initials}" if signer.initials else ""
    filled = _PLACE.sub(lambda place: _meaning(signer, place[1]), template)
    return " ".join(filled.split())[:FILLED_LIMIT].strip()


def _meaning(signer: Signer, name: str) -> str:
    """What a placeholder stands for."""
    return {
        "first": signer.first,
        "name": signer.name,
        "initials": signer.initials,
        "agency": signer.agency,
    }.get(name, "")


def added_signature(text: str, signature: str, signer: Signer) -> str:
    """What is put behind `text`; empty where there is none, or the person signed already."""
    words = text.rstrip()
    if not signature or not words or is_signed(words, signature, signer):
        return ""
    return ("\n" if "\n" in words else " ") + signature


def is_signed(text: str, signature: str, signer: Signer) -> bool:
    """Whether the words end with the signature, or with this person's name as one."""
    words = text.rstrip(" \n.")
    if _fold(words).endswith(_fold(signature.rstrip("."))):
        return True
    last_line = words.rsplit("\n", 1)[-1] if "\n" in words else ""
    marked = _MARKED.search(words[-_TAIL:])
    named = marked[1] if marked else last_line
    parts = _fold(named).replace(",", " ").split()
    if not parts:
        return False
    whole = " ".join(parts)
    known = {_fold(one) for one in (signer.name, signer.first, signer.initials)} - {""}
    # "Ana R." is Ana; "Ana and her team came by" is a sentence.
    return whole in known or (
        marked is not None and len(parts) <= _NAME_WORDS and parts[0] in known
    )


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFC", text.casefold()).replace("–", "—")
    return " ".join(plain.split())
