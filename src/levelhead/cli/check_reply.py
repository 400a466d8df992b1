"""`levelhead check-reply`: drafts in as JSON Lines, what to think about before sending out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from levelhead.cli.json_lines import (
    Fault,
    answer_input,
    count_faults,
    describe_fault,
    encode,
    mend,
    read_batches,
    read_object,
)
from levelhead.doctrine.reply.check import LANGUAGES, check_reply
from levelhead.doctrine.reply.domain import Finding, ReplyContext, read_context
from levelhead.kernel.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line that can be checked."""

    id: object
    post: str
    draft: str
    platform: str
    context: ReplyContext


@click.command()
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default=None,
    help="Language of why and suggestion; by default that of the context, then English.",
)
def command(lang: str | None) -> None:
    """Say what to think about before each reply is sent.

    Reads JSON Lines from standard input, each {"id", "post", "draft"} and optionally "platform"
    and "context": {"incident", "facts", "recent_replies", "thread_replies", "lang", "ui_lang",
    "now"}. Writes one line for each, in order: id and findings, each with rule, severity, span,
    why and suggestion.

    A line that cannot be read gives {"id", "error"}; the rest is done, and the exit status is
    then 3. Blank lines are passed over.
    """
    desk = CheckDesk(lang)
    answer_input(
        lambda source, write: desk.run(read_batches(source), write),
        lambda: count_faults(desk.faults),
    )


class CheckDesk:
    """Answers lines, and counts those that could not be read."""

    def __init__(self, lang: str | None = None) -> None:
        self.lang = lang
        self.faults = 0

    def run(self, batches: Iterator[list[bytes]], write: Callable[[bytes], None]) -> None:
        """Answer every line as soon as it is there."""
        for lines in batches:
            for answer in self.answer(lines):
                write(answer.encode() + b"\n")

    def answer(self, lines: Sequence[bytes]) -> Iterator[str]:
        """One line of JSON for each of `lines` that is not blank, in order."""
        for line in lines:
            if line and not line.isspace():
                yield self._answer_line(line)

    def _answer_line(self, line: bytes) -> str:
        item = read_line(line)
        if isinstance(item, Fault):
            return self._say(item)
        try:
            findings = check_reply(
                item.post, item.draft, platform=item.platform, context=item.context, lang=self.lang
            )
        except ConfigurationError:
            raise
        except Exception as error:
            # One draft that cannot be checked must not cost the others their answer.
            said = f"It could not be checked: {type(error).__name__}."
            return self._say(Fault(item.id, said))
        return encode({"id": item.id, "findings": [_describe(one) for one in findings]})

    def _say(self, fault: Fault) -> str:
        self.faults += 1
        return describe_fault(fault)


def _describe(finding: Finding) -> Mapping[str, object]:
    return {
        "rule": finding.rule.value,
        "severity": finding.severity.value,
        "span": list(finding.span),
        "why": finding.why,
        "suggestion": finding.suggestion,
    }


def read_line(line: bytes) -> DraftLine | Fault:
    """The draft that a line holds, or what is wrong with it."""
    given = read_object(line)
    if isinstance(given, Fault):
        return given
    line_id = given["id"]
    draft, post = given.get("draft"), given.get("post")
    if not isinstance(draft, str):
        missing = "The line has no draft." if draft is None else "draft is not a string."
        return Fault(line_id, missing)
    if post is not None and not isinstance(post, str):
        return Fault(line_id, "post is not a string.")
    platform = given.get("platform")
    return DraftLine(
        id=line_id,
        post=mend(post or ""),
        draft=mend(draft),
        platform=platform if isinstance(platform, str) else "",
        context=read_context(given.get("context")),
    )
