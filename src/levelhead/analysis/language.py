"""Which language a post is in: a small head, the marks of Spanish, and the platform's word."""

from __future__ import annotations

from typing import Final

from levelhead.analysis import features
from levelhead.analysis.heads import LANGUAGES

UNKNOWN: Final = "und"

# Common small words that the other language does not have (folded, without accents).
PROFILES: Final = {
    "en": frozenset(
        [
            "the",
            "and",
            "you",
            "that",
            "for",
            "are",
            "with",
            "this",
            "have",
            "was",
            "not",
            "what",
            "your",
            "they",
            "from",
            "will",
            "just",
            "about",
            "is",
            "of",
            "to",
            "it",
            "my",
            "be",
            "do",
            "can",
            "how",
            "when",
            "why",
            "who",
            "where",
            "please",
            "thanks",
            "thank",
            "dont",
            "im",
            "its",
            "we",
            "were",
            "if",
            "on",
            "at",
            "or",
            "has",
            "had",
            "been",
            "there",
            "their",
            "would",
            "could",
            "should",
            "did",
            "does",
            "get",
        ]
    ),
    "es": frozenset(
        [
            "el",
            "los",
            "las",
            "una",
            "que",
            "por",
            "para",
            "con",
            "del",
            "como",
            "pero",
            "esta",
            "este",
            "muy",
            "gracias",
            "donde",
            "cuando",
            "quien",
            "porque",
            "hay",
            "mi",
            "su",
            "ustedes",
            "usted",
            "nos",
            "ya",
            "todo",
            "todos",
            "desde",
            "hasta",
            "sobre",
            "tambien",
            "favor",
            "al",
            "un",
            "lo",
            "le",
            "les",
            "se",
            "es",
            "son",
            "fue",
            "estan",
            "tengo",
            "tiene",
            "policia",
            "ciudad",
            "calle",
            "necesito",
            "ayuda",
            "sin",
            "mas",
            "cual",
            "puede",
            "pueden",
            "hace",
            "buenos",
            "dias",
            "hola",
            "nadie",
            "siempre",
            "ahora",
            "aqui",
        ]
    ),
    # Neighbours that must not be taken for Spanish.
    "pt": frozenset(
        [
            "nao",
            "voce",
            "uma",
            "com",
            "os",
            "dos",
            "das",
            "muito",
            "obrigado",
            "estao",
            "pra",
            "tem",
            "ao",
            "pela",
            "isso",
        ]
    ),
    "fr": frozenset(
        [
            "le",
            "les",
            "des",
            "une",
            "est",
            "pas",
            "vous",
            "nous",
            "dans",
            "sur",
            "avec",
            "pour",
            "je",
            "qui",
            "aux",
            "ce",
        ]
    ),
    "it": frozenset(
        [
            "il",
            "di",
            "che",
            "non",
            "per",
            "sono",
            "della",
            "gli",
            "una",
            "con",
            "anche",
            "questo",
            "nel",
            "alla",
            "piu",
        ]
    ),
}

# How sure the head must be before it is followed against no hint at all.
CLEAR = 0.6
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
