"""`levelhead forecast`: conversations in as JSON Lines, whether each is about to derail out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import click

from levelhead.analysis.conversation.domain import Cue, Forecast, Turn
from levelhead.analysis.conversation.forecast import describe_cue
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
from levelhead.kernel.errors import ConfigurationError

BATCH: Final = 64
# Of a longer conversation the first turn and the last ones are read.
MAX_TURNS: Final = 10_000

Forecaster = Callable[[Sequence[Sequence[Turn]]], list[Forecast]]


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """A line that can be answered."""

    id: object
    turns: list[Turn]


@click.command()
@click.option(
    "--lang",
    type=click.Choice(["en", "es"]),
    default="en",
    show_default=True,
    help="Language of the cues' words.",
)
def command(lang: str) -> None:
    """Say how likely the next turn of each conversation is to attack a person.

    Reads JSON Lines from standard input, each {"id", "turns": [{"author", "text"}, ...]} in
    order of time; a turn may also be a bare text. Writes one line for each, in order: id,
    derails (0 to 1) and cues, each with cue, turn (from 0), span, weight and why.

    A line that cannot be read gives {"id", "error"}; the rest is done, and the exit status is
    then 3. Blank lines are passed over.
    """
    from levelhead.analysis.assess import load
    from levelhead.analysis.conversation.forecast import forecast, load_model

    # A missing model ends the command before the first line, not at each of them.
    load_model()
    assessor = load()
    desk = ForecastDesk(lambda turns: forecast(turns, assessor=assessor), lang=lang)
    answer_input(
        lambda source, write: desk.run(read_batches(source), write),
        lambda: count_faults(desk.faults),
    )


class ForecastDesk:
    """Answers lines, and counts those that could not be read."""

    def __init__(self, forecaster: Forecaster, *, lang: str = "en") -> None:
        self.forecaster = forecaster
        self.lang = lang
        self.faults = 0

    def run(self, batches: Iterator[list[bytes]], write: Callable[[bytes], None]) -> None:
        """Answer every batch as soon as it is there."""
        for lines in batches:
            for start in range(0, len(lines), BATCH):
                answers = self.answer(lines[start : start + BATCH])
                if answers:
                    write(("\n".join(answers) + "\n").encode())

    def answer(self, lines: Sequence[bytes]) -> list[str]:
        """One line of JSON for each of `lines` that is not blank, in order."""
        items = [read_line(line) for line in lines if line and not line.isspace()]
        asked = [item for item in items if isinstance(item, ConversationLine)]
        results = iter(self._answer_conversations(asked))
        return [
            next(results) if isinstance(item, ConversationLine) else self._say(item)
            for item in items
        ]

    def _answer_conversations(self, asked: Sequence[ConversationLine]) -> list[str]:
        if not asked:
            return []
        try:
            found = self.forecaster([item.turns for item in asked])
        except ConfigurationError:
            raise
        except Exception as error:
            # One conversation that cannot be read must not cost the others their answer.
            if len(asked) == 1:
                said = f"It could not be forecast: {type(error).__name__}."
                return [self._say(Fault(asked[0].id, said))]
            return [answer for item in asked for answer in self._answer_conversations([item])]
        return [self._describe(item.id, result) for item, result in zip(asked, found, strict=True)]

    def _describe(self, conversation: object, result: Forecast) -> str:
        cues = ",".join(self._describe_cue(cue) for cue in result.cues)
        return f'{{"id":{encode(conversation)},"derails":{result.derails:.4f},"cues":[{cues}]}}'

    def _describe_cue(self, cue: Cue) -> str:
        return (
            f'{{"cue":{encode(cue.id)},"turn":{cue.turn:d},"span":[{cue.start:d},{cue.end:d}],'
            f'"weight":{cue.weight:.3f},"why":{encode(describe_cue(cue, self.lang))}}}'
        )

    def _say(self, fault: Fault) -> str:
        self.faults += 1
        return describe_fault(fault)


def read_line(line: bytes) -> ConversationLine | Fault:
    """The conversation that a line holds, or what is wrong with it."""
    given = read_object(line)
    if isinstance(given, Fault):
        return given
    name = given["id"]
    turns = given.get("turns")
    if not isinstance(turns, list):
        return Fault(name, "turns is not a list.")
    if not turns:
        return Fault(name, "There are no turns.")
    if len(turns) > MAX_TURNS:
        return Fault(name, f"There are more than {MAX_TURNS} turns.")
    read: list[Turn] = []
    for number, turn in enumerate(turns, 1):
        text, author = (
            (turn.get("text"), turn.get("author")) if isinstance(turn, dict) else (turn, "")
        )
        if not isinstance(text, str):
            return Fault(name, f"Turn {number} has no text.")
        read.append(Turn(text=mend(text), author=mend(author) if isinstance(author, str) else ""))
    return ConversationLine(name, read)
