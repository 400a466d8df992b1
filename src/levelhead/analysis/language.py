"""Which language a post is in: a small head, the marks of Spanish, and the platform's word."""

from __future__ import annotations

from typing import Final

from levelhead.analysis import features
from levelhead.analysis.heads import LANGUAGES

UNKNOWN: Final = "und"

# Common small words that the other language does not have (folded, without accents).
PROFILES: Final = {
    name: frozenset(words.split())
    for name, words in {
        "en": (
            "about and are at be been can could did do does dont for from get had has have "
            "how if im is it its just my not of on or please should thank thanks that the "
            "their there they this to was we were what when where who why will with would you "
            "your"
        ),
        "es": (
            "ahora al aqui ayuda buenos calle ciudad como con cual cuando del desde dias "
            "donde el es esta estan este favor fue gracias hace hasta hay hola las le les lo "
            "los mas mi muy nadie necesito nos para pero policia por porque puede pueden que "
            "quien se siempre sin sobre son su tambien tengo tiene todo todos un una usted "
            "ustedes ya"
        ),
        # Neighbours that must not be taken for Spanish.
        "pt": ("ao com das dos estao isso muito nao obrigado os pela pra tem uma voce"),
        "fr": ("aux avec ce dans des est je le les nous pas pour qui sur une vous"),
        "it": ("alla anche che con della di gli il nel non per piu questo sono una"),
    }.items()
}

# How sure the head must be before it is followed against no hint at all.
CLEAR = 0.6
_LETTERS_ALONE: Final = features.SEEN_LETTER | features.SEEN_ENYE
# A platform's hint is often the account's setting, not the post's: it settles doubt only.
HINTED = 0.25


def guess_by_words(words: list[str]) -> str:
    """The language whose small words are most frequent in `words` (folded), or "und"."""
    counts = {lang: sum(word in profile for word in words) for lang, profile in PROFILES.items()}
    best = max(counts, key=lambda lang: counts[lang])
    rest = max(count for lang, count in counts.items() if lang != best)
    if counts[best] == 0 or counts[best] == rest:
        return UNKNOWN
    return best


def read_hint(hint: str | None) -> str | None:
    """The ISO 639-1 code in a platform's hint such as "es-MX"; None where there is none."""
    if not hint:
        return None
    code = hint[:2].lower()
    if (len(hint) > 2 and hint[2] not in "-_") or not (code.isascii() and code.isalpha()):
        return None
    return code if len(code) == 2 else None


def choose_language(scores: list[float], flags: int, hint: str | None) -> str:
    """The language from the head's probabilities (order of LANGUAGES), `flags` and the hint."""
    if scores[0] >= CLEAR and flags & _LETTERS_ALONE == features.SEEN_LETTER:
        return LANGUAGES[0]  # nearly every post: no need to look further
    if not flags & features.SEEN_LETTER and not flags & features.SEEN_ENYE:
        # Links, numbers and emoji alone, or a script that the heads do not read.
        code = read_hint(hint)
        return code if code and code not in LANGUAGES else UNKNOWN
    code = read_hint(hint)
    by_lang = dict(zip(LANGUAGES, scores, strict=True))
    if flags & features.SEEN_ENYE:
        by_lang["es"] = min(1.0, by_lang["es"] + 0.2)
    best = max(LANGUAGES, key=lambda lang: by_lang[lang])
    if best != UNKNOWN and by_lang[best] >= CLEAR:
        return best
    if code in ("en", "es"):
        return code if by_lang[code] >= HINTED else UNKNOWN
    if code and by_lang[UNKNOWN] >= HINTED:
        return code
    return UNKNOWN
