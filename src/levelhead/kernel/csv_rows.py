"""Rows of CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

# What a spreadsheet would run as a formula, also behind blanks; and what hides one behind it.
_FORMULA: Final = ("=", "+", "-", "@")
_HIDES: Final = ("\t", "\r", "\n")


def safe_cell(cell: str) -> str:
    """The cell as text, whatever it begins with."""
    runs = cell.lstrip().startswith(_FORMULA) or cell.startswith(_HIDES)
    return "'" + cell if runs else cell


def csv_row(cells: Iterable[str]) -> str:
    """One line of CSV, with its end."""
    out = io.StringIO()
    csv.writer(out).writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()
