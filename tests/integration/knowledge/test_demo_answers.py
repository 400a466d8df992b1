"""The sample agency's answers are found by what people of its day ask."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from django.test import TestCase

import levelhead.demo
from levelhead.accounts.models import Agency
from levelhead.demo.installing import install_demo
from levelhead.knowledge.finding import find_best, shelves
from levelhead.knowledge.fitting import SURE_FROM
from levelhead.knowledge.models import Answer

DAY = Path(levelhead.demo.__file__).with_name("day")
# Words of a post of the day, and of the title of the answer that says it.
ASKED = {
    "come in to be fingerprinted": "Fingerprinting",
    "my car got towed off 4th": "towed vehicle",
    "Subject: Tow fee": "towed vehicle",
    "Somebody opened a store card": "identity theft online",
    "missed jury duty": "demand payment",
    "How much is a copy of an accident report": "accident report",
    "accident report from Saturday": "accident report",
    "Will they carry weapons": "drone policy",
    "Fire pit with a lid and a screen": "burn ban",
    "fire pit with a spark screen": "burn ban",
    "film a traffic stop": "complaint",
    "fingerprinted for a teaching license": "Fingerprinting",
    "I want to become an officer": "Applying",
    "block party permit": "Permits",
    "noise permit": "Permits",
}


def posts_of_the_day() -> list[str]:
    files = [file.read_text(encoding="utf-8") for file in sorted(DAY.glob("*.jsonl"))]
    lines = [line for text in files for line in text.splitlines()]
    return [text for line in lines if "?" in (text := json.loads(line).get("text", ""))]


class DemoAnswersTest(TestCase):
    def test_they_are_approved_by_another_and_found_in_the_day(self) -> None:
        shelves.forget()
        self.addCleanup(shelves.forget)
        with tempfile.TemporaryDirectory() as folder:
            install_demo(data=Path(folder), speed=60)
        agency = Agency.objects.get(slug="riverton-pd")
        answers = Answer.objects.filter(agency=agency)
        assert answers.count() == 14
        for answer in answers:
            assert answer.state == "approved"
            assert answer.approved_by_id != answer.edited_by_id
            assert len(answer.questions["en"]) >= 3
            assert len(answer.questions["es"]) >= 3
            assert len(answer.forms.get("en", {}).get("short", "")) <= 300
        assert not Answer.objects.exclude(agency=agency).exists()
        texts = posts_of_the_day()
        found = find_best(agency, texts=texts, lang="en")
        assert found is not None
        sure = {
            text: one.title
            for text, one in zip(texts, found, strict=True)
            if one is not None and one.percent >= SURE_FROM["en"]
        }
        right = {
            words
            for words, title in ASKED.items()
            if any(words in text and title in found_title for text, found_title in sure.items())
        }
        assert len(right) >= len(ASKED) - 1, set(ASKED) - right
        wrong = [text for text in sure if not any(words in text for words in right)]
        assert len(wrong) <= 1, wrong
