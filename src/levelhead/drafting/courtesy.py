"""Sentences that need no source: a closed list of greetings, thanks and regrets. Pure.

A sentence that is not one of these, whole, is no courtesy, however polite it begins.
"""

from __future__ import annotations

import re
from typing import Final

from levelhead.doctrine.reply.reading import make_plain

_ABOUT_EN: Final = r"(?: (?:about|regarding) (?:the |our |your |a |an )?(?P<about>[\w' -]{1,60}))?"
_ABOUT_ES: Final = (
    r"(?: (?:sobre|acerca de|respecto a) (?:el |la |los |las |un |una |nuestro |nuestra |nuestros "
    r"|nuestras )?(?P<about>[\w' -]{1,60}))?"
)
_HELLO_EN: Final = r"(?:hello|hi|hey|good (?:morning|afternoon|evening|day))(?: there)?"
_HELLO_ES: Final = r"(?:hola|buenos dias|buenas tardes|buenas noches|buen dia)"
_FOR_EN: Final = (
    r"(?:(?:asking|writing|reaching out|getting in touch|contacting us|letting us know|telling us"
    r"|raising this|sharing this)(?: to us| with us)?|your (?:question|message|patience|comment"
    r"|comments|feedback|concern|interest|understanding|time|post|note))"
)
_FOR_ES: Final = (
    r"(?:(?:escribir|escribirnos|preguntar|preguntarnos|contactarnos|comunicarse con nosotros"
    r"|avisar|avisarnos|compartirlo|contarnos)|su (?:pregunta|mensaje|paciencia|comentario"
    r"|interes|preocupacion|comprension|tiempo))"
)
_SENTENCES: Final = (
    # English.
    _HELLO_EN,
    rf"(?:{_HELLO_EN},? (?:and )?)?(?:we )?(?:thank you|thanks)(?: so much| very much)?"
    rf"(?: for {_FOR_EN})?" + _ABOUT_EN,
    r"(?:we are|we're|i am|i'm) (?:so |very )?sorry (?:for|about) (?:the|your|this) (?:long )?"
    r"(?:wait|delay)",
    r"we apologi[sz]e for the (?:long )?(?:wait|delay)",
    r"we (?:understand|hear|appreciate) (?:your|this|the) (?:concern|concerns|question"
    r"|frustration|worry)" + _ABOUT_EN,
    r"we (?:understand|know) (?:that )?this (?:is|can be) (?:frustrating|important|difficult|hard"
    r"|upsetting)(?: for you| to you)?",
    r"(?:that|this) is a (?:fair|good|important) (?:question|point)",
    r"(?:we )?hope this helps|i hope this helps|have a (?:good|nice|great) day|take care",
    r"please (?:let us know|ask us|ask) if you have (?:any |more |other |further )?questions",
    # Spanish.
    _HELLO_ES,
    rf"(?:{_HELLO_ES},? (?:y )?)?(?:muchas )?gracias(?: por {_FOR_ES})?" + _ABOUT_ES,
    rf"(?:le |les )?agradecemos {_FOR_ES}" + _ABOUT_ES,
    r"(?:lamentamos|sentimos) (?:mucho )?(?:la (?:espera|demora)|el retraso|la larga espera)",
    r"(?:le |les )?pedimos disculpas por la (?:espera|demora)",
    r"(?:entendemos|comprendemos) su (?:preocupacion|pregunta|inquietud|molestia|frustracion)"
    + _ABOUT_ES,
    r"(?:entendemos|sabemos) que esto (?:es|puede ser) (?:frustrante|importante|dificil|molesto)",
    r"(?:esa|esta|es una) (?:es una )?(?:buena|importante) pregunta",
    r"esperamos que esto (?:le )?(?:ayude|sirva)|que tenga (?:un )?buen dia|cuidese",
    r"(?:por favor )?(?:escribanos|avisenos|preguntenos) si tiene (?:mas |otras )?preguntas",
)
_COURTESY: Final = tuple(re.compile(pattern) for pattern in _SENTENCES)


def match_courtesy(text: str) -> str | None:
    """What a courteous sentence is about, or nothing; None where it is no courtesy."""
    plain = " ".join(make_plain(text).replace("’", "'").split()).strip(" .,;:!¡¿?")
    for pattern in _COURTESY:
        if found := pattern.fullmatch(plain):
            return (found.groupdict().get("about") or "").strip()
    return None
