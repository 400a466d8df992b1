"""Public holidays of the United States: the federal ones, and those of a state or territory."""

from __future__ import annotations

from datetime import date
from functools import cache, lru_cache
from typing import Final

from levelhead.kernel.errors import Invalid

COUNTRY: Final = "US"
# The library tells the day off in lieu by this; it goes by the name of its holiday.
_IN_LIEU: Final = " (observed)"


@cache
def regions() -> tuple[tuple[str, str], ...]:
    """What can be chosen: (key, name), the federal ones first, then states by name."""
    # Here, not above: commands that need no calendar start without it.
    from holidays.countries.united_states import UnitedStates

    names = {code: name for name, code in UnitedStates.subdivisions_aliases.items()}
    states = sorted((names.get(code, code), code) for code in UnitedStates.subdivisions)
    return ((COUNTRY, "Federal"), *((f"{COUNTRY}-{code}", name) for name, code in states))


def check_region(region: str) -> None:
    """Raise Invalid unless this is empty or one of `regions()`."""
    if region and region not in dict(regions()):
        raise Invalid(
            f"{region[:40]!r} has no holidays that we know; give US, or a state such as US-TX.",
            field="public_holidays",
        )


def names_on(region: str, day: date) -> tuple[str, ...]:
    """The names of the holidays on that day; none where it is an ordinary day."""
    return _year(region, day.year).get(day, ()) if region else ()


def names_between(region: str, first: date, last: date) -> list[tuple[date, tuple[str, ...]]]:
    """The holidays from `first` to `last`, both included, in order."""
    if not region:
        return []
    found = [
        (day, names)
        for year in range(first.year, last.year + 1)
        for day, names in _year(region, year).items()
        if first <= day <= last
    ]
    return sorted(found)


@lru_cache(maxsize=1_024)
def _year(region: str, year: int) -> dict[date, tuple[str, ...]]:
    from holidays import country_holidays

    _, _, state = region.partition("-")
    found = country_holidays(COUNTRY, subdiv=state or None, years=year, observed=True)
    return {
        day: tuple(dict.fromkeys(name.strip().removesuffix(_IN_LIEU) for name in told.split(";")))
        for day, told in found.items()
        if day.year == year
    }
