"""A row of Today: the post, and in words why it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models.functions import Left
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency
from levelhead.doctrine.triage import reason_text
from levelhead.inbox.models import Assessment, Case, Post
from levelhead.inbox.queries import EXCERPT
from levelhead.knowledge.domain import AnswerState
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import today_of
from levelhead.today.domain import Section
from levelhead.web.posttext import shift_spans, show_plain, show_text

# Of a post that may break a clause so much is read, to show the place that says so.
_READ: Final = 4_000
_BEFORE_SPAN: Final = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class TodayRow:
    """A post of a part."""

    case: Case
    # The post's words, as far as they show, made safe.
    words: SafeString
    reason: str
    # The approved answer that fits, while it may be offered.
    answer: Answer | None = None
    # The answer that was found is not in use any more; another is being looked for.
    answer_gone: bool = False


def describe(agency: Agency, ids: Mapping[Section, Sequence[int]]) -> dict[Section, list[TodayRow]]:
    """The rows of several parts, in order; read together."""
    wanted = [pk for found in ids.values() for pk in found]
    cases = (
        Case.objects.filter(agency=agency)
        .select_related("post__author", "channel", "owner", "answer")
        .defer(
            "post__text", "post__raw", "channel__settings", "channel__sealed_secrets",
            "channel__cursor", "answer__texts", "answer__questions", "answer__words",
        )
        .annotate(excerpt=Left("post__text", EXCERPT))
        .in_bulk(wanted)
        if wanted
        else {}
    )  # fmt: skip
    marked = _mark_spans(agency, ids.get(Section.CLAUSE, ()))
    today = today_of(agency)
    rows: dict[Section, list[TodayRow]] = {}
    for section, found in ids.items():
        rows[section] = []
        for pk in found:
            case = cases.get(pk)
            if case is None:
                continue
            answer = case.answer if section is Section.FITS else None
            usable = (
                answer is not None
                and answer.state == AnswerState.APPROVED
                and not answer.stale_on(today)
            )
            rows[section].append(
                TodayRow(
                    case=case,
                    words=marked.get(pk) or show_plain(case.excerpt),
                    reason=reason_of(case),
                    answer=answer if usable else None,
                    answer_gone=answer is not None and not usable,
                )
            )
    return rows


def reason_of(case: Case) -> str:
    """Why the post is where it is: the first sentence of its rule, or that a person said so."""
    if case.corrected:
        return _("A person decided this.")
    lang = (get_language() or "en")[:2]
    return reason_text(case.rule, lang).partition(". ")[0].rstrip(".") + "."


def _mark_spans(agency: Agency, ids: Sequence[int]) -> dict[int, SafeString]:
    """The words around what may break a clause, with the place marked."""
    if not ids:
        return {}
    texts = dict(
        Post.objects.filter(agency=agency, pk__in=ids).values_list("pk", Left("text", _READ))
    )
    revisions = dict(Post.objects.filter(agency=agency, pk__in=ids).values_list("pk", "revision"))
    marked = {}
    for kept in Assessment.objects.filter(agency=agency, pk__in=ids):
        spans = _read_spans(kept.scores) if kept.revision == revisions[kept.pk] else []
        if not spans:
            continue
        text = texts[kept.pk]
        begin = max(0, spans[0][0] - _BEFORE_SPAN)
        end = begin + EXCERPT
        shown = show_text(text[begin:end], shift_spans(spans, begin, end))
        marked[kept.pk] = SafeString("…" + shown if begin else shown)
    return marked


def _read_spans(scores: str) -> list[tuple[int, int]]:
    try:
        spans = json.loads(scores).get("spans", [])
        return sorted((int(span["start"]), int(span["end"])) for span in spans)
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
