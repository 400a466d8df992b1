"""Writing the answer to a question that is asked often: its examples, and what we answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from levelhead.accounts.access import AgencyRequest
from levelhead.asked.models import AskedGroup
from levelhead.asked.queries import describe, find_group, last_replies
from levelhead.inbox.pages import read_id
from levelhead.knowledge.domain import clip_question
from levelhead.replies.models import Reply


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedFor:
    """The question that an answer is being written for."""

    group: AskedGroup
    # One a line, as the form has them.
    questions: str
    replies: Sequence[Reply]


def find_asked(request: AgencyRequest, group_id: str | None) -> AskedFor | None:
    """The question of an address or a form; None where none is named. Raises NotFound."""
    number = read_id(group_id)
    if number is None:
        return None
    group = find_group(request.agency, number)
    [row] = describe(request.agency, [group])
    lines = [clip_question(post.excerpt) for post in row.examples]  # type: ignore[attr-defined]
    return AskedFor(
        group=group,
        questions="\n".join(dict.fromkeys(line for line in lines if line)),
        replies=last_replies(group),
    )
