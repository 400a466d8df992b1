"""What a reply form carries."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.http import QueryDict

from levelhead.replies.actions import LONGEST
from levelhead.replies.domain import find_unfilled

TOKEN_LIMIT = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyForm:
    """The words and the token that makes the same form sent twice one reply."""

    text: str
    token: str
    # The approved answers that it is written from.
    answer_ids: tuple[int, ...] = ()
    # The colleague's answer, released by the desk, that it is written from.
    research_id: int | None = None

    @property
    def answers(self) -> str:
        """The ids as the form carries them."""
        return " ".join(map(str, self.answer_ids))

    @property
    def unfilled(self) -> list[str]:
        """The parts that are still to fill in."""
        return find_unfilled(self.text)


def new_reply_form(
    *, text: str = "", answer_ids: tuple[int, ...] = (), research_id: int | None = None
) -> ReplyForm:
    """A form with a token of its own: empty, or with the answer that was chosen."""
    return ReplyForm(
        text=text,
        token=secrets.token_urlsafe(18),
        answer_ids=answer_ids,
        research_id=research_id,
    )


def read_reply_form(given: QueryDict) -> ReplyForm:
    """The form as it was sent; the action checks it."""
    text = given.get("text", "").replace("\r\n", "\n")
    research = given.get("research", "")
    return ReplyForm(
        text=text[: LONGEST + 1],
        research_id=(
            int(research)
            if research.isascii() and research.isdigit() and len(research) < 19
            else None
        ),
        token=given.get("form_token", "")[: TOKEN_LIMIT + 1],
        answer_ids=tuple(
            int(one)
            for one in given.get("answers", "")[:200].split()
            if one.isascii() and one.isdigit() and len(one) < 19
        ),
    )
