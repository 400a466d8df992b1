"""What a reply form carries."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.http import QueryDict

from levelhead.replies.actions import LONGEST

TOKEN_LIMIT = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyForm:
    """The words and the token that makes the same form sent twice one reply."""

    text: str
    token: str


def new_reply_form() -> ReplyForm:
    """An empty form with a token of its own."""
    return ReplyForm(text="", token=secrets.token_urlsafe(18))


def read_reply_form(given: QueryDict) -> ReplyForm:
    """The form as it was sent; the action checks it."""
    text = given.get("text", "").replace("\r\n", "\n")
    return ReplyForm(text=text[: LONGEST + 1], token=given.get("form_token", "")[: TOKEN_LIMIT + 1])
