"""Finding posts by their words, newest first and bounded, on both databases."""

from __future__ import annotations

import re
from typing import Final

from django.db import connection

QUERY_LIMIT: Final = 200
WORDS_LIMIT: Final = 8
_WORD: Final = re.compile(r"\w+", re.UNICODE)

# Both walk the agency's posts that hold all words, newest first, below a given id.
_SQLITE: Final = (
    "SELECT w.rowid FROM inbox_postwords w JOIN inbox_post p ON p.id = w.rowid "
    "WHERE inbox_postwords MATCH %s AND w.rowid < %s AND p.agency_id = %s "
    "ORDER BY w.rowid DESC LIMIT %s"
)
_POSTGRESQL: Final = (
    "SELECT id FROM inbox_post WHERE words @@ to_tsquery('simple', %s) AND id < %s "
    "AND agency_id = %s ORDER BY id DESC LIMIT %s"
)


def search_words(query: str) -> list[str]:
    """The words of a query: letters and digits only, so that no operator is left."""
    return _WORD.findall(query[:QUERY_LIMIT])[:WORDS_LIMIT]


def find_post_ids(*, agency_id: int, query: str, before: int, limit: int) -> list[int]:
    """Ids of posts that hold all words (the last one may be a beginning), newest first.

    Nothing where the query has no word.
    """
    words = search_words(query)
    if not words:
        return []
    if connection.vendor == "sqlite":
        statement = _SQLITE
        match = " ".join(f'"{word}"' for word in words) + " *"
    else:
        statement = _POSTGRESQL
        match = " & ".join(f"'{word}'" for word in words) + ":*"
    with connection.cursor() as cursor:
        cursor.execute(statement, [match, before, agency_id, limit])
        return [row[0] for row in cursor.fetchall()]
