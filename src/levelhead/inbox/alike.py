"""Finding the conversation that a post may belong with: by person, words, link or id. Bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.db.models import Q

from levelhead.accounts.models import Agency
from levelhead.inbox.models import Case, Note, Post
from levelhead.inbox.newest import NO_ID
from levelhead.inbox.search import find_post_ids, search_words
from levelhead.inbox.walking import MOST_AUTHORS, find_author_ids, walk_authors
from levelhead.kernel.errors import NotFound

FOUND: Final = 10
# Posts looked at per way of finding.
LOOKED: Final = 60
# A platform's link is looked for among so many of the newest posts.
RECENT: Final = 20_000
PREVIEWED: Final = 5
COUNTED: Final = 1_000
_LONG: Final = 5
_ID: Final = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A conversation, by its newest post that fits."""

    case: Case
    # "person", "words", "link".
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a person looks at before two conversations become one."""

    case: Case
    shape: int
    posts: list[Post]
    count: int
    more: bool
    notes: int


def find_joinable(
    agency: Agency, case: Case, words: str, *, without: Iterable[int] = ()
) -> list[Found]:
    """Conversations that may be about the same: the person's first, then those with the words.

    `without` are conversations that were chosen already.
    """
    words = words.strip()
    if words:
        ways = [("link", _by_link(agency, words))]
        if not ways[0][1]:
            ways += [
                ("person", _by_people(find_author_ids(agency, words)[:MOST_AUTHORS])),
                ("words", _by_words(agency, words)),
            ]
    else:
        ways = [("person", _by_person(agency, case)), ("words", _by_its_words(agency, case))]
    found: dict[int, Found] = {}
    for why, ids in ways:
        rows = (
            Case.objects.filter(agency=agency, pk__in=ids)
            .exclude(conversation_id__in={case.conversation_id, *without})
            .select_related("post__author", "channel")
            .defer("post__raw", "channel__settings", "channel__sealed_secrets")
        )
        for row in rows.order_by("-post_id")[:LOOKED]:
            if len(found) < FOUND:
                found.setdefault(row.conversation_id, Found(case=row, why=why))
    return list(found.values())


def _by_person(agency: Agency, case: Case) -> list[int]:
    author = case.post.author
    if author is None:
        return []
    people = {author.pk}
    # The same name on another channel may be the same person: a person decides.
    for name in {author.handle, author.name} - {""}:
        people.update(find_author_ids(agency, name)[:MOST_AUTHORS])
    return _by_people(people)


def _by_people(authors: Iterable[int]) -> list[int]:
    return walk_authors(sorted(authors)[:MOST_AUTHORS], 0, NO_ID, LOOKED)


def _by_words(agency: Agency, words: str) -> list[int]:
    return find_post_ids(agency_id=agency.pk, query=words, before=NO_ID, limit=LOOKED)


def _by_its_words(agency: Agency, case: Case) -> list[int]:
    """Posts that share its longest words: all three of them, or else two."""
    seen = dict.fromkeys(word.casefold() for word in search_words(case.post.text[:400]))
    long = sorted((word for word in seen if len(word) >= _LONG), key=len, reverse=True)[:3]
    ids = _by_words(agency, _quoted(long)) if len(long) == 3 else []
    if len(ids) <= 1 and len(long) >= 2:
        ids = _by_words(agency, _quoted(long[:2]))
    return ids


def _quoted(words: list[str]) -> str:
    """Whole words: the last of a search may else be a beginning."""
    return " ".join(f'"{word}"' for word in words)


def _by_link(agency: Agency, text: str) -> list[int]:
    """A post by its link on the platform or on this desk, or by an id."""
    if _ID.fullmatch(text):
        number = min(int(text), NO_ID)
        rows = Case.objects.filter(agency=agency)
        rows = rows.filter(Q(pk=number) | Q(conversation_id=number)).order_by("-pk")
        return list(rows.values_list("pk", flat=True)[:1])
    if not text.startswith(("http://", "https://", "at://")):
        return []
    try:
        path = urlsplit(text).path
    except ValueError:
        return []
    here = re.fullmatch(rf"/{re.escape(agency.slug)}/inbox/([0-9]{{1,19}})/?", path)
    if here:
        return [int(here[1])] if int(here[1]) <= NO_ID else []
    recent = Post.objects.filter(agency=agency).order_by("-received_at", "-pk")
    near = Post.objects.filter(pk__in=recent.values("pk")[:RECENT])
    return list(
        near.filter(Q(url=text) | Q(external_id=text)).values_list("pk", flat=True)[:LOOKED]
    )


def read_previews(agency: Agency, ids: list[int]) -> list[Preview]:
    """The conversations of these posts, in their order, each once. Raises NotFound."""
    rows = {
        row.pk: row
        for row in Case.objects.filter(agency=agency, pk__in=ids)
        .select_related("post__author", "post__conversation", "channel")
        .defer("post__raw", "channel__settings", "channel__sealed_secrets")
    }
    missing = [pk for pk in ids if pk not in rows]
    if missing:
        raise NotFound(f"There is no post {missing[0]} here.")
    found: dict[int, Preview] = {}
    for pk in ids:
        case = rows[pk]
        if case.conversation_id in found:
            continue
        posts = Post.objects.filter(conversation_id=case.conversation_id)
        shown = posts.select_related("author", "case", "channel").defer(
            "raw", "channel__settings", "channel__sealed_secrets"
        )
        count = posts.order_by()[: COUNTED + 1].count()
        found[case.conversation_id] = Preview(
            case=case,
            shape=case.post.conversation.shape,
            posts=list(shown.order_by("pk")[:PREVIEWED]),
            count=min(count, COUNTED),
            more=count > COUNTED,
            notes=Note.objects.filter(conversation_id=case.conversation_id)[:COUNTED].count(),
        )
    return list(found.values())
