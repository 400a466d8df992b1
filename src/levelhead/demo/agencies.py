"""The sample agencies, their people and their accounts, as `riverton.yaml` has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from levelhead.kernel.errors import Invalid

RIVERTON: Final = Path(__file__).with_name("riverton.yaml")


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoPerson:
    """Somebody who signs in; the password is made at set-up."""

    username: str
    name: str
    # What the agency calls the job.
    title: str
    # Value of accounts.domain.Role.
    role: str
    # What waits for this person, in the words of doctrine's `Decision.waits_for`.
    duties: tuple[str, ...]
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoChannel:
    """An account that plays a recorded stream and looks like one of a platform."""

    name: str
    slug: str
    looks_like: str
    handle: str
    # As the replay connector's setting "stream", such as "demo:bluesky".
    stream: str

    def play_settings(
        self,
        *,
        started_at: datetime,
        speed: float,
        outbox_folder: Path,
        begin_at_seconds: float = 0,
        repeat: bool = False,
    ) -> dict[str, object]:
        """The replay connector's settings for this channel."""
        return {
            "stream": self.stream,
            "started_at": started_at.isoformat(),
            "speed": speed,
            "begin_at_seconds": begin_at_seconds,
            "repeat": repeat,
            "looks_like": self.looks_like,
            "handle": self.handle,
            "outbox_file": str(outbox_folder / f"{self.slug}.jsonl"),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoAgency:
    """An agency with what belongs to it."""

    name: str
    slug: str
    zone: str
    # Day of the week -> [from, to] times, as doctrine's `Schedule.from_json` reads them.
    office_hours: dict[str, list[list[str]]]
    holidays: tuple[date, ...]
    people: tuple[DemoPerson, ...]
    channels: tuple[DemoChannel, ...]

    def schedule_json(self) -> dict[str, object]:
        """Office hours and holidays in the form that `Schedule.from_json` reads."""
        return {
            "zone": self.zone,
            "hours": self.office_hours,
            "holidays": [day.isoformat() for day in self.holidays],
        }


def load_agencies(path: Path = RIVERTON) -> tuple[DemoAgency, ...]:
    """The agencies of the file, in its order. Raises Invalid where the file is not of this form."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        return tuple(_read_agency(agency) for agency in given["agencies"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise Invalid(f"{path.name} does not describe agencies: {error!r}.") from error


def _read_agency(given: dict[str, Any]) -> DemoAgency:
    people = tuple(
        DemoPerson(**{**person, "duties": tuple(person["duties"])}) for person in given["people"]
    )
    channels = tuple(DemoChannel(**channel) for channel in given["channels"])
    return DemoAgency(
        **{
            **given,
            "holidays": tuple(given["holidays"]),
            "people": people,
            "channels": channels,
        }
    )
