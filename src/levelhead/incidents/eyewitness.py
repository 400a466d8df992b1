"""Posts of people who say that they are there: found by their words. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Somebody tells of what they see, hear or smell themselves. Without accents, in lower case.
_WORDS: Final = re.compile(
    r"\b(?:i|we|i'm|i am|we're|we are)\b[^.!?\n]{0,40}\b(?:saw|see|seeing|heard|hear|hearing|smell|"
    r"witnessed|filmed|filming|here|there|inside|hiding|stuck|trapped|evacuated)\b"
    r"|\b(?:right )?(?:outside|in front of|across from|next to|behind|below|above) (?:my|our) "
    r"(?:house|home|window|door|building|apartment|office|car|street|block|store|shop|school)\b"
    r"|\bfrom (?:my|our) (?:window|balcony|porch|roof|office|car)\b"
    r"|\b(?:vi|vimos|veo|vemos|oi|oimos|oigo|escuche|escuchamos|escucho|grabe|estoy|estamos)\b"
    r"[^.!?\n]{0,40}\b(?:aqui|alli|ahi|dentro|adentro|escondid[oa]s?|atrapad[oa]s?|disparos?|humo|"
    r"fuego|gente|policias?|sirenas?|explosion|agua|gritos)\b"
    r"|\b(?:frente a|afuera de|al lado de|detras de|desde) (?:mi|nuestr[oa]) (?:casa|ventana|"
    r"puerta|edificio|oficina|auto|carro|calle|cuadra|tienda|escuela|balcon)\b"
)


def tells_from_there(text: str) -> bool:
    """Whether somebody writes as if they were there; a person looks."""
    plain = unicodedata.normalize("NFKD", text[:2_000]).casefold()
    folded = "".join(sign for sign in plain if not unicodedata.combining(sign))
    folded = folded.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return _WORDS.search(folded) is not None
