"""Which sentences say something for which two people must vouch; English and Spanish. Pure.

A statement counts, and hearsay counts: once the agency repeats it, it is the agency's. What is
asked, what is not known, and what holds only under a condition is not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from levelhead.ledger.disguise import mend, unveil

# Of a text so much is read: more than any fact or line of an update.
_READ: Final = 5_000


class FactSubject(StrEnum):
    """What a statement is about, as far as it matters for who may confirm it."""

    GENERAL = "general"
    IDENTITY = "identity"  # who did it, who is missing, who was hurt
    CASUALTIES = "casualties"  # dead, wounded, and how many
    CUSTODY = "custody"  # somebody is held
    SAFE = "safe"  # people are safe
    ALL_CLEAR = "all_clear"  # the danger is over


# Words that somebody may take apart to get them through.
_WHOLE: Final = [
    "custody",
    "arrest",
    "arrested",
    "detained",
    "apprehended",
    "captured",
    "casualties",
    "injured",
    "injuries",
    "wounded",
    "killed",
    "deceased",
    "fatalities",
    "victims",
    "victim",
    "unharmed",
    "safe",
    "dead",
    "died",
    "identified",
    "detenido",
    "detenidos",
    "custodia",
    "arrestado",
    "arrestados",
    "capturado",
    "muertos",
    "muerto",
    "heridos",
    "herido",
    "fallecidos",
    "victimas",
    "seguro",
    "identificado",
]
_TORN: Final = (*_WHOLE, "all clear", "in custody", "a salvo", "no threat", "no hay peligro")

_PERSON: Final = (
    r"(?:suspects?|shooters?|gunm[ae]n|attackers?|drivers?|victims?|assailants?|perpetrators?"
    r"|missing (?:person|child|girl|boy|man|woman|teen\w*|hiker)"
    r"|sospechos[oa]s?|tirador(?:a|es)?|atacantes?|agresor(?:a|es)?|conductor(?:a)?|victimas?"
    r"|(?:nin[oa]|joven|hombre|mujer|persona) desaparecid[oa])"
)
# "When it is over" says nothing yet.
_NOT_ONLY_ONCE: Final = r"(?<!when )(?<!once )(?<!until )(?<!if )(?<!whether )(?<!after )"
_SAYS: Final[Mapping[FactSubject, re.Pattern[str]]] = {
    FactSubject.CUSTODY: re.compile(
        r"\b(?:in|into) (?:\w+ ){0,2}custody\b|\bunder arrest\b|\bin handcuffs\b"
        r"|\b(?:arrested|apprehended|captured)\b|\bdetained\b|\barrests? (?:was|were|has|have)\b"
        r"|\b(?:made|making) (?:an |\w+ )?arrests?\b|\b(?:was|were|been|got) caught\b"
        r"|\btaken in by (?:the )?(?:police|officers|deputies|agents)\b|\bbehind bars\b"
        r"|\bin (?:the )?(?:\w+ )?jail\b"
        r"|\b(?:is|are) (?:now )?being held\b|\bsurrendered\b|\bturned (?:him|her|them)sel(?:f"
        r"|ves) in\b"
        r"|\b(?:bajo|en) (?:\w+ )?custodia\b"
        r"|\b(?:arrestad|capturad|aprehendid)[oa]s?\b|\bdetenid[oa]s?\b|\bdetencion(?:es)?\b"
        rf"|\b(?:got|caught|nabbed|have) (?:the |our |an? )?(?:{_PERSON}|him|her)\b"
        r"(?! (?:out|name))"
        r"|\b(?:agarr|atrap)(?:amos|aron|o) (?:al|a la|a los|a las|a un|a una) \w+"
        r"|\blo (?:agarramos|atrapamos)\b"
        r"|\b(?:arrest|captur)(?:o|aron|amos)\b|\bdetuv(?:o|ieron|imos)\b|\bse entreg(?:o|aron)\b"
    ),
    FactSubject.ALL_CLEAR: re.compile(
        r"\ball[- ]clear\b"
        r"|\bno (?:\w+ ){0,2}(?:threats?|danger|risk)\b|\bnot in (?:any )?danger\b"
        r"|\b(?:threat|danger|risk) (?:\w+ )?(?:no longer|is gone)\b"
        r"|\b(?:threat|danger|incident|emergency|situation|shooting|lockdown|order|evacuation"
        r"|warning"
        r"|alert|standoff|siege|attack|shelter[- ]in[- ]place|curfew|watch|crisis)(?: (?!not\b"
        r"|when\b|if\b|until\b)"
        r"\w+){0,4}? (?:(?:is|has|was|been|now|all|are|were|have) )+(?:over|passed|ended|finished"
        r"|resolved"
        r"|lifted|cleared|canceled|cancelled)\b|\b(?:threat|danger|lockdown|emergency|incident|"
        r"standoff|attack) (?:passed|ended)\b|\b(?:we|police|officers"
        r"|officials) (?:have )?(?:now )?"
        r"(?:lifted|ended|canceled|cancelled) the\b"
        r"|\b(?:fire|blaze|wildfire|spill|leak|flames|situation|outbreak)(?: \w+)? (?:is|are|was"
        r"|has"
        r" been|have been) (?:now )?(?:\w+ )?(?:contained|out|extinguished|under control)\b"
        r"(?! of)|\bfully contained\b|\bunder control\b"
        r"|\b(?:scene|area|campus|building|school) (?:is|has been) (?:now )?(?:secured?"
        r"|clear(?:ed)?)"
        r"\b|\bno (?:outstanding|other|more|further|additional) suspects?\b"
        r"|\b(?:threat|danger|shooter|suspect|gunman|attacker)s? (?:(?:has|have|is|are|was|were"
        r"|been|now) )*(?:neutrali[sz]ed|eliminated|stopped)\b|\bneutralizad[oa]s?\b"
        rf"|{_NOT_ONLY_ONCE}\bit(?:'s| is) (?:now |all )*over\b(?! (?:your|my|the|an?|there)\b)"
        r"|\bya paso todo\b"
        r"|\btodo (?:termino|paso)\b"
        rf"|{_NOT_ONLY_ONCE}\b(?:residents|families|people|students|everyone|everybody|evacuees"
        r"|neighbors|you|they)"
        r" (?:may|can) (?:now |all |again )*(?:return|go back|come back|go|come out)"
        r"(?: (?:now|home|inside)| to (?:your|their) \w+)?(?=[.!]|$| now| home| to (?:your|their))"
        r"|\b(?:ok|okay|fine) to (?:go back|return|come out|go home)\b"
        r"|\bpueden (?:ya )?(?:volver|regresar) a (?:casa|sus? (?:casas?|hogares?|clases?))\b"
        r"|\b(?:sin|no hay|ya no hay|no existe|ningun) (?:\w+ )?(?:peligro|amenazas?|riesgo)\b"
        r"|\b(?:peligro|amenaza|riesgo|emergencia|incidente|encierro|alerta|ataque|aviso|crisis|"
        r"evacuacion)(?: (?!no\b)\w+){0,4}? (?:ya )?(?:paso|termino|acabo|(?:ha|se ha) (?:pasado|"
        r"terminado|acabado|levantado)|se levanto)\b"
        r"|\bpaso (?:ya )?(?:el|la) (?:peligro|amenaza|emergencia)\b"
        r"|\b(?:incendio|fuego|derrame|fuga)(?: de \w+)? (?:ya )?(?:esta|fue"
        r"|quedo) (?:\w+ )?(?:contenid|"
        r"controlad|apagad|extinguid)[oa]\b|\bbajo control\b|\btodo despejado\b"
        r"|\b(?:se )?(?:levanto|levantaron|levantamos) (?:la |el )?(?:orden|encierro|evacuacion|"
        r"cierre)\b|\b(?:orden|encierro|evacuacion|cierre)(?: de \w+)? (?:ya )?(?:fue |quedo "
        r"|se ha |"
        r"ha sido )(?:levantad[oa]|cancelad[oa])\b"
    ),
    FactSubject.SAFE: re.compile(
        r"\b(?:is|are|was|were|be|feel|all|everyone|everybody|you're|they're|it's) (?:now |all |"
        r"again |both |also |reported |believed )*safe\b(?! (?:distance|place|route|room|way|word|"
        r"zone|house|haven|space|spot|area|location|deposit|haven|bet|side)s?\b)"
        r"|\bsafe and (?:sound|well|accounted|unharmed)\b|\baccounted for\b"
        r"|\bfound (?:\w+ )?(?:alive|unharmed|unhurt|safe|well)\b|\bunharmed\b|\bunhurt\b"
        r"|\b(?:is|are) (?:all |both |alive and )?(?:well|fine|okay|ok)\b(?! (?:on|with|aware"
        r"|known|below|above))"
        r"|\bout of danger\b"
        r"|\b(?:everyone|everybody|they all|all of them|all \w+) (?:has |have )?(?:got|gotten"
        r"|made it|is|are) out\b(?! of (?:the way|school|work|town))"
        r"|\btod[oa]s (?:ya )?(?:salieron|lograron salir|estan fuera)\b"
        r"|\b(?:got|made it|came|came out|are|is) (?:out|home|back) safely\b"
        r"|\ba salvo\b|\bsan[oa]s? y salv[oa]s?\b|\biles[oa]s?\b|\bcon vida\b|\bfuera de peligro\b"
        r"|\b(?:es|son|esta|estan|ya es) (?:ahora |ya )?segur[oa]s?\b"
    ),
    FactSubject.CASUALTIES: re.compile(
        r"\bdead\b(?! (?:end|ends|line|lines|zone|zones|bolt|bolts|sea|of night|weight|batter\w+))"
        r"|\b(?:killed|died|deceased|fatal(?:ly|ity|ities)?|deaths?|casualt(?:y|ies))\b"
        r"|\b(?:wounded(?! knee)|injured|injur(?:y|ies))(?!-free)\b(?! free)"
        r"|\b(?:is|are|was|were|been|be|got|badly|seriously|anyone|people|nobody|one) hurt\b"
        r"|\bvictims?\b(?! (?:services?|assistance|advoca\w+|compensation|support|rights?)\b)"
        r"|\bhospitali[sz]ed\b|\b(?:taken|brought|airlifted|rushed|transported) to (?:\w+ ){0,2}"
        r"hospitals?\b|\bbod(?:y|ies) (?:was|were|has|have|found|recovered)\b"
        r"|\b(?:found|recovered|pulled|located) (?:\w+ )?bod(?:y|ies)\b"
        r"|\b(?:claimed|cost|took) (?:\w+ )?lives\b"
        r"|\b(?:lost|losing) (?:their|his|her|its) li(?:fe|ves)\b|\bloss of life\b"
        r"|\b(?:was|were|people|one|been|got) shot\b(?! (?:at|down)\b)|\bdid(?: not|n't) survive\b"
        r"|\bin (?:\w+ )?(?:critical|serious|grave|stable) condition\b|\bcritically (?:hurt|ill)\b"
        r"|\b(?:estado|condicion) (?:muy )?(?:grave|critic[oa]|estable)\b|\bmuertes?\b"
        r"|\bdid(?: not|n't) make it\b(?! (?:to|home|back|on|in|there|through|past)\b)"
        r"|\bbod(?:y|ies) of (?!water\b)|\bmat(?:aron|o) a\b|\bno sobrevivi(?:o|eron)\b"
        r"|\bparamedics treated\b|\bpassed away\b"
        r"|\bmuert[oa]s?\b|\bfallec\w+\b|\bherid[oa]s?\b|\blesionad[oa]s?\b|\bmuri(?:o|eron)\b"
        r"|\bvictimas?\b(?! mortales de transito)|\bhospitalizad[oa]s?\b"
        r"|\b(?:llevad[oa]s?|trasladad[oa]s?) al? (?:\w+ )?hospital\b|\bperdi(?:o|eron) la vida\b"
        r"|\bcuerpos?\b(?= (?:en|fue|fueron|hallad|sin))|\bsin vida\b"
    ),
    FactSubject.IDENTITY: re.compile(
        r"\bidentif(?:ied|icamos|icad[oa]s?|icaron)\b|\bnamed as\b"
        rf"|\b{_PERSON}(?:'s)? (?:name )?(?:is|was|es|era) (?:named |called )?(?:(?:el |la )?"
        r"(?!(?:not|no|still|in|on|at|being|believed|unknown|an?|the|armed|dead|safe|under|now"
        r"|over|"
        r"near|also|from|wanted|described|said|thought|reported|to|of|with|held|gone|alive|hurt"
        r"|out|"
        r"injured|found|seen|last|located|rescued|arrested|detained|captured|apprehended|caught"
        r"|killed|shot|un|una|peligros\w+|muy|"
        r"arrestad\w+|capturad\w+|detenid\w+|herid\w+|buscad\w+|llevad\w+|contained|secure)\b)"
        r"[a-z]+ ?[a-z]*)"
        rf"|\b{_PERSON} se llama\b|\b\d{{1,2}}[- ]year[- ]old\b|\bde \d{{1,2}} (?:anos|an~os)\b"
    ),
}
# Before the words, in the same clause: then nothing is said.
_UNKNOWN: Final = (
    r"\b(?:do|does|did|can|could)(?: not|n't) (?:yet )?(?:know|confirm|say|tell|verify)\b"
    r"|\b(?:cannot|can't|unable to|not able to|too early to|not yet|too soon to) (?:yet )?"
    r"(?:know|confirm|say|tell|verify)\b"
    r"|\bno (?:\w+ )?(?:information|word|knowledge|reports|confirmation|details)\b|\bunclear\b"
    r"|\bnot (?:yet )?known\b|\bunknown\b"
    r"|\bno (?:sabemos|podemos (?:confirmar|decir)|se sabe|tenemos (?:informacion|datos"
    r"|noticias))\b"
    r"|\bse desconoce\b"
)
_CONDITION: Final = (
    r"\b(?:if|whether|until|unless|anyone who|anybody who|in case|those who|whoever|as soon as)\b"
    r"|\b(?:when|once) (?:it|it's|we|you|they|the|an|a|there)\b"
    r"(?!(?: \w+){0,4} (?:was|were|had|came|arrived|got|saw|found|stopped)\b)"
    r"|\b(?:si|hasta que|a menos que|en caso de|quien(?:es)?|en cuanto|por si)\b"
    r"|\bcuando (?:sea|este|esten|haya|pase|se|termine|llegue|la|el)\b"
)
_SEEKING: Final = (
    r"\b(?:check|search|look|treat|wait|ask|call|listen)(?:s|ed"
    r"|ing)?(?: \w+){0,2} for(?: \w+){0,2}$"
    r"|\b(?:busca|buscan|buscamos|revisan|espere|esperen|espera)\b|\bposibles?\b"
    r"|\b(?:will|would|may|might|could|must|should|can|do not|don't) (?:\w+ )?(?:be |hurt|detain)"
)
# No-one is held, nothing is safe: a statement too, but not the one that needs a second person.
_DENIED: Final = (
    r"\b(?:no one|nobody|none|never|not|no|isn't|aren't|wasn't|weren't|hasn't|haven't|without|"
    r"neither|nadie|nunca|ningun[oa]?|ni|tampoco)\b"
)
_BLOCKED: Final[Mapping[FactSubject, re.Pattern[str]]] = {
    FactSubject.CUSTODY: re.compile(f"{_UNKNOWN}|{_CONDITION}|{_SEEKING}|{_DENIED}"),
    FactSubject.ALL_CLEAR: re.compile(f"{_UNKNOWN}|{_CONDITION}|{_SEEKING}|{_DENIED}|\\bsenal\\b"),
    FactSubject.SAFE: re.compile(f"{_UNKNOWN}|{_CONDITION}|{_SEEKING}|{_DENIED}"),
    FactSubject.IDENTITY: re.compile(f"{_UNKNOWN}|{_CONDITION}|{_DENIED}"),
    # That nobody was hurt is a number too: it is said by two.
    FactSubject.CASUALTIES: re.compile(
        f"{_UNKNOWN}|{_CONDITION}|{_SEEKING}|\\banyone hurt\\b|\\bphones?\\b|\\btelefonos?\\b"
        r"|\b(?:oficina|servicios?|fondo) (?:de )?(?:\w+ ){0,2}a$"
    ),
}
# Of what an all-clear is said with "no" in front; its own "no" denies nothing.
_OWN_NO: Final = re.compile(r"^(?:no|not|sin|ningun|ya no)\b")
_SIGNAL: Final = re.compile(r"^[- ](?:signal|siren|sign|call)s?\b")
_CLAUSES: Final = re.compile(
    r"[.!?;,\n]+(?:\s|$)| [-–—] |\b(?:but|yet|however|pero|aunque)\b"
    r"|\b(?:and|y|e)\b(?= (?:the|an?|all|no|one|two|three|four|five|several|he|she|they|we|it"
    r"|there|"
    r"is|are|was|were|everyone|\d|el|la|los|las|un|una|dos|tres|hay|ya|todos?|todas?|no)\b)"
)
_SENTENCES: Final = re.compile(r"[^.!?\n]+(?:\.(?=\d)[^.!?\n]*)*[.!?\n]*")
_ASKED: Final = re.compile(r"\?|¿")
_NOT_HELD: Final = re.compile(
    r"\b(?:traffic|trafico|transito|trenes?|trains?|obras?|flights?|vuelos?|child|menores|hijos)\b"
)


# A person by first and last name, as it is written; not a street, a school or an office.
_NAME: Final = (
    r"[A-ZÁÉÍÓÚÑ][a-záéíóúñ'’][\w'’-]*(?: [A-Z]\.)?(?: (?:de |del |la )?(?!(?:"
    r"Street|Avenue|Road|Lane|Drive|"
    r"Boulevard|School|College|Park|Bridge|Department|Hospital|Center|Centre|County|City|Council"
    r"|Police|Church|Mall|Mill|Pier|River|Creek|Hall|Station|Library|Building|Plaza|Court|Hill|"
    r"Paper|Company|Inc)\b)[A-ZÁÉÍÓÚÑ][a-záéíóúñ'’][\w'’-]*)+"
    r"(?! (?:Street|Avenue|Road|Department|School|Hospital|County)\b)"
)
_ROLE: Final = (
    r"(?i:suspect|shooter|gunman|attacker|driver|victim|owner|arsonist|father|mother|son|daughter"
    r"|husband|wife|boyfriend|girlfriend|neighbou?r|teen(?:ager)?|student|employee|worker|resident"
    r"|sospechos[oa]|tirador|conductor|conductora|v[ií]ctima|due[ñn][oa]|padre|madre|hij[oa]"
    r"|vecin[oa]|estudiante|emplead[oa])"
)
_NAMED: Final = re.compile(
    rf"\b{_ROLE},? {_NAME}"
    rf"|\b{_ROLE} (?:is|was|es|era) {_NAME}"
    rf"|\b{_NAME},? (?:who )?(?:did it|set (?:it|fire|the)|shot|killed|stabbed|drove|attacked|fired"
    r"|died|was (?:shot|killed|arrested|hurt|found)|dispar[oó]|mat[oó]|muri[oó]|atac[oó])\b"
)


@lru_cache(maxsize=1_024)
def subjects_in(text: str) -> frozenset[FactSubject]:
    """What of the things that need two people a text says; English and Spanish."""
    plain = mend(unveil(text[:_READ]), _TORN)
    named = frozenset({FactSubject.IDENTITY} if _names_somebody(text[:_READ]) else ())
    return named | frozenset(
        subject
        for sentence in _SENTENCES.findall(plain)
        if not _ASKED.search(sentence)
        for clause in _clauses(sentence)
        for subject in _said_in(clause)
    )


def _names_somebody(text: str) -> bool:
    """Whether a person is named beside what they did or are in it."""
    return any(
        not _ASKED.search(sentence) and _NAMED.search(sentence) is not None
        for sentence in re.split(r"(?<=[a-z0-9)][.!?])\s+|\n", text)
    )


def _clauses(sentence: str) -> Iterator[str]:
    """Parts that are true or not by themselves."""
    start = 0
    for edge in _CLAUSES.finditer(sentence):
        yield sentence[start : edge.start()]
        start = edge.end()
    yield sentence[start:]


def _said_in(clause: str) -> Iterator[FactSubject]:
    for subject, pattern in _SAYS.items():
        if subject is FactSubject.CUSTODY and _NOT_HELD.search(clause):
            continue
        for found in pattern.finditer(clause):
            if not _is_blocked(subject, clause, found):
                yield subject
                break


def _is_blocked(subject: FactSubject, clause: str, found: re.Match[str]) -> bool:
    before = clause[: found.start()].strip()
    if subject is FactSubject.ALL_CLEAR and _SIGNAL.match(clause[found.end() :]):
        return True
    if _BLOCKED[subject].search(before):
        return True
    # "is not contained": the denial stands inside what was found.
    inside = found[0]
    if subject in (FactSubject.SAFE, FactSubject.CUSTODY, FactSubject.IDENTITY):
        return re.search(r"\b(?:not|no)\b", inside) is not None
    if subject is FactSubject.ALL_CLEAR and not _OWN_NO.match(inside):
        return re.search(r"\b(?:not|never)\b", inside) is not None
    return False
