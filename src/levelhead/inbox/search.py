"""Finding posts by their words, newest first and bounded, on both databases."""

from __future__ import annotations

import re
from typing import Final

from django.db import connection

QUERY_LIMIT: Final = 200
WORDS_LIMIT: Final = 8
_WORD: Final = re.compile(r"\w+", re.UNICODE)
_QUOTED: Final = re.compile(r'"([^"]*)"')
# A shorter beginning fits so many words that gathering their posts would take seconds.
BEGINNING: Final = 4

# Both walk the agency's posts that hold all words, newest first, between two ids.
_SQLITE: Final = (
    "SELECT w.rowid FROM inbox_postwords w JOIN inbox_post p ON p.id = w.rowid "
    "WHERE inbox_postwords MATCH %s AND w.rowid < %s AND w.rowid >= %s AND p.agency_id = %s "
    "ORDER BY w.rowid DESC LIMIT %s"
)
_POSTGRESQL: Final = (
    "SELECT id FROM inbox_post WHERE words @@ to_tsquery('simple', %s) AND id < %s AND id >= %s "
    "AND agency_id = %s ORDER BY id DESC LIMIT %s"
)


def search_words(query: str) -> list[str]:
    """The words of a query: letters and digits only, so that no operator is left."""
    return _WORD.findall(query[:QUERY_LIMIT])[:WORDS_LIMIT]


def search_terms(query: str) -> list[tuple[str, ...]]:
    """The words of a query, each alone, and those between quotation marks together."""
    terms: list[tuple[str, ...]] = []
    room = WORDS_LIMIT
    for place, part in enumerate(_QUOTED.split(query[:QUERY_LIMIT])):
        words = _WORD.findall(part)[:room]
        room -= len(words)
        # What the pattern captured stands at the odd places.
        terms += [tuple(words)] if place % 2 and words else [(word,) for word in words]
    return terms


def _ends_in_beginning(query: str, terms: list[tuple[str, ...]]) -> bool:
    """Whether the last word may be the beginning of one: alone, and long enough."""
    if len(terms[-1]) > 1 or len(terms[-1][0]) < BEGINNING:
        return False
    return not query[:QUERY_LIMIT].rstrip().endswith('"') or query.count('"') % 2 == 1


def find_post_ids(
    *, agency_id: int, query: str, before: int, limit: int, since: int = 0
) -> list[int]:
    """Ids of posts that hold all words and phrases, newest first, from `since` below `before`.

    The last word may be a beginning. Nothing where the query has no word.
    """
    terms = search_terms(query)
    if not terms:
        return []
    beginning = _ends_in_beginning(query, terms)
    values: list[str | int]
    if connection.vendor == "sqlite":
        statement = _SQLITE
        match = " ".join('"' + " ".join(words) + '"' for words in terms)
        match += " *" if beginning else ""
    else:
        statement = _POSTGRESQL
        phrases = [" <-> ".join(f"'{word}'" for word in words) for words in terms]
        match = " & ".join(f"({phrase})" for phrase in phrases[:-1])
        last = phrases[-1] + ":*" if beginning else f"({phrases[-1]})"
        match = f"{match} & {last}" if match else last
    if not since and connection.vendor != "sqlite":
        statement, values = statement.replace(" AND id >= %s", ""), [match, before]
    else:
        values = [match, before, since]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, agency_id, limit])
        return [row[0] for row in cursor.fetchall()]
