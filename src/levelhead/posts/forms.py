"""What is said to everybody, as people fill it in: one text for each channel."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import get_language

from levelhead.accounts.models import Agency, User
from levelhead.channels.models import Channel
from levelhead.doctrine.reply.domain import Severity
from levelhead.kernel.errors import LevelheadError
from levelhead.knowledge.channel_forms import choose
from levelhead.knowledge.domain import LANGUAGES
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import kind_of_channel
from levelhead.posts.checking import check_post
from levelhead.posts.domain import MOST_CHANNELS, TEXT_LIMIT, TOKEN_LIMIT, Closed, Said
from levelhead.posts.queries import closed_because, count_characters, list_channels
from levelhead.replies.checking import Shown, show_findings
from levelhead.replies.domain import REASON_LIMIT


@dataclass(kw_only=True)
class ChannelRow:
    """The fields of one channel."""

    channel: Channel
    # Why nothing can be posted there.
    closed: Closed | None
    limit: int | None
    chosen: bool = False
    text: str = ""
    form: str = ""
    error: str = ""
    # What the reply check finds; filled in to be looked at.
    findings: Sequence[Shown] = ()

    @property
    def length(self) -> int:
        """As the platform counts."""
        return count_characters(self.channel, self.text)

    @property
    def over(self) -> int:
        """Characters beyond the limit."""
        return max(0, self.length - self.limit) if self.limit is not None else 0


@dataclass(kw_only=True)
class PostForm:
    """What is in the fields."""

    token: str
    lang: str
    answer_version: int
    rows: list[ChannelRow] = field(default_factory=list)
    all_the_same: str = ""

    @property
    def open_rows(self) -> list[ChannelRow]:
        """The channels that can be chosen."""
        return [row for row in self.rows if row.closed is None]

    @property
    def closed_rows(self) -> list[ChannelRow]:
        """Those that cannot, each with the reason."""
        return [row for row in self.rows if row.closed is not None]

    @property
    def chosen(self) -> list[ChannelRow]:
        """What would go out."""
        return [row for row in self.open_rows if row.chosen]

    @property
    def held(self) -> bool:
        """Whether the reply check holds something of it."""
        return any(
            one.finding.severity is Severity.STOP for row in self.rows for one in row.findings
        )

    @property
    def said(self) -> list[Said]:
        """What the action takes."""
        return [
            Said(channel_id=row.channel.pk, text=row.text, form=row.form) for row in self.chosen
        ]

    def show_errors(self, error: LevelheadError) -> None:
        """Put what the action refused beside its fields."""
        given = error.data.get("errors")
        for row in self.rows:
            if isinstance(given, Mapping):
                row.error = str(given.get(row.channel.pk, ""))

    def check(self, agency: Agency, person: User) -> None:
        """Have the reply check look at what is chosen."""
        ui_lang = get_language() or "en"
        for row in self.chosen:
            found = check_post(agency, row.channel, row.text, post_lang=self.lang, ui_lang=ui_lang)
            row.findings = show_findings(found, row.text, person=person)


def _rows(agency: Agency) -> list[ChannelRow]:
    return [
        ChannelRow(
            channel=channel,
            closed=closed_because(channel),
            limit=kind_of_channel(channel).limit,
        )
        for channel in list_channels(agency)
    ]


def new_post_form(agency: Agency, answer: Answer, *, lang: str) -> PostForm:
    """A form with the answer in it, in the form that each channel takes."""
    known = [one for one in LANGUAGES if answer.texts.get(one)]
    lang = lang if lang in known else known[0]
    form = PostForm(
        token=secrets.token_urlsafe(18), lang=lang, answer_version=answer.version,
        rows=_rows(agency),
    )  # fmt: skip
    for row in form.open_rows:
        said = choose(answer.texts[lang], answer.forms.get(lang, {}), kind_of_channel(row.channel))
        row.text, row.form = said.text, said.form
    return form


def read_post_form(agency: Agency, given: QueryDict) -> PostForm:
    """The form as it was sent; the action checks it."""
    version = given.get("answer_version", "")
    lang = given.get("lang", "")
    form = PostForm(
        token=given.get("form_token", "")[: TOKEN_LIMIT + 1],
        lang=lang if lang in LANGUAGES else LANGUAGES[0],
        answer_version=(
            int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
        ),
        rows=_rows(agency),
        all_the_same=given.get("all_the_same", "")[: REASON_LIMIT + 1],
    )
    chosen = set(given.getlist("channel")[: 5 * MOST_CHANNELS])
    for row in form.rows:
        pk = row.channel.pk
        row.chosen = str(pk) in chosen
        row.text = given.get(f"text_{pk}", "").replace("\r\n", "\n")[: TEXT_LIMIT + 1]
        row.form = given.get(f"form_{pk}", "")[:10]
    return form
