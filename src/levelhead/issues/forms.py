"""What people fill in about an issue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency, User
from levelhead.doctrine.escalation import CATALYSTS, QUESTIONS
from levelhead.inbox.pages import read_id
from levelhead.issues.domain import FINDINGS_LIMIT, MAX_EXAMPLES
from levelhead.issues.models import Issue
from levelhead.kernel.errors import Invalid

_SALT: Final = "levelhead.issues.evidence"
# A form that was open for longer shows figures of another day.
_SEEN_SECONDS: Final = 24 * 3600
_SEEN_LIMIT: Final = 100_000


def read_text(given: Mapping[str, str], name: str, limit: int = FINDINGS_LIMIT) -> str:
    """Words of a field, a little over the limit at most so that the action can say so."""
    return given.get(name, "").replace("\r\n", "\n")[: limit + 1]


def read_level(given: Mapping[str, str], name: str = "level") -> int | None:
    """A level, or none. What is neither is the highest number that no level has."""
    text = given.get(name, "")
    if not text:
        return None
    return int(text) if text in {"0", "1", "2", "3", "4"} else 9


def find_owner(agency: Agency, given: Mapping[str, str]) -> User:
    """The colleague that was chosen. Raises Invalid."""
    owner_id = read_id(given.get("owner"))
    owner = None
    if owner_id is not None:
        owner = User.objects.filter(pk=owner_id, memberships__agency=agency).first()
    if owner is None:
        raise Invalid(_("Choose a colleague of your agency."))
    return owner


def read_answers(given: QueryDict) -> dict[str, bool | None]:
    """Yes, no, or nothing yet, for each of the seven questions."""
    told = {"yes": True, "no": False}
    return {name: told.get(given.get(name, "")) for name in QUESTIONS}


def read_catalysts(given: QueryDict) -> list[str]:
    """The catalysts that were ticked."""
    ticked = set(given.getlist("catalyst")[:20])
    return [name for name in CATALYSTS if name in ticked]


def read_examples(given: QueryDict) -> list[int]:
    """The posts that were ticked."""
    found = (read_id(text) for text in given.getlist("example")[: MAX_EXAMPLES * 4])
    return [pk for pk in found if pk is not None]


def sign_evidence(issue: Issue, evidence: Mapping[str, Any]) -> str:
    """What is on the screen, to come back with the answers unchanged."""
    return signing.dumps({"issue": issue.pk, "seen": evidence}, salt=_SALT, compress=True)


def read_evidence_seen(issue: Issue, given: Mapping[str, str]) -> dict[str, Any]:
    """What was on the screen when the person answered. Raises Invalid."""
    try:
        token = given.get("seen", "")
        if len(token) > _SEEN_LIMIT:
            raise signing.BadSignature("too long")
        told = signing.loads(token, salt=_SALT, max_age=_SEEN_SECONDS)
    except signing.BadSignature as error:
        raise Invalid(
            _(
                "The page was open for too long, so it is not known what it showed. Your answers "
                "are still here: look at the figures and send them again."
            )
        ) from error
    if told["issue"] != issue.pk:
        raise Invalid(_("That form belongs to another issue."))
    seen: dict[str, Any] = told["seen"]
    return seen
