"""All tasks in turn, and the table they make."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from levelhead.analysis.assess import Assessor
from levelhead.analysis.domain import PostText
from levelhead.benchmarks.accuracy.answers import measure_answers
from levelhead.benchmarks.accuracy.desk import measure_desk
from levelhead.benchmarks.accuracy.estimates import Figure
from levelhead.benchmarks.accuracy.incidents import measure_incidents
from levelhead.benchmarks.accuracy.peers import Peers
from levelhead.benchmarks.accuracy.rows import CASCADE, CHEAP, Bench, Row
from levelhead.benchmarks.accuracy.talk import measure_talk
from levelhead.benchmarks.accuracy.tone import measure_tone
from levelhead.benchmarks.accuracy.verdicts import Judge
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError

TASK_WIDTH: Final = 66
MEASURE_WIDTH: Final = 25
FIGURE_WIDTH: Final = 20


def measure_accuracy(
    data: Path,
    corpus: Path,
    assessor: Assessor,
    *,
    quick: bool = False,
    seed: int = 7,
    say: Callable[[str], None] = lambda _: None,
    peers: Peers | None = None,
) -> dict[str, Any]:
    """Every row that the data allows; "rows" holds `Row`s."""
    begun = time.perf_counter()
    peers = peers or Peers()
    bench = Bench(data=data, corpus=corpus, judges={}, peers=peers, quick=quick, seed=seed, say=say)
    bench.judges = {CHEAP: Judge(assessor, reread=0.0)}
    try:
        # All its files are read here, not in the middle of a task.
        assessor.assess([PostText(text="warm")], reread=1.0)
        bench.encoder = assessor.rereader.encoder if assessor.rereader else None
    except ConfigurationError as error:
        bench.skip(f"The cheap heads stand alone. {error.message}")
    if bench.encoder is not None:
        bench.judges = {CASCADE: Judge(assessor, reread=1.0), **bench.judges}
    if peers.lack:
        bench.skip(
            f"{' and '.join(peers.lack)} not installed, so nothing is compared with "
            "what they bring: `pip install 'levelhead[bench]'`."
        )
    rows: list[Row] = []
    for part in (
        measure_desk(bench),
        measure_tone(bench),
        measure_incidents(bench),
        measure_talk(bench, assessor),
        measure_answers(bench),
    ):
        rows += part
    goals = {f"{row.task}: {row.measure}": row.holds for row in rows if row.holds is not None}
    return {
        "ok": bool(goals) and all(goals.values()),
        "goals": goals,
        "rows": rows,
        "skipped": bench.skipped,
        "models": [
            assessor.version,
            *([bench.encoder.version] if bench.encoder is not None else []),
        ],
        "quick": quick,
        "seed": seed,
        "date": clock.now().date().isoformat(),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def as_json(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures with every row as plain values."""
    return {**figures, "rows": [row.as_json() for row in figures["rows"]]}


def print_table(figures: dict[str, Any]) -> Iterator[str]:
    """The figures as lines of a table."""
    yield (
        f"{'task':{TASK_WIDTH}}{'n':>7}  {'measure':{MEASURE_WIDTH}}{'ours':{FIGURE_WIDTH}}"
        f"{'cheap heads':{FIGURE_WIDTH}}instead; published; goal; caveat"
    )
    for row in figures["rows"]:
        yield _describe(row)
    yield ""
    yield (
        "ours: what `levelhead triage --reread all` says; cheap heads: with `--reread none`. "
        "Ranges: 95%, by thread or event where posts hang together."
    )
    for sentence in figures["skipped"]:
        yield f"Left out: {sentence}"
    sample = "a sample of the data (--quick); " if figures["quick"] else ""
    yield (
        f"{', '.join(figures['models'])}; {sample}seed {figures['seed']}, {figures['date']}, "
        f"{figures['seconds']:.0f} s"
    )
    held = sum(figures["goals"].values())
    yield f"{held} of {len(figures['goals'])} goals hold on this data."


def _describe(row: Row) -> str:
    said = [", ".join(f"{who} {_point(one.value)}" for who, one in row.instead.items())]
    if row.published:
        said.append(f"published: {row.published}")
    if row.goal is not None:
        said.append(f"goal {_point(row.goal)} {'holds' if row.holds else 'missed'}")
    if row.caveat:
        said.append(row.caveat)
    return (
        f"{row.task:{TASK_WIDTH}}{row.n:>7,}  {row.measure:{MEASURE_WIDTH}}"
        f"{_figure(row.cascade):{FIGURE_WIDTH}}{_figure(row.cheap):{FIGURE_WIDTH}}"
        f"{'; '.join(part for part in said if part)}"
    ).rstrip()


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    if figure.low is None or figure.high is None:
        return _point(figure.value)
    return f"{_point(figure.value)} ({_point(figure.low)}-{_point(figure.high)})"


def _point(value: float) -> str:
    """.834 for 0.834, as such tables have it."""
    return "?" if math.isnan(value) else f"{value:.3f}".removeprefix("0")
