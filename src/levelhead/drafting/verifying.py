"""What a model wrote is looked at sentence by sentence: what no source says is struck. Pure.

Nothing here trusts the model: a sentence is kept because everything in it that can be checked
stands in a source that it cites, and most of its words do. A doubt strikes; a person can type what
was struck.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from levelhead.doctrine.reply.promises import find_promises
from levelhead.doctrine.reply.reading import make_plain, read_text
from levelhead.doctrine.reply.stems import stem
from levelhead.drafting.courtesy import match_courtesy
from levelhead.drafting.domain import (
    DRAFT_LIMIT,
    MISSING_LIMIT,
    MOST_MISSING,
    MOST_SENTENCES,
    Judged,
    Source,
    SourceKind,
    Struck,
    Verdict,
    Written,
)
from levelhead.drafting.reading import LINK, Said, clean, fits, say
from levelhead.drafting.words import GLUE, OPENERS
from levelhead.replies.domain import find_unfilled

# One word in so many may be the model's own; in a shorter sentence, and in a promise, none.
_OWN_WORD_IN: Final = 8
# And so much must stand in the one sentence of a source that is nearest to it.
_SHARED_WITH_ONE: Final = 0.6
# More where it has numbers, days or links: they belong to what stands beside them.
_SHARED_WITH_MARKS: Final = 0.7
_LONGEST: Final = 600
_MARKUP: Final = re.compile(
    r"</?[a-zA-Z!?][^\n]{0,200}>?|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});|```|\*\*|\]\(|^#{1,6}\s"
    r"|\{\{|\{%|\\u[0-9a-f]{4}|javascript:|\[(?:person|phone|address|plate|link|number)\]",
    re.IGNORECASE,
)
_PROMISED: Final = re.compile(
    r"\b(?:we|i|they|officers?|crews?|staff|the (?:department|city|agency|team|chief))"
    r"(?:\s+\w{1,12}){0,2}\s+(?:will|shall|promise|guarantee|are going to|is going to|plan to)\b"
    r"|\b(?:we|i|they)'ll\b|\b(?:will|shall) (?:be|have|get|make|send|fix|look|follow|call)\b"
    r"|\b(?:we|i) (?:promise|guarantee|commit)\b"
    r"|\b(?:vamos a|nos comprometemos|prometemos|garantizamos)\b"
    r"|\b\w{2,20}(?:aremos|eremos|iremos|ran|dremos)\b(?<!\bgran)(?<!\bfueran)"
)
_WORD_WITH_CAPITAL: Final = re.compile(r"(?<![\w@#./-])[^\W\d_a-z][\w'’-]{0,40}", re.UNICODE)
_TIME_OF_DAY: Final = re.compile(
    r"(?i)\bgood (?:morning|afternoon|evening|day)\b"
    r"|\bbuenos d[ií]as\b|\bbuenas (?:tardes|noches)\b"
)


def verify(
    written: Sequence[Written],
    sources: Mapping[int, Source],
    *,
    post: str,
    lang: str,
    now: datetime,
    missing: Sequence[str] = (),
) -> Verdict:
    """What is left of what a model wrote for `post`, to be answered in `lang`."""
    judged: list[Judged] = []
    for one in written:
        text = " ".join(clean(one.text).split())
        spans = read_text(text).sentences if text else ()
        # What was split off without a letter or figure in it is punctuation.
        for start, end in spans:
            if len(judged) == MOST_SENTENCES:
                break
            judged.append(
                _judge(text[start:end], one.cites, sources, post=post, lang=lang, now=now)
            )
    kept, room = [], DRAFT_LIMIT
    for place, said in enumerate(judged):
        if said.struck is None and room < len(said.text):
            judged[place] = _strike(said, Struck.TOO_LONG, "")
        elif said.struck is None:
            kept.append(said)
            room -= len(said.text) + 1
    told = tuple(
        " ".join(clean(one).split())[:MISSING_LIMIT]
        for one in missing[:MOST_MISSING]
        if one.strip()
    )
    text = ""
    if any(one.cites for one in kept):
        text = _add_parts(" ".join(one.text for one in kept), kept, sources)
    return Verdict(sentences=tuple(judged), text=text, missing=told)


def _add_parts(text: str, kept: Sequence[Judged], sources: Mapping[int, Source]) -> str:
    """Personal parts of an approved answer that the model left out are put in front."""
    used = {number for one in kept for number in one.cites}
    wanted = [
        part
        for number in sorted(used)
        if sources[number].kind is SourceKind.ANSWER
        for part in find_unfilled(sources[number].text)
    ]
    lacking = [part for part in dict.fromkeys(wanted) if part not in text]
    return " ".join([*lacking, text])


def _judge(
    text: str,
    cites: tuple[int, ...],
    sources: Mapping[int, Source],
    *,
    post: str,
    lang: str,
    now: datetime,
) -> Judged:
    # A source that was never given is no source.
    cited = tuple(dict.fromkeys(number for number in cites if number in sources))
    found = Judged(text=text, cites=cited)
    said = say(text)
    if len(text) > _LONGEST:
        return _strike(found, Struck.TOO_LONG, "")
    if mark := _MARKUP.search(text):
        return _strike(found, Struck.MARKUP, mark[0])
    spoken = read_text(text).lang
    if spoken in ("en", "es") and spoken != lang:
        return _strike(found, Struck.LANGUAGE, "")
    if is_courtesy(text, said, post=post, sources=sources):
        return Judged(text=text, cites=())
    if not cited:
        return _strike(found, Struck.UNSOURCED, "")
    texts = [clean(sources[number].text) for number in cited]
    evidence = [say(one) for one in texts]
    if strange := [part for part in find_unfilled(text) if not any(part in one for one in texts)]:
        return _strike(found, Struck.MARKUP, strange[0])
    if struck := _find_stranger(said, evidence):
        return _strike(found, *struck)
    return _compare(found, said, texts, lang=lang, now=now)


def _strike(one: Judged, why: Struck, what: str) -> Judged:
    return Judged(text=one.text, cites=one.cites, struck=why, what=what[:80])


def _find_stranger(said: Said, evidence: Sequence[Said]) -> tuple[Struck, str] | None:
    """The first link, phone, day, time, number or name that is in no cited source."""
    links = {one for source in evidence for one in source.links}
    if strange := sorted(said.links - links):
        return Struck.LINK, strange[0]
    phones = {one for source in evidence for one in source.phones}
    for one in sorted(said.phones):
        if not any(one == known or (len(one) == 7 and known.endswith(one)) for known in phones):
            return Struck.PHONE, one
    rest = say(_TIME_OF_DAY.sub(" ", said.text))
    days = {one for source in evidence for one in source.days}
    if strange := sorted(rest.days - days):
        return Struck.DATE, strange[0]
    times = {one for source in evidence for one in source.times}
    for hour, minute, half in sorted(said.times):
        if not any(
            (hour, minute) == known[:2] and (not half or half == known[2]) for known in times
        ):
            return Struck.DATE, f"{hour}:{minute:02}"
    numbers = {one for source in evidence for one in source.numbers}
    numbers |= {str(hour) for hour, minute, _ in times if not minute}
    if strange := sorted(said.numbers - numbers):
        return Struck.NUMBER, strange[0]
    return _find_strange_name(said, evidence)


def _find_strange_name(said: Said, evidence: Sequence[Said]) -> tuple[Struck, str] | None:
    known = {stem(word) for source in evidence for word in source.words}
    bare = LINK.sub(lambda found: " " * len(found[0]), said.text)
    for place, found in enumerate(_WORD_WITH_CAPITAL.finditer(bare)):
        word = make_plain(found[0]).strip("'’-").replace("’", "'")
        begins = not bare[: found.start()].strip(" \"'“”‘’¿¡([-—–")
        after_mark = bool(re.search(r"[:;.!?…»”\"(\[]\s*[¿¡]?$", bare[: found.start()]))
        if word in ("i", "i'm", "i've", "i'll", "i'd") or stem(word) in known:
            continue
        if (begins or after_mark) and word.split("'")[0] in OPENERS:
            continue
        if word in ("am", "pm") and bare[: found.start()].rstrip()[-1:].isdigit():
            continue
        if not word or place > 200:
            continue
        return Struck.NAME, found[0]
    return None


def is_courtesy(text: str, said: Said, *, post: str, sources: Mapping[int, Source]) -> bool:
    """Whether a sentence is one of a closed list that greet, thank or regret a wait.

    What it may be "about" is named in words that stand both in the post and in a source: the post
    alone must not put words into the agency's mouth.
    """
    given = [clean(one.text) for one in sources.values()]
    for part in find_unfilled(text):
        if not any(part in one for one in given):
            return False
        text = text.replace(part, " ")
    matched = match_courtesy(text)
    if matched is None:
        return False
    about = say(matched)
    if about.marks or about.denies:
        return False
    known = say(clean(post)).stems & {word for one in given for word in say(one).stems}
    return about.stems <= known and (not matched or bool(about.stems))


def _promises(text: str, *, now: datetime) -> bool:
    return bool(find_promises(text, now=now) or _PROMISED.search(make_plain(text)))


def _compare(
    found: Judged, said: Said, texts: Sequence[str], *, lang: str, now: datetime
) -> Judged:
    """Whether the sources that a sentence cites say it, as far as words can tell."""
    parts = [say(text[a:b]) for text in texts for a, b in read_text(text).sentences]
    if any(one.text.split() == said.text.split() for one in parts):
        return found
    if _promises(said.text, now=now):
        # The words around a promise decide what is promised: the source's own must hold them.
        parts = [one for one in parts if _promises(one.text, now=now)]
        if not parts:
            return _strike(found, Struck.PROMISE, "")
    marks = say(_TIME_OF_DAY.sub(" ", said.text)).marks
    if marks:
        # Numbers of one thing do not become those of another: one sentence must hold them all.
        parts = [one for one in parts if fits(marks, one.marks)]
        if not parts:
            return _strike(found, Struck.MIXED, said.text[marks[0].start : marks[0].end])
    elsewhere = [lang_of for text in texts if (lang_of := read_text(text).lang) != "und"]
    if elsewhere and lang not in elsewhere:
        # Words cannot be compared over languages: what could be was, and a person is told.
        return Judged(text=found.text, cites=found.cites, translated=True)
    words = said.stems
    if not words:
        return _strike(found, Struck.UNSUPPORTED, "")
    promises = _promises(said.text, now=now)
    own = words - GLUE - {word for text in texts for word in say(text).stems}
    shared = _SHARED_WITH_MARKS if marks else _SHARED_WITH_ONE
    nearest = max(parts, key=lambda one: len(words & one.stems), default=None)
    if (
        nearest is None
        or len(own) > (0 if promises else len(words) // _OWN_WORD_IN)
        or len(words & nearest.stems) < shared * len(words - GLUE)
        or not words - GLUE
    ):
        what = min(own, default="")
        if promises:
            return _strike(found, Struck.PROMISE, what)
        # All its words are in the sources, and all its numbers: they belong to different things.
        return _strike(found, Struck.MIXED if marks and not own else Struck.UNSUPPORTED, what)
    if nearest.denies != said.denies:
        return _strike(found, Struck.OPPOSITE, "")
    return found
