"""Finding approved answers: the one that fits, or none."""

from __future__ import annotations

import pytest

from levelhead.analysis.encoder import load_encoder
from levelhead.analysis.examples import find_similar, load_examples
from levelhead.analysis.retrieval import AnswerIndex, AnswerTexts

ANSWERS = [
    AnswerTexts(
        id="pool",
        texts=("When does the swimming pool open?", "pool hours", "Is the pool open on Sundays?"),
    ),
    AnswerTexts(
        id="trash",
        texts=("When is trash picked up?", "My garbage was not collected", "recycling day"),
    ),
    AnswerTexts(
        id="report",
        texts=("How do I get a copy of a police report?", "accident report request"),
    ),
    AnswerTexts(id="parking", texts=("How do I pay a parking ticket?", "contest a parking fine")),
]


@pytest.fixture(scope="module")
def index() -> AnswerIndex:
    return AnswerIndex(ANSWERS, load_encoder())


@pytest.mark.parametrize(
    ("post", "wanted"),
    [
        ("hey what time can we go swimming tomorrow, is the pool open?", "pool"),
        ("nobody picked up our garbage this week", "trash"),
        ("need the police report from my crash, how do i get it", "report"),
        ("where can I pay this parking ticket", "parking"),
    ],
)
def test_the_answer_that_fits_is_found(index: AnswerIndex, post: str, wanted: str) -> None:
    [matches] = index.find([post])
    assert matches[0].id == wanted
    assert matches[0].nearest in next(a for a in ANSWERS if a.id == wanted).texts
    assert matches[0].score > matches[1].score


@pytest.mark.parametrize(
    "post",
    ["my grandson was born last night!!", "the mayor's tax plan is theft", "lol", ""],
)
def test_where_none_fits_none_is_offered(index: AnswerIndex, post: str) -> None:
    [matches] = index.find([post])
    assert not any(match.fits for match in matches)


def test_without_answers_nothing_is_found() -> None:
    assert AnswerIndex([], load_encoder()).find(["hello"]) == [[]]
    with pytest.raises(ValueError, match="without texts"):
        AnswerIndex([AnswerTexts(id="empty", texts=())], load_encoder())


def test_one_answer_alone_can_be_found() -> None:
    [matches] = AnswerIndex(ANSWERS[:1], load_encoder()).find(["when does the pool open"])
    assert [match.id for match in matches] == ["pool"]


def test_an_example_is_most_like_itself() -> None:
    examples = load_examples()
    found = find_similar(examples.views[:5], examples)
    assert [like.text for like in found if like] == list(examples.texts[:5])
    assert all(like and like.similarity > 0.98 for like in found)
