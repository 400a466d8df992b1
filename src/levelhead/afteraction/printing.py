"""The report as a PDF that screen readers can read: tagged, PDF/UA-1 where letters suffice."""

from __future__ import annotations

import json
from importlib import resources
from typing import Final

import structlog
import typst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from levelhead.afteraction.wording import Pages, Table

log = structlog.get_logger()

# Share of the width that a column gets, by the length of its longest cell.
_NARROW: Final = 6
_WIDE: Final = 40


def print_pages(pages: Pages, *, author: str) -> bytes:
    """The PDF of a report."""
    told = {
        "title": pages.title,
        "author": author,
        "subtitle": pages.subtitle,
        "lang": (get_language() or "en")[:2],
        "names": [_("What"), _("As known")],
        "summary": [list(row) for row in pages.summary],
        "tables": [
            {
                "title": table.title, "columns": list(table.columns),
                "rows": [list(row) for row in table.rows], "empty": table.empty or _("None."),
                "widths": _widths(table),
            }
            for table in pages.tables
        ],
    }  # fmt: skip
    source = resources.files("levelhead.afteraction").joinpath("data/report.typ").read_bytes()
    inputs = {"report": json.dumps(told)}
    try:
        made: bytes = typst.compile(source, sys_inputs=inputs, pdf_standards="ua-1")
    except typst.TypstError as error:
        # A script for which this machine has no letters: still tagged, without the claim.
        log.warning("the report is printed without all of its letters", why=str(error)[:300])
        made = typst.compile(source, sys_inputs=inputs)
    return made


def _widths(table: Table) -> list[int]:
    return [
        min(_WIDE, max(_NARROW, *(len(cell) for cell in cells)))
        for cells in zip(table.columns, *table.rows, strict=True)
    ]
