"""How long the pages take of which people load most, in a small archive and in a large one."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.test import Client

from levelhead.accounts.actions import add_member, create_agency
from levelhead.accounts.domain import Role
from levelhead.accounts.models import Agency
from levelhead.benchmarks.intake import made_posts
from levelhead.channels.actions import BATCH, add_channel, receive
from levelhead.channels.domain import IncomingPost
from levelhead.inbox.models import Case, Post
from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.kernel.ids import new_id
from levelhead.knowledge.actions import approve_answer, write_answer
from levelhead.knowledge.domain import AnswerFields
from levelhead.knowledge.models import Answer
from levelhead.knowledge.queries import today_of

# In nearly every made post, and in this many of a whole archive.
COMMON: Final = "the"
RARE: Final = "zzyzxroad"
RARE_POSTS: Final = 5
# Of what asks something, one in so many has an answer that fits.
FITTING: Final = 3
P95: Final = 0.95
# The page that shows no posts: what every page costs here, whatever the archive holds.
BARE: Final = "a page without posts"
WORDS: Final = (BARE, "today", "inbox list", "search, common word", "search, rare word",
                "conversation")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PageFigures:
    """What one page took, in milliseconds, and what it asked and sent."""

    p50: float
    p95: float
    # Of the processor alone: other work on the machine does not show in it.
    cpu: float
    queries: int
    bytes: int


def fill(agency: Agency, channel_id: int, posts: int) -> None:
    """Bring an archive up to so many posts, by the real intake."""
    have = Post.objects.filter(agency=agency).count()
    source = made_posts(channel_id, posts - have, seed=posts)
    while batch := list(itertools.islice(source, BATCH)):
        receive(batch)


def add_rare(channel_id: int) -> None:
    """A few posts with a word that no other holds, the oldest of the archive."""
    receive(
        [
            IncomingPost(
                channel_id=channel_id, external_id=f"{new_id()}", text=f"When is {RARE} open?",
                created_at=clock.now(), author_external_id="rare", raw="{}",
            )
            for _ in range(RARE_POSTS)
        ]
    )  # fmt: skip


def fit_some(agency: Agency, answer: Answer) -> None:
    """As after the worker's look: some of what waits has an answer that fits."""
    waiting = Case.objects.filter(agency=agency, answer_due=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbox_case SET answer_id = %s, answer_percent = 80 "
            "WHERE agency_id = %s AND answer_due AND queue = 'needs' AND post_id %% %s = 0",
            [answer.pk, agency.pk, FITTING],
        )
    waiting.update(answer_due=False)


def measure(load: Callable[[], bytes], rounds: int) -> PageFigures:
    """Load a page again and again, after one that warms up."""
    from django.test.utils import CaptureQueriesContext

    load()
    with CaptureQueriesContext(connection) as asked:
        content = load()
    queries = len(asked)
    took, cpu = [], []
    for _ in range(rounds):
        begun, worked = time.perf_counter(), time.process_time()
        load()
        took.append((time.perf_counter() - begun) * 1000)
        cpu.append((time.process_time() - worked) * 1000)
    took.sort()
    return PageFigures(
        p50=round(statistics.median(took), 2),
        p95=round(took[min(len(took) - 1, int(len(took) * P95))], 2),
        cpu=round(statistics.median(cpu), 2),
        queries=queries,
        bytes=len(content),
    )


def measure_pages(agency: Agency, client: Client, rounds: int) -> dict[str, PageFigures]:
    """Each page as it is now."""
    # In the middle of the archive: neither the newest, which are warm, nor the oldest.
    newest = Post.objects.filter(agency=agency).order_by("-pk").values_list("pk", flat=True)
    opened = newest[newest.count() // 2]
    base = f"/{agency.slug}"
    addresses = dict(
        zip(
            WORDS,
            (
                f"{base}/settings/", f"{base}/today/", f"{base}/inbox/",
                f"{base}/inbox/?view=all&q={COMMON}", f"{base}/inbox/?view=all&q={RARE}",
                f"{base}/inbox/{opened}/",
            ),
            strict=True,
        )
    )  # fmt: skip

    def loader(address: str) -> Callable[[], bytes]:
        def load() -> bytes:
            response = client.get(address)
            if response.status_code != 200:  # "OK"
                raise LevelheadError(f"{address} answered {response.status_code}.")
            return bytes(response.content)

        return load

    return {name: measure(loader(address), rounds) for name, address in addresses.items()}


def compare_pages(sizes: Sequence[int], rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Every page at each size, in one archive that grows; and what the growth costs."""
    agency = create_agency(name="Bench", slug="bench")
    channel = add_channel(agency_id=agency.pk, platform="file", name="bench")
    person = add_member(
        agency=agency, email="bench@example.org", name="Bench", role=Role.ADMINISTRATOR,
        password=f"not used {new_id()}", by=None,
    ).user  # fmt: skip
    answer = write_answer(
        agency=agency,
        fields=AnswerFields(
            title="Opening hours", texts={"en": "We are open from 8 to 5."},
            questions={"en": ("When do you open?",)}, source="the bench",
            review_on=today_of(agency).replace(year=today_of(agency).year + 1, day=1),
        ),
        owner=person,
        by=person,
    )  # fmt: skip
    approve_answer(answer=answer, review_on=answer.review_on, by=person, expected_version=1)
    client = Client(headers={"host": "localhost"})
    client.force_login(person)
    add_rare(channel.pk)
    found: dict[int, dict[str, PageFigures]] = {}
    for size in sizes:
        say(f"filling up to {size:,} posts …")
        fill(agency, channel.pk, size)
        fit_some(agency, answer)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        say(f"loading each page {rounds} times at {size:,} posts …")
        found[size] = measure_pages(agency, client, rounds)
    small, large = found[sizes[0]], found[sizes[-1]]
    return {
        "posts": list(sizes),
        "rounds": rounds,
        "compared_with": BARE,
        "pages": {
            name: {
                "p50_ms": large[name].p50,
                "p95_ms": large[name].p95,
                "p50_ms_small": small[name].p50,
                "p95_ms_small": small[name].p95,
                "cpu_ms": large[name].cpu,
                "cpu_ms_small": small[name].cpu,
                "growth": round(large[name].cpu / small[name].cpu, 2),
                "times_bare": round(large[name].cpu / large[BARE].cpu, 2),
                "queries": large[name].queries,
                "queries_small": small[name].queries,
                "kilobytes": round(large[name].bytes / 1000, 1),
            }
            for name in WORDS
        },
    }
