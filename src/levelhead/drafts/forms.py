"""What the reply form carries of the draft in it."""

from __future__ import annotations

from django.http import QueryDict

from levelhead.drafts.actions import KEY_LIMIT, Typed
from levelhead.drafts.domain import NAME_LIMIT, TEXT_LIMIT
from levelhead.presence.domain import NO_WINDOW, is_window


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def read_typed(given: QueryDict) -> Typed:
    """The words, and which draft they are of; the action checks them."""
    name = given.get("draft_name")
    answers = [one for one in given.get("answers", "")[:200].split() if _number(one) is not None]
    return Typed(
        text=given.get("text", "").replace("\r\n", "\n")[: TEXT_LIMIT + 1],
        key=given.get("form_token", "")[: KEY_LIMIT + 1],
        draft_id=_number(given.get("draft", "")),
        version=_number(given.get("draft_version", "")),
        name=None if name is None else name[: NAME_LIMIT + 1],
        answers=" ".join(answers),
        research=_number(given.get("research", "")),
    )


def read_window(given: QueryDict) -> str:
    """The window that a page says it is; a page without scripts says none."""
    window = given.get("window", "")
    return window if is_window(window) else NO_WINDOW
