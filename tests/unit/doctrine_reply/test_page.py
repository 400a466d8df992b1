"""The reference page says what the rules are."""

from pathlib import Path

from levelhead.doctrine.reply.domain import RuleName
from levelhead.doctrine.reply.page import render_page
from levelhead.doctrine.reply.rulebook import load_rulebook

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "reply-check.md"


def test_the_page_is_the_one_that_the_rules_write():
    page = PAGE.read_text(encoding="utf-8")
    assert page == render_page(load_rulebook())
    assert all(f"### {name.value}\n" in page for name in RuleName)
