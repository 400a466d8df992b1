"""How many posts a second the analysis reads, how soon it answers one, and how soon it starts."""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from levelhead.analysis.assess import Assessor
from levelhead.analysis.domain import PostText
from levelhead.analysis.encoder import Encoder
from levelhead.benchmarks.accuracy.keywords import label_by_keyword
from levelhead.benchmarks.accuracy.peers import Peers, TextModel
from levelhead.benchmarks.accuracy.sets import read_corpus
from levelhead.benchmarks.triage_runs import ask_one_by_one, run_triage
from levelhead.demo.streams import every_text
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError

GOAL_CHEAP: Final = 20_000
GOAL_REREAD: Final = 5_000
GOAL_P99_MILLISECONDS: Final = 5.0
GOAL_START_SECONDS: Final = 2.0
REREAD_SHARE: Final = 0.1
_WARM_UP: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much of everything a run does."""

    posts: int
    rounds: int
    # Texts for the encoder, and for peers that are slow.
    texts: int
    # Posts that come one by one.
    single: int
    starts: int


WHOLE: Final = Sizes(posts=100_000, rounds=3, texts=3_000, single=2_000, starts=5)
QUICK: Final = Sizes(posts=12_000, rounds=1, texts=400, single=300, starts=1)


def make_posts(corpus: Path, count: int, *, seed: int = 7) -> list[PostText]:
    """Invented posts: the corpus again and again, two words of each copy exchanged.

    Where there is no corpus they are those of the packaged day.
    """
    known = [PostText(text=post.text, parent_text=post.parent_text) for post in read_corpus(corpus)]
    known = known or [PostText(text=text) for text in every_text()]
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    posts: list[PostText] = []
    while len(posts) < count:
        draw.shuffle(known)
        for post in known[: count - len(posts)]:
            words = post.text.split(" ")
            if len(posts) >= len(known) and len(words) > 1:
                a, b = draw.sample(range(len(words)), 2)
                words[a], words[b] = words[b], words[a]
            posts.append(PostText(text=" ".join(words), parent_text=post.parent_text))
    return posts


def measure_throughput(
    assessor: Assessor,
    corpus: Path,
    *,
    sizes: Sizes = WHOLE,
    seed: int = 7,
    say: Callable[[str], None] = lambda _: None,
    peers: Peers | None = None,
) -> dict[str, Any]:
    """All figures; medians where there are several rounds."""
    begun = time.perf_counter()
    peers = peers or Peers()
    posts = make_posts(corpus, sizes.posts, seed=seed)
    texts = [post.text for post in posts]
    skipped = [f"{name} is not installed: `pip install 'levelhead[bench]'`." for name in peers.lack]
    reread = assessor.rereader is not None
    try:
        assessor.assess(posts[:1], reread=1.0)
    except ConfigurationError as error:
        reread = False
        skipped.append(f"Nothing is reread. {error.message}")
    say(f"{len(posts):,} posts in one process")
    rates: dict[str, float] = {
        "cheap": _rate(lambda: assessor.assess(posts), len(posts), sizes.rounds),
        "keywords": _rate(
            lambda: [label_by_keyword(text) for text in texts], len(texts), sizes.rounds
        ),
    }
    rates |= _rate_peers(peers, texts, sizes)
    rates |= _rate_encoder(assessor, posts, sizes, say) if reread else {}
    say("posts one by one")
    latency = {"cheap": _time_singles(assessor, posts, sizes.single, 0.0)}
    if reread:
        latency["reread"] = _time_singles(assessor, posts, sizes.single, 1.0)
    command = _measure_command(posts, sizes, say, reread=reread)
    return _sum_up(
        rates,
        latency,
        command,
        {
            "posts": len(posts),
            "mean_characters": round(statistics.fmean(map(len, texts))),
            "rounds": sizes.rounds,
            "skipped": skipped,
            "models": [assessor.version, *([_version(assessor)] if reread else [])],
            "seed": seed,
            "date": clock.now().date().isoformat(),
            "seconds": round(time.perf_counter() - begun, 1),
        },
    )


def _version(assessor: Assessor) -> str:
    return assessor.rereader.version if assessor.rereader else ""


def _rate(work: Callable[[], object], count: int, rounds: int) -> float:
    """How many a second, the median of so many rounds."""
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        found.append(count / (time.perf_counter() - begun))
    return round(statistics.median(found), 1)


def _rate_peers(peers: Peers, texts: Sequence[str], sizes: Sizes) -> dict[str, float]:
    rates = {}
    some = texts[: sizes.texts]
    # Labels of a keyword list: what it is fitted to does not change how fast it is.
    model = peers.fit(texts[:2000], [label_by_keyword(text) for text in texts[:2000]])
    if model is not None:
        rates["tfidf"] = _rate(lambda: model.name(texts), len(texts), 1)
        wide = TextModel(
            texts[:2000], [label_by_keyword(text) for text in texts[:2000]], characters=True
        )
        rates["tfidf_characters"] = _rate(lambda: wide.name(some), len(some), sizes.rounds)
    if peers.score_profanity(some[:1]) is not None:
        rates["alt_profanity_check"] = _rate(
            lambda: peers.score_profanity(some), len(some), sizes.rounds
        )
    if peers.feel(some[:1]) is not None:
        rates["vader"] = _rate(lambda: peers.feel(some), len(some), sizes.rounds)
    return rates


def _rate_encoder(
    assessor: Assessor, posts: Sequence[PostText], sizes: Sizes, say: Callable[[str], None]
) -> dict[str, float]:
    say(f"{REREAD_SHARE:.0%} of {len(posts):,} posts reread")
    rates = {
        "reread": _rate(
            lambda: assessor.assess(posts, reread=REREAD_SHARE), len(posts), sizes.rounds
        )
    }
    some = posts[: sizes.texts]
    texts, above = [post.text for post in some], [post.parent_text for post in some]
    folder = assessor.rereader.encoder.folder if assessor.rereader else None
    for threads in (1, 2):
        if folder is None:
            continue
        say(f"the encoder on {threads} of the cores: {len(texts):,} texts")
        encoder = Encoder(folder, threads=threads)
        encoder.read(texts[:8], above[:8])
        read = encoder.read
        rates[f"encoder_{threads}"] = _rate(
            lambda read=read: read(texts, above),  # type: ignore[misc]
            len(texts),
            sizes.rounds,
        )
    return rates


def _time_singles(
    assessor: Assessor, posts: Sequence[PostText], count: int, reread: float
) -> dict[str, float]:
    times = []
    for n in range(count + _WARM_UP):
        post = posts[n % len(posts)]
        begun = time.perf_counter()
        assessor.assess([post], reread=reread)
        times.append(time.perf_counter() - begun)
    return _describe_times(times[_WARM_UP:])


def _describe_times(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50_ms": round(1000 * statistics.median(ordered), 3),
        "p99_ms": round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
    }


def _measure_command(
    posts: Sequence[PostText], sizes: Sizes, say: Callable[[str], None], *, reread: bool
) -> dict[str, Any]:
    lines = [_line(n, post) for n, post in enumerate(posts)]
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="levelhead-bench-") as folder:
        path = Path(folder) / "posts.jsonl"
        path.write_text("".join(lines), encoding="utf-8")
        kinds = {"cheap": "none"} | ({"reread": f"{REREAD_SHARE:.0%}"} if reread else {})
        for name, share in kinds.items():
            say(f"levelhead triage --reread {share} < {len(posts):,} posts")
            runs = [run_triage(path, share) for _ in range(sizes.rounds)]
            middle = sorted(runs, key=lambda run: run.rate)[len(runs) // 2]
            figures[name] = {
                "posts_per_second": round(middle.rate, 1),
                "with_start": round(middle.answers / middle.seconds, 1),
                "reread_share": round(middle.reread, 4),
            }
    say("levelhead triage, from its start to the first answer, and line by line")
    for name, share in {"cheap": "none", **({"reread": "auto"} if reread else {})}.items():
        found = [ask_one_by_one(lines[:1], share)[0] for _ in range(sizes.starts)]
        asked = [lines[n % len(lines)] for n in range(min(sizes.single, 500) + _WARM_UP)]
        start, *times = ask_one_by_one(asked, share)
        figures.setdefault(name, {})
        figures[name]["start_seconds"] = round(statistics.median([*found, start]), 3)
        figures[name]["line_by_line"] = _describe_times(times[_WARM_UP - 1 :])
    return figures


def _line(number: int, post: PostText) -> str:
    row = {"id": number, "text": post.text}
    return json.dumps(row | ({"parent_text": post.parent_text} if post.parent_text else {})) + "\n"


def _sum_up(
    rates: dict[str, float],
    latency: dict[str, dict[str, float]],
    command: dict[str, Any],
    notes: dict[str, Any],
) -> dict[str, Any]:
    cheap, deep = command["cheap"], command.get("reread")
    goals = {"cheap": cheap["posts_per_second"] >= GOAL_CHEAP}
    if deep:
        goals["reread"] = (
            deep["posts_per_second"] >= GOAL_REREAD and deep["reread_share"] >= REREAD_SHARE
        )
        goals["p99"] = latency["reread"]["p99_ms"] <= GOAL_P99_MILLISECONDS
    goals["start"] = (deep or cheap)["start_seconds"] <= GOAL_START_SECONDS
    return {
        "ok": all(goals.values()),
        "goals": goals,
        "rates": rates,
        "latency": latency,
        "command": command,
        **notes,
    }


_RATES: Final = (
    ("cheap", "cheap heads, safety net, rules' signs"),
    ("reread", "the same, 10% reread"),
    ("encoder_1", "encoder alone, 1 core"),
    ("encoder_2", "encoder alone, 2 cores"),
    ("keywords", "a keyword list in plain Python"),
    ("tfidf", "TF-IDF + LR of scikit-learn, one head"),
    ("tfidf_characters", "the same with characters, as our heads"),
    ("alt_profanity_check", "alt-profanity-check"),
    ("vader", "VADER"),
)


def print_table(figures: dict[str, Any]) -> Iterator[str]:
    """The figures as lines of a table."""
    goals = figures["goals"]
    yield f"{figures['posts']:,} posts of {figures['mean_characters']} characters, in one process"
    cheap = figures["rates"]["cheap"]
    for name, words in _RATES:
        if name in figures["rates"]:
            rate = figures["rates"][name]
            yield f"  {words:42}{rate:>12,.0f} /s   {rate / cheap:.3f} of the cheap heads"
    yield "the whole command, `levelhead triage`"
    command = figures["command"]
    for name, words, wanted in (
        ("cheap", "--reread none", GOAL_CHEAP),
        ("reread", f"--reread {REREAD_SHARE:.0%}", GOAL_REREAD),
    ):
        if name in command:
            one = command[name]
            yield (
                f"  {words:42}{one['posts_per_second']:>12,.0f} /s   goal {wanted:,}: "
                f"{_word(goals[name])}; start counted {one['with_start']:,.0f} /s; "
                f"{one['reread_share']:.1%} reread"
            )
    for name, words in (("cheap", "--reread none"), ("reread", "as it comes, first post reread")):
        if name in command:
            one = command[name]
            said = f"   goal {GOAL_START_SECONDS:.0f} s: {_word(goals['start'])}"
            yield (
                f"  {'first answer, ' + words:42}{one['start_seconds']:>12.2f} s"
                f"{said if name == 'reread' or 'reread' not in command else ''}"
            )
    yield "one post at a time, after warm-up: half within, 99 of 100 within"
    for name, words in (("cheap", "cheap heads"), ("reread", "every post reread")):
        if name not in figures["latency"]:
            continue
        one, piped = figures["latency"][name], command[name]["line_by_line"]
        yield (
            f"  {words:42}{one['p50_ms']:>8.2f} ms {one['p99_ms']:>8.2f} ms"
            + (
                f"   goal {GOAL_P99_MILLISECONDS:.0f} ms: {_word(goals['p99'])}"
                if name == "reread"
                else ""
            )
        )
        yield (
            f"  {'  through the command, line by line':42}{piped['p50_ms']:>8.2f} ms "
            f"{piped['p99_ms']:>8.2f} ms"
        )
    for sentence in figures["skipped"]:
        yield f"Left out: {sentence}"
    yield (
        f"{', '.join(figures['models'])}; {figures['rounds']} rounds, medians; "
        f"seed {figures['seed']}, {figures['date']}, {figures['seconds']:.0f} s"
    )
    yield "All goals hold here." if figures["ok"] else "Not all goals hold here."


def _word(holds: bool) -> str:
    return "holds" if holds else "missed"
