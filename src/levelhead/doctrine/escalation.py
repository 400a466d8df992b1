"""Issue or crisis: the test after Melissa Agnes (*Crisis Ready*), asked of a person. Pure.

A crisis stops business as usual to some extent and threatens in the long term. No count answers
this: the answers are a person's, and only a person declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Whether it stops the day's work, and whether leadership must decide now.
BUSINESS: Final = "business_stops"
LEADERSHIP: Final = "leadership_needed"
# What it may threaten for the long term.
THREATS: Final = (
    "threat_people", "threat_environment", "threat_operations", "threat_reputation",
    "threat_finances",
)  # fmt: skip
QUESTIONS: Final = (BUSINESS, LEADERSHIP, *THREATS)
# What makes it grow faster; they decide nothing by themselves.
CATALYSTS: Final = ("relatable", "visual", "press", "reach", "misconduct")


def is_crisis(answers: Mapping[str, bool]) -> bool:
    """Whether seven answers make a crisis; what is not one is an issue."""
    return answers[BUSINESS] and any(answers[name] for name in THREATS)
