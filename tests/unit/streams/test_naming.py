"""What a topic is called: whole phrases that people wrote."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis.streams.naming import LONGEST_PHRASE, name_topic, split_hashtag
from levelhead.analysis.streams.terms import cut_terms


def name(*texts, clusters=None):
    counts = Counter(term for text in texts for term in cut_terms(text)[0])
    terms = [term for term, count in counts.most_common(8) if count > 1] or list(counts)
    return name_topic(terms, list(zip(texts, clusters or range(len(texts)), strict=True)))


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        # Dates, and months cut short.
        (
            ["Quake in Orvelo Nov 7", "BREAKING Orvelo Nov 7 quake", "Orvelo nov7: strong quake"],
            {"quake", "orvelo"},
        ),
        # Words of telling and sharing.
        (
            [
                "Haze PSI reading hits 155 at Kelwick Brink",
                "PSI reading hits 160 at Kelwick Brink",
                "Kelwick Brink, PSI reading hits 170",
            ],
            {"kelwick brink"},
        ),
        (
            [
                "Help find Marcus Oyelar share please",
                "missing: Marcus Oyelar, share",
                "Marcus Oyelar share share",
            ],
            {"marcus oyelar"},
        ),
        # Joined names stay whole.
        (
            [
                "Classes suspended in the province of Lunaria due to storm",
                "Province of Lunaria due for storm",
                "storm over the Province of Lunaria today",
            ],
            {"province of lunaria", "storm"},
        ),
        (
            ["Explosión en la fábrica de Montera", "la fábrica de Montera en llamas"],
            {"fábrica de montera"},
        ),
        # Hashtags taken apart, by capitals and by words around them.
        (
            [
                "#PortHavenFlood water rising",
                "Port Haven flood, stay away",
                "#porthavenflood: boats needed",
            ],
            {"port haven flood"},
        ),
        # What was cut off is no word.
        (
            ["Tram derailed at Osk...", "Tram derailed at Oskar Square", "tram derailed at Osk…"],
            {"tram derailed"},
        ),
        # One post: its names.
        (["yesterday Chief Dorrance covered up the beating at the jail"], {"chief dorrance"}),
    ],
)
def test_names(texts, names):
    assert set(name(*texts)) == names


def test_no_half_of_a_name():
    texts = [f"Nueva {place} under water" for place in ("Alba", "Corva", "Dunia")] * 2
    said = name(*texts)
    assert all(part != "nueva" for part in said)


def test_copies_of_one_text_do_not_name_what_many_say():
    copies = ["Grand Opening Sale at Bertil's Shoes"] * 12
    others = [
        "smoke over Harlow Quay",
        "Harlow Quay smells of smoke",
        "sirens, Harlow Quay",
        "avoid Harlow Quay",
    ]
    said = name(*copies, *others, clusters=[99] * 12 + [1, 2, 3, 4])
    assert said[0] == "harlow quay"


def test_hazards_name_it_where_nothing_else_does():
    assert name_topic(["~flood"], [("...", 1), ("!!!", 2)]) == ("flood",)
    assert name_topic([], [("12:30 !!!", 1)]) == ()


@pytest.mark.parametrize(
    ("tag", "known", "parts"),
    [
        ("#ElmStreetFire", (), ("Elm", "Street", "Fire")),
        ("#Elm_Street", (), ("Elm", "Street")),
        ("#USGS", (), ("USGS",)),
        ("#elmstreet", ("elm", "street"), ("elm", "street")),
        ("#prayforelm", ("pray", "for", "elm"), ("pray", "for", "elm")),
        ("#elmstreet", (), ("elmstreet",)),
    ],
)
def test_hashtags(tag, known, parts):
    assert split_hashtag(tag, frozenset(known)) == parts


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=80), st.integers(0, 3)), max_size=12))
def test_any_texts(texts):
    terms = [term for text, _ in texts for term in cut_terms(text)[0]][:8]
    said = name_topic(terms, texts)
    assert len(said) <= 3
    assert all(part and len(part.split()) <= LONGEST_PHRASE for part in said)
