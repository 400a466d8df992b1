"""What identifies a person is taken out of a text before it leaves for a model. Pure.

A name in free text cannot be told for sure from other words: those that the thread shows (who
wrote), those behind a title and capitalised pairs are masked, unless approved sources have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from levelhead.analysis.masking import unmask
from levelhead.doctrine.reply.reading import MAIL
from levelhead.drafting.reading import LINK, clean

NAME: Final = "[person]"
PHONE: Final = "[phone]"
ADDRESS: Final = "[address]"
PLATE: Final = "[plate]"
LINK_MASK: Final = "[link]"
NUMBER: Final = "[number]"

_HANDLE: Final = re.compile(r"(?<![\w@])@[\w.-]{1,100}(?:@[\w.-]{1,100})?")
_PHONE: Final = re.compile(r"(?<![\w])\+?\(?\d(?:[ ().\-/\u2010-\u2015]{0,3}\d){6,14}(?!\w)")
_LONG_NUMBER: Final = re.compile(r"(?<!\w)#?(?=[\w-]*\d)[A-Z]{0,3}-?\d[\d-]{4,}[A-Z]?(?!\w)")
_PLATE: Final = re.compile(
    r"(?<![\w-])(?=[A-Z0-9 -]{4,9}(?![\w-]))(?=[A-Z0-9 -]*[A-Z])(?=[A-Z0-9 -]*\d)"
    r"[A-Z0-9]{2,4}[ -]?[A-Z0-9]{2,4}(?![\w-])"
)
_PLATE_SAID: Final = re.compile(
    r"(?i)\b(?:plates?|tag|placas?|matr[ií]cula)(?:\s+(?:number|no\.?|n[uú]mero))?"
    r"(?:\s+(?:is|was|of|es|era|:))?\s*[:#]?\s*(?=[a-z0-9 -]{0,9}\d)"
    r"([a-z0-9]{1,4}[ -]?[a-z0-9]{1,5})"
)
_KINDS: Final = (
    r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|court|ct|boulevard|blvd|way|place|pl"
    r"|terrace|circle|cir|parkway|pkwy|highway|hwy)"
)
_STREET: Final = re.compile(
    rf"(?i)(?<!\w)\d{{1,6}}[a-z]?\s+(?:[nsew]\.?\s+)?(?:[\w'.-]{{1,25}}\s+){{1,3}}{_KINDS}\b\.?"
    r"(?:,?\s*(?:apt|apartment|unit|#)\.?\s*\w{1,6})?"
    r"|(?<!\w)(?:calle|avenida|av\.?|avda\.?|paseo|camino)\s+(?:[\w'.-]{1,25}\s+){1,4}"
    r"(?:#|n[uú]m(?:ero)?\.?\s*)?\d{1,6}"
)
_TITLED: Final = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Officer|Ofc|Sgt|Sergeant|Lt|Lieutenant|Capt|Captain|Deputy|Chief|Sheriff"
    r"|Detective|Det|Judge|Mayor|Sr|Sra|Srta|Oficial|Agente|Sargento|Teniente|Capit[aá]n|Alcalde"
    r"|Alcaldesa|Juez|Jueza|Don|Do[nñ]a)\.?\s+((?:[A-ZÁÉÍÓÚÑ][\w'’-]{1,30})"
    r"(?:\s+[A-ZÁÉÍÓÚÑ][\w'’-]{0,30}\.?){0,2})"
)
_PAIR: Final = re.compile(
    r"(?<![\w\]])[A-ZÁÉÍÓÚÑ][a-záéíóúñü'’-]{1,30}(?:\s+[A-Z]\.)?"
    r"(?:\s+[A-ZÁÉÍÓÚÑ][a-záéíóúñü'’-]{1,30}){1,3}"
)
# "Dana Reyes" where only "Dana" was known.
_REST: Final = re.compile(r"\[person\](?:\s+[A-ZÁÉÍÓÚÑ][\w'’-]{0,30}\.?){1,3}(?=\W|$)")
_SHORTEST_NAME: Final = 3


def mask(text: str, *, names: Iterable[str] = (), known: Sequence[str] = ()) -> str:
    """`text` without names, handles, phones, addresses, plates and links.

    `names` are those of who wrote in the thread; what stands in `known`, approved sources, stays
    where it is a name only.
    """
    text = clean(unmask(text))
    approved = "\n".join(known).casefold()
    text = MAIL.sub(NAME, text)
    text = LINK.sub(LINK_MASK, text)
    text = _HANDLE.sub(NAME, text)
    text = _mask_names(text, names)
    text = _STREET.sub(ADDRESS, text)
    text = _PHONE.sub(PHONE, text)
    text = _PLATE_SAID.sub(lambda found: found[0].replace(found[1], PLATE), text)
    text = _PLATE.sub(lambda found: found[0] if _is_plain(found[0]) else PLATE, text)
    text = _LONG_NUMBER.sub(NUMBER, text)
    text = _TITLED.sub(lambda found: found[0].replace(found[1], NAME), text)
    text = _REST.sub(NAME, text)
    return _PAIR.sub(lambda found: found[0] if found[0].casefold() in approved else NAME, text)


def _is_plain(text: str) -> bool:
    """Whether it is a measure or a time of day rather than a plate, such as "10 PM"."""
    return bool(re.fullmatch(r"\d{1,4} ?(?:AM|PM|MPH|KM|MIN|HRS?|FT|LBS?|MILES?)|24-?7", text))


def _mask_names(text: str, names: Iterable[str]) -> str:
    parts = {
        part.strip(".,@")
        for name in names
        for part in [name, *re.split(r"[\s._-]+", name)]
        if len(part.strip(".,@")) >= _SHORTEST_NAME
    }
    if not parts:
        return text
    longest = sorted(parts, key=len, reverse=True)[:200]
    found = re.compile(
        r"(?<!\w)(?:" + "|".join(re.escape(part) for part in longest) + r")(?!\w)", re.IGNORECASE
    )
    return found.sub(NAME, text)
