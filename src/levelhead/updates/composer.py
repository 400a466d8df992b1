"""An update while it is written: languages, facts to tick, channels with their words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency
from levelhead.channels.models import Channel
from levelhead.incidents.domain import CADENCE
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.ledger.queries import FactLine
from levelhead.pictures.domain import MOST
from levelhead.pictures.models import Picture
from levelhead.posts.domain import Closed
from levelhead.posts.queries import count_characters
from levelhead.updates.domain import (
    Audience,
    Cited,
    PictureWish,
    ToChannel,
    UpdateKind,
    Wish,
    Words,
)
from levelhead.updates.framing import compose_for, frame_for, takes
from levelhead.updates.queries import SentUpdate

# Minutes to the next word, to choose from; those within the cadence of the level are shown.
MINUTES: Final = (15, 20, 30, 60, 120)


@dataclass(kw_only=True)
class FactRow:
    """A fact that can be ticked, or cannot yet."""

    line: FactLine
    ticked: bool = False
    # Language -> its words there; the first language has the fact's own.
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def value(self) -> str:
        """What the box sends: the fact in the version that the writer saw."""
        return f"{self.line.fact.pk}:{self.line.fact.version}"


@dataclass(kw_only=True)
class LanguageRow:
    """The fields of one language."""

    lang: str
    main: bool
    lead: str = ""
    unknown: str = ""
    doing: str = ""
    actions: dict[Audience, str] = field(default_factory=dict)

    @property
    def action_rows(self) -> list[tuple[str, str]]:
        """Every audience with what it should do."""
        return [(who.value, self.actions.get(who, "")) for who in Audience]

    @property
    def sent(self) -> bool:
        """Whether the update has this language: as soon as its first sentence is written."""
        return self.main or bool(self.lead.strip())


@dataclass(kw_only=True)
class PictureRow:
    """A picture that was given, with what it shows."""

    picture: Picture
    alts: dict[str, str] = field(default_factory=dict)
    # Chosen to be left out again.
    dropped: bool = False

    def alt(self, lang: str) -> str:
        """What it shows, in this language or else in one that was written."""
        return self.alts.get(lang) or next(filter(None, self.alts.values()), "")


@dataclass(kw_only=True)
class ChannelRow:
    """A channel with the words for it."""

    channel: Channel
    closed: Closed | None
    limit: int | None
    chosen: bool = False
    lang: str = ""
    text: str = ""
    # What the program made of the update for it; words that differ are a person's and stay.
    made: str = ""
    error: str = ""
    # How many pictures a post there can carry.
    most_pictures: int = 0

    @property
    def edited(self) -> bool:
        """Whether a person wrote other words than were made."""
        return bool(self.text) and self.text != self.made

    @property
    def length(self) -> int:
        """As the platform counts."""
        return count_characters(self.channel, self.text)

    @property
    def over(self) -> int:
        """Characters beyond the limit."""
        return max(0, self.length - self.limit) if self.limit is not None else 0


@dataclass(kw_only=True)
class Composer:
    """Everything that is in the form."""

    incident: Incident
    token: str
    after_number: int
    kind: UpdateKind = UpdateKind.WORD
    corrects: SentUpdate | None = None
    languages: list[LanguageRow] = field(default_factory=list)
    facts: list[FactRow] = field(default_factory=list)
    channels: list[ChannelRow] = field(default_factory=list)
    pictures: list[PictureRow] = field(default_factory=list)
    # "20" minutes, or "at" with a time of the day.
    next_choice: str = ""
    next_at: str = ""
    # Promised when the form was looked at: what is shown is what is sent.
    next_exact: str = ""
    # Why it goes although the gate holds it; on the record.
    all_the_same: str = ""
    # Facts that were ticked and are not what they were then.
    changed: int = 0

    @property
    def number(self) -> int:
        """The number that it gets, unless somebody is faster."""
        return self.after_number + 1

    @property
    def minutes(self) -> list[int]:
        """The choices within the cadence of the level."""
        most = CADENCE[self.incident.level]
        return [one for one in MINUTES if timedelta(minutes=one) <= most]

    @property
    def open_channels(self) -> list[ChannelRow]:
        """Those that take posts."""
        return [row for row in self.channels if row.closed is not Closed.READ_ONLY]

    @property
    def closed_channels(self) -> list[ChannelRow]:
        """Those that do not."""
        return [row for row in self.channels if row.closed is Closed.READ_ONLY]

    @property
    def chosen(self) -> list[ChannelRow]:
        """Where it goes."""
        return [row for row in self.open_channels if row.chosen]

    @property
    def sent_languages(self) -> list[LanguageRow]:
        """The languages that it has, the first one first."""
        return [row for row in self.languages if row.sent]

    @property
    def ticked(self) -> list[FactRow]:
        """The facts that it says."""
        return [row for row in self.facts if row.ticked]

    @property
    def shown_pictures(self) -> list[PictureRow]:
        """Those that it has."""
        return [row for row in self.pictures if not row.dropped]

    @property
    def room_for_pictures(self) -> int:
        """How many more it can have."""
        return max(0, MOST - len(self.shown_pictures))

    @property
    def without_pictures(self) -> list[ChannelRow]:
        """Where the text goes alone although there are pictures."""
        return [row for row in self.chosen if self.shown_pictures and not row.most_pictures]

    @property
    def next_word_at(self) -> datetime | None:
        """When the next one is promised; none for the last. Raises Invalid."""
        if self.kind is UpdateKind.LAST:
            return None
        now = clock.now()
        if self.next_exact:
            try:
                exact = datetime.fromisoformat(self.next_exact)
            except ValueError:
                exact = now
            if exact.tzinfo is not None and exact > now:
                return exact
        if self.next_choice == "at":
            return _next_time(self.next_at, self.incident.agency, now)
        if self.next_choice in {str(one) for one in MINUTES}:
            return now + timedelta(minutes=int(self.next_choice))
        raise Invalid(_("Say when the next update comes. Silence is filled by rumor."))

    def words(self) -> tuple[Words, ...]:
        """What it says, by language."""
        return tuple(
            Words(
                lang=row.lang,
                lead=row.lead.strip(),
                known=tuple(
                    one.line.fact.text if row.main else one.texts.get(row.lang, "").strip()
                    for one in self.ticked
                ),
                unknown=_lines(row.unknown),
                doing=_lines(row.doing),
                actions=tuple(
                    (who, " ".join(text.split()))
                    for who, text in row.actions.items()
                    if text.strip()
                ),
            )
            for row in self.sent_languages
        )

    def check(self) -> None:
        """Raise Invalid for what only the form can see; every action checks the rest."""
        if self.changed:
            raise Invalid(
                _("A fact that you ticked has changed. Look at the facts below. Nothing was sent.")
            )
        for row in self.sent_languages[1:]:
            if any(not one.texts.get(row.lang, "").strip() for one in self.ticked):
                raise Invalid(
                    _("Write each ticked fact in the second language too. Nothing was sent.")
                )

    def picture_wishes(self) -> tuple[PictureWish, ...]:
        """Its pictures, for the action."""
        languages = [row.lang for row in self.sent_languages]
        return tuple(
            PictureWish(
                picture_id=row.picture.pk,
                alts={lang: row.alts.get(lang, "") for lang in languages},
            )
            for row in self.shown_pictures
        )

    def fill_channels(self) -> None:
        """Make the words for each channel; a person's own stay."""
        said = {words.lang: words for words in self.words()}
        at, now = self.next_word_at, clock.now()
        for row in self.chosen:
            lang = row.lang if row.lang in said else self.incident.lang
            row.lang = lang
            frame = frame_for(
                self.incident, number=self.number, kind=self.kind, at=now, next_word_at=at,
                lang=lang,
            )  # fmt: skip
            made = compose_for(row.channel, said[lang], frame)
            # Where nothing fits a person must shorten it; until they do the words are ours.
            made = made or said[lang].lead
            if not row.edited:
                row.text = made
            row.made = made
        self.check_channels()

    def check_channels(self) -> bool:
        """Say beside each channel what is wrong with its words; gives whether all are well."""
        for row in self.chosen:
            row.error = ""
            if not row.text.strip():
                row.error = _("Write what is said here, or untick the channel.")
            elif not takes(row.channel, row.text):
                row.error = _("Too long for this platform. Shorten it.")
        return not any(row.error for row in self.chosen)

    def wish(self) -> Wish:
        """What the action takes."""
        return Wish(
            words=self.words(),
            cited=tuple(
                Cited(fact_id=one.line.fact.pk, version=one.line.fact.version)
                for one in self.ticked
            ),
            channels=tuple(
                ToChannel(channel_id=row.channel.pk, lang=row.lang, text=row.text)
                for row in self.chosen
            ),
            kind=self.kind,
            next_word_at=self.next_word_at,
            after_number=self.after_number,
            form_token=self.token,
            pictures=self.picture_wishes(),
            all_the_same=self.all_the_same,
        )


def _next_time(text: str, agency: Agency, now: datetime) -> datetime:
    """A time of the day, today or tomorrow where the agency is. Raises Invalid."""
    zone = ZoneInfo(agency.zone)
    try:
        hour, minute = (int(part) for part in text[:5].split(":"))
        local = now.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError as error:
        raise Invalid(_("Give the time of the next update, such as 14:20.")) from error
    if local <= now:
        local += timedelta(days=1)
    return local


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for part in text.splitlines() if (line := " ".join(part.split())))
