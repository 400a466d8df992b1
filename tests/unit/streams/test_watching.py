"""Bursts in made streams: an emergency is heard, ordinary life is not, nothing grows."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelhead.analysis.streams import term_table, watching
from levelhead.analysis.streams.domain import Reading, StreamPost
from levelhead.analysis.streams.term_table import TermTable
from levelhead.analysis.streams.watching import StreamWatch
from levelhead.benchmarks.ordinary_bumps import BUMPS, fill
from levelhead.doctrine.levels import AlertBook, Level

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
EMERGENCY = [
    "Huge explosion at the Harlow cannery, windows broken all over the block",
    "Fire and black smoke over Harlow, cannery is burning",
    "Harlow cannery blew up, several injured being carried out",
    "explosion in Harlow, ambulances everywhere, stay away from the cannery",
    "Firefighters and police at the Harlow cannery, people trapped inside",
    "They are evacuating the streets around the Harlow cannery, toxic smoke",
    "Prayers for Harlow, terrible explosion at the cannery",
    "Explosión en la fábrica de Harlow, hay heridos y mucho humo",
    "cannery explosion heard ten miles from Harlow, roof collapsed",
    "Hospital in Harlow asks for blood after the cannery explosion",
]
ORDINARY = [
    "coffee with {who} before the long drive",
    "is the pool open on sunday",
    "trying the new noodle place on {road}",
    "dog parade pictures from {venue}",
    "who else is watching the lunar eclipse",
    "my bike was finally repaired",
    "library card renewed in two minutes",
    "choir rehearsal moved to thursday",
    "tomatoes are late this year",
    "somebody lost a red scarf near {venue}",
]


def read(texts):
    """A model that leans the right way, as far as one sees from the words."""
    told = ("harlow", "cannery", "explosi", "smoke")
    return [Reading(crisis=0.85 if any(w in t.lower() for w in told) else 0.06) for t in texts]


def ordinary(seconds, hourly, seed=1):
    draw = random.Random(seed)
    at, posts = 0.0, []
    while (at := at + draw.expovariate(hourly / 3600)) < seconds:
        text = draw.choice(ORDINARY) + f" {draw.choice(['!', '...', ''])}"
        text = text.format(who="Sam", road=f"Lane {draw.randrange(40)}", venue="the mill")
        posts.append((at, text))
    return posts


def stream(rows):
    return [
        StreamPost(id=f"p{k}", text=text, created_at=START + timedelta(seconds=at), author=f"a{k}")
        for k, (at, text) in enumerate(sorted(rows))
    ]


def watch(posts, reader=read, book=None):
    follower, book = StreamWatch(reader, ring=4096), book or AlertBook()
    return [alert for burst in follower.take(posts) if (alert := book.consider(burst)) is not None]


def test_an_emergency_is_heard_by_its_tenth_post():
    rows = ordinary(7200, 120) + [(7200 + 40 * k, text) for k, text in enumerate(EMERGENCY)]
    alerts = [alert for alert in watch(stream(rows)) if alert.level >= Level.ISSUE]
    assert len(alerts) == 1
    assert alerts[0].at <= START + timedelta(seconds=7200 + 40 * 9)
    assert "harlow" in " ".join(alerts[0].topic)
    texts = {post.id: post.text for post in stream(rows)}
    assert all(texts[example] in EMERGENCY for example in alerts[0].examples)
    assert alerts[0].kind == "level"
    assert alerts[0].reasons


def test_an_emergency_is_heard_in_the_first_minutes_of_an_installation():
    rows = ordinary(300, 120) + [(20 * k, text) for k, text in enumerate(EMERGENCY)]
    assert any(alert.level >= Level.ISSUE for alert in watch(stream(rows)))


@pytest.mark.parametrize("kind", sorted(BUMPS))
def test_an_ordinary_bump_stays_below_two(kind):
    draw = random.Random(4)
    rows = ordinary(4 * 3600, 120)
    rows += [(7200 + draw.expovariate(1 / 1200), fill(kind, 0.3, draw)) for _ in range(60)]
    assert all(alert.level < Level.ISSUE for alert in watch(stream(rows)))


def test_volume_alone_is_level_one_and_said_again_only_as_it_grows():
    rows = ordinary(4 * 3600, 120)
    rows += [
        (7200 + 20 * k, f"The Otters parade was number {k} on my list, what a parade")
        for k in range(80)
    ]
    about = [alert for alert in watch(stream(rows)) if "parade" in " ".join(alert.topic)]
    assert {alert.level for alert in about} == {Level.WATCH}
    assert [alert.kind for alert in about] == ["burst", "update", "update"]
    assert len({alert.burst for alert in about}) == 1


ACCUSED = [
    "Superintendent Varga lied about the death in cell nine, Varga must resign",
    "Why did Superintendent Varga hide this? He lied to the family about cell nine",
    "Superintendent Varga deleted the footage of cell nine. Resign!",
    "Cell nine: Superintendent Varga tampered with the report, we want his resignation",
]


@pytest.mark.parametrize("texts", [ACCUSED, ACCUSED[:1]])
def test_an_accusation_that_spreads_rises_and_is_told_again(texts):
    rows = ordinary(7200, 120) + [(7200 + k, texts[k % len(texts)]) for k in range(300)]
    alerts = [alert for alert in watch(stream(rows)) if "varga" in " ".join(alert.topic)]
    assert alerts[0].level == Level.ISSUE
    assert alerts[0].at == START + timedelta(seconds=7200)
    assert max(alert.level for alert in alerts) == Level.SERIOUS
    assert len({alert.burst for alert in alerts}) == 1
    told = [alert.spread for alert in alerts]
    assert told == sorted(told)
    assert told[-1] >= 150
    assert 4 <= len(alerts) <= 10


def test_one_author_who_repeats_an_accusation_raises_nothing_more():
    posts = stream(ordinary(7200, 120)) + [
        StreamPost(
            id=f"v{k}",
            text=ACCUSED[k % 4],
            created_at=START + timedelta(seconds=7200 + k),
            author="one",
        )
        for k in range(300)
    ]
    alerts = [alert for alert in watch(posts) if alert.level >= Level.ISSUE]
    assert [alert.level for alert in alerts] == [Level.ISSUE]


@pytest.mark.parametrize(
    "text",
    [
        "The chief of the fire crew taught my daughter to cover up a burn",
        "Mayor Ilves spoke at the school fair about the new pool",
        "the captain lied about the score again, great match",
        "March is the month when the sheriff's band plays at the square",
    ],
)
def test_ordinary_talk_of_officials_stays_below_two(text):
    rows = ordinary(7200, 120) + [(7200 + 3 * k, f"{text} {'!' * (k % 4)}") for k in range(60)]
    calm = lambda texts: [Reading(crisis=0.05)] * len(texts)  # noqa: E731
    assert all(alert.level < Level.ISSUE for alert in watch(stream(rows), calm))


TRAPPED = [
    "families trapped above the Harlow cannery, fire on the stairs",
    "two workers are hurt and carried out of the cannery in Harlow",
    "someone screaming from a window of the Harlow cannery, smoke everywhere",
    "hay gente atrapada en la fábrica de Harlow por la explosión, la cannery arde",
]


def test_an_emergency_in_which_others_tell_of_lives_at_stake_is_proposed_as_a_crisis():
    texts = EMERGENCY + TRAPPED
    rows = ordinary(7200, 120) + [(7200 + 4 * k, texts[k % len(texts)]) for k in range(120)]
    alerts = [alert for alert in watch(stream(rows)) if alert.level >= Level.ISSUE]
    crisis = next(alert for alert in alerts if alert.level == Level.CRISIS)
    assert crisis.at <= START + timedelta(seconds=7200 + 180)
    assert "hurt, trapped or missing" in crisis.reasons[0]
    told = {post.id: post.text for post in stream(rows)}
    assert {told[example] for example in crisis.examples} & set(TRAPPED + EMERGENCY[2:6])


def test_an_emergency_in_which_nobody_is_said_to_be_hurt_is_serious_not_a_crisis():
    texts = [
        "Big warehouse blaze on Tolliver Quay, the roof is gone",
        "flames over Tolliver Quay, fire engines from three towns",
        "Tolliver Quay fire: black smoke drifting over the river",
        "warehouse burning at Tolliver Quay, you can see it from the bridge",
        "Tolliver Quay blaze, firefighters keep everybody back",
        "evacuation of the offices at Tolliver Quay because of the fire",
        "the fire at Tolliver Quay is still burning, sirens all over",
    ]
    hot = lambda given: [Reading(crisis=0.9 if "olliver" in t else 0.05) for t in given]  # noqa: E731
    rows = ordinary(7200, 120) + [(7200 + 4 * k, texts[k % len(texts)]) for k in range(150)]
    alerts = watch(stream(rows), hot)
    assert max(alert.level for alert in alerts) == Level.SERIOUS


def test_a_flood_is_counted_beyond_what_is_kept_of_it():
    posts = [
        StreamPost(
            id=k,
            text=f"the viaduct at Ostrel is shaking number {k % 97}",
            created_at=START + timedelta(seconds=k / 20),
            author=str(k),
        )
        for k in range(12_000)
    ]
    last = [alert for alert in watch(posts) if "ostrel" in " ".join(alert.topic)][-1]
    assert last.posts > watching.RECENT
    assert last.spread > watching.RECENT


def test_copies_by_one_author_are_one_voice():
    rows = ordinary(7200, 120)
    posts = stream(rows) + [
        StreamPost(
            id=f"x{k}",
            text=EMERGENCY[0],
            created_at=START + timedelta(seconds=7200 + k),
            author="one",
        )
        for k in range(40)
    ]
    assert all(alert.level < Level.ISSUE for alert in watch(posts))


def test_copies_by_many_are_told():
    text = "Nobody should trust the city with the new river tax, pass it on"
    posts = [
        StreamPost(
            id=k,
            text=f"{text} {'!' * (k % 3)}",
            created_at=START + timedelta(seconds=k),
            author=str(k),
        )
        for k in range(30)
    ]
    bursts = StreamWatch(None, ring=256).take(posts)
    assert bursts
    assert bursts[-1].evidence["copies"] >= 10
    assert bursts[-1].evidence["copy_authors"] == bursts[-1].evidence["copies"]


def test_one_plain_plea_is_enough():
    plea = "we are trapped on the second floor, smoke in the building, please send help"
    reader = lambda texts: [Reading(crisis=0.9 if t == plea else 0.05) for t in texts]  # noqa: E731
    alerts = watch(stream([*ordinary(3600, 60), (1800.0, plea)]), reader)
    assert [alert.level for alert in alerts if alert.level] == [Level.CRISIS]


def test_a_plea_in_jest_is_not():
    text = "lol i'm trapped in the closet with water and snacks, we're hiding from the kids"
    assert all(a.level < 4 for a in watch(stream([(1.0, text)]), lambda t: [Reading(crisis=0.9)]))


def test_batches_change_nothing():
    rows = ordinary(3600, 200) + [(1800 + 9 * k, text) for k, text in enumerate(EMERGENCY)]
    posts = stream(rows)
    whole = StreamWatch(read, ring=512).take(posts)
    one_by_one = StreamWatch(read, ring=512)
    assert [burst for post in posts for burst in one_by_one.take([post])] == whole


def test_terms_are_forgotten_least_first():
    table = TermTable(capacity=100)
    for k in range(1000):
        table.count(["often", f"rare{k}"], float(k), warm=False)
    assert len(table.cells) <= 101
    assert "often" in table.cells
    assert "rare0" not in table.cells


TIMES = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))
TEXTS = st.one_of(
    st.text(max_size=60), st.sampled_from(EMERGENCY), st.sampled_from(["", "fire", "#flood #yyc"])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXTS, TIMES, st.sampled_from([None, "a", "b", "c"])), max_size=80))
def test_any_stream(rows):
    follower, book = StreamWatch(read, ring=32), AlertBook()
    seen = set()
    last = None
    for k, (text, at, author) in enumerate(rows):
        seen.add(k)
        created = at
        for burst in follower.take(
            [StreamPost(id=k, text=text, created_at=created, author=author)]
        ):
            alert = book.consider(burst)
            if alert is None:
                continue
            assert set(alert.examples) <= seen
            assert alert.examples
            assert last is None or alert.at >= last
            assert 0 <= alert.level <= 4
            assert alert.reasons
            last = alert.at


def test_memory_stays_bounded(monkeypatch):
    monkeypatch.setattr(term_table, "CAPACITY", 500)
    draw = random.Random(9)
    follower = StreamWatch(read, ring=256)
    follower._table = TermTable(500)
    for start in range(0, 6000, 500):
        follower.take(
            [
                StreamPost(
                    id=k,
                    text=f"fire at w{draw.randrange(10**6)} and v{draw.randrange(10**6)}",
                    created_at=START + timedelta(seconds=k),
                )
                for k in range(start, start + 500)
            ]
        )
    assert len(follower._table.cells) <= 501
    assert len(follower._recent) <= watching.RECENT
    assert len(follower._warm) <= watching.RECENT_WARM
    assert len(follower._topics) <= watching.MAX_TOPICS
