"""Whatever a model makes up: no number, day, link, phone or name reaches the box unsourced.

The model here is hypothesis: it takes true sentences apart and puts into them what it likes.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from levelhead.drafting.answers import read_answer
from levelhead.drafting.domain import Source, SourceKind, Written
from levelhead.drafting.verifying import verify

NOW = datetime(2026, 3, 16, 15, tzinfo=UTC)
TEXTS = (
    "Drones fly only to look for missing people and at fires. They do not film homes. The rules "
    "are at https://riverton.example/drones. The council meets on Tuesday, May 12 at 7 p.m.",
    "The front desk is open Monday to Friday, 8 to 5. Call 555-0100 or write to "
    "desk@riverton.example. A crash report costs $30.",
    "We will repair the water main on Elm Street by Friday. Water came back to 40 homes.",
)
SOURCES = {
    number: Source(number=number, kind=SourceKind.FACT, id=number, title="t", text=text)
    for number, text in enumerate(TEXTS, 1)
}
POST = "Is it true that 47 homes at 12 Oak Street get refunds by June 3? Call me: 555 867 5309."

FRAGMENTS = st.sampled_from(
    [
        "Drones fly only to look for missing people and at fires", "They do not film homes",
        "The rules are at", "The council meets on", "The front desk is open", "Call",
        "A crash report costs", "We will repair the water main on Elm Street by",
        "Water came back to", "homes", "or write to", "Thank you for asking about drones",
        "Hello", "We are sorry for the wait", "at", "on", "to", "and", ". ", "! ", "\n", ", ",
    ]
)  # fmt: skip
INVENTED = st.one_of(
    st.integers(0, 10**12).map(str),
    st.integers(1, 31).map(lambda day: f"June {day}"),
    st.sampled_from(
        [
            "555-0199", "(555) 867-5309", "+1 555 867 5309", "５５５０１９９",
            "٥٥٥", "five hundred",
            "$30", "$31", "40", "47", "8 to 6", "8 to 5", "7 p.m.", "7:30 PM", "19:00", "noon",
            "Monday", "Sunday", "tomorrow", "Friday", "May 12", "May 13", "2026-06-03", "6/3",
            "https://riverton.example/drones", "https://riverton.example/drones/pay",
            "riverton.evil.example", "hxxps://evil.example", "www.evil.example", "evil.example",
            "desk@riverton.example", "desk@evil.example", "@riverton", "#riverton",
            "https://riverton.example@evil.example", "javascript:alert(1)", "tel:5550199",
            "Martinez", "Dana Reyes", "Officer Lee", "Oak Street", "½", "Ⅻ", "²", "1​2", "1‮2",
            "[phone]", "[[amount]]", "<b>", "half", "twelve", "doce", "a dozen",
        ]
    ),
    st.text(max_size=12),
)  # fmt: skip
SENTENCES = st.lists(st.one_of(FRAGMENTS, INVENTED), min_size=1, max_size=7).map(" ".join)
ANSWERS = st.lists(
    st.tuples(SENTENCES, st.lists(st.integers(-1, 5), max_size=4)), min_size=1, max_size=5
)

_LINKISH = re.compile(
    r"(?i)\b[a-z]+://\S+|[\w.+-]+@[\w.-]+|(?<!\w)[@#]\w+|\b[\w-]+\.[a-z]{2,}\b\S*"
)
_DAYISH = re.compile(
    r"(?i)\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:january|february|march|april|june"
    r"|july|august|september|october|november|december)\b|\bMay\b|\b(?:today|tomorrow|tonight"
    r"|noon|midnight)\b"
)


def seen(text: str) -> str:
    """What a reader sees of it, found in another way than the product does."""
    shown = "".join(one for one in text if unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFKC", shown)


def digits(text: str) -> set[str]:
    runs = re.findall(r"\d+", seen(text))
    # Decimal digits of any script count as what they mean.
    plain = {"".join(str(unicodedata.decimal(one)) for one in run) for run in runs}
    # "7 p.m." may be said as 7:00 or 19:00.
    return plain - {"00"}


def allowed_digits(texts: list[str]) -> set[str]:
    found: set[str] = set().union(*(digits(text) for text in texts))
    later = re.findall(r"(\d{1,2})\s?p\.?m", " ".join(texts))
    return found | {str(int(hour) + 12) for hour in later}


def normal_link(text: str) -> str:
    return re.sub(r"^https?://", "", text.casefold()).rstrip(".,;:!?)/ …\"'")


def check(text: str, cited: list[str]) -> None:
    """The rule itself: all of it stands in a source that is cited."""
    assert digits(text) <= allowed_digits(cited), text
    links = {normal_link(one) for one in _LINKISH.findall(seen(text))}
    known = {normal_link(one) for one in _LINKISH.findall(" ".join(cited))}
    assert links <= known, text
    days = {one.casefold() for one in _DAYISH.findall(seen(text))}
    assert days <= {one.casefold() for one in _DAYISH.findall(" ".join(cited))}, text
    for name in ("martinez", "reyes", "lee", "oak", "june", "five hundred", "twelve", "dozen"):
        assert not re.search(rf"\b{name}\b", seen(text).casefold()), text


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANSWERS)
def test_nothing_made_up_reaches_the_box(rows: list[tuple[str, list[int]]]) -> None:
    said = json.dumps({"sentences": [{"text": text, "sources": cites} for text, cites in rows]})
    written, missing = read_answer(said)
    verdict = verify(written, SOURCES, post=POST, lang="en", now=NOW, missing=missing)
    kept = [one for one in verdict.sentences if one.struck is None]
    cited = {number for one in kept for number in one.cites}
    assert cited <= set(SOURCES)
    if verdict.text:
        check(verdict.text, [TEXTS[number - 1] for number in cited])
    for one in kept:
        check(one.text, [TEXTS[number - 1] for number in one.cites])
        # And it comes into the box as it was looked at.
        assert one.text in verdict.text or not verdict.text


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TEXTS), INVENTED, st.integers(0, 60))
def test_one_thing_made_up_inside_a_true_sentence(text: str, invented: str, place: int) -> None:
    words = text.split(" ")
    place %= len(words)
    bent = " ".join([*words[:place], invented, *words[place + 1 :]])
    number = TEXTS.index(text) + 1
    verdict = verify([Written(text=bent, cites=(number,))], SOURCES, post=POST, lang="en", now=NOW)
    check(verdict.text, [text])


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_an_answer_of_any_text_is_read_without_an_error(text: str) -> None:
    written, missing = read_answer(text)
    verify(written, SOURCES, post=POST, lang="en", now=NOW, missing=missing)


def test_the_check_itself_finds_what_is_made_up() -> None:
    """It would be no test if it could not fail."""
    for made_up in ("Call 555-0199.", "See evil.example.", "On Sunday.", "Martinez did it."):
        try:
            check(made_up, [TEXTS[0]])
        except AssertionError:
            continue
        raise RuntimeError(made_up)


def test_true_sentences_do_reach_the_box() -> None:
    """Nor if nothing ever passed."""
    for number, text in enumerate(TEXTS, 1):
        verdict = verify(
            [Written(text=text, cites=(number,))], SOURCES, post=POST, lang="en", now=NOW
        )
        assert verdict.text == text
