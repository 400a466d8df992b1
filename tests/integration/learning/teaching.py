"""A desk whose people corrected posts, and models that read what the tests say they read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from unittest import mock

import numpy as np

from levelhead.analysis import examples as example_table
from levelhead.analysis.assess import Assessor
from levelhead.analysis.domain import Label, PostText
from levelhead.analysis.encoder import MEANING_WIDTH
from levelhead.analysis.examples import Examples
from levelhead.analysis.heads import LABELS
from levelhead.analysis.shipped import base_of
from levelhead.inbox.actions import change_decision
from levelhead.inbox.models import Case
from levelhead.learning.domain import ProposalState
from levelhead.learning.models import Proposal
from tests.base import People

SERVICE, COMPLAINT = LABELS.index("service"), LABELS.index("complaint")
PLACES = ["Elm", "Oak", "Third", "River", "Mill", "Pine", "Main", "Hill", "Lake", "Park"]
THINGS = ["light", "bench", "swing", "gate", "sign", "drain", "hydrant", "rail"]


def view_of(text: str) -> np.ndarray:
    """A direction for each word, the same on every machine."""
    view = np.zeros(MEANING_WIDTH)
    for word in text.lower().split():
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        view += np.random.default_rng(seed).normal(size=MEANING_WIDTH)
    return np.asarray(view / max(1e-9, float(np.linalg.norm(view))), dtype=np.float32)


def read_closely(_: Assessor, posts: Sequence[PostText]) -> tuple[np.ndarray, np.ndarray]:
    """Everything is a service report, unless it says thank."""
    values = np.zeros((len(posts), len(LABELS)), dtype=np.float32)
    for n, post in enumerate(posts):
        values[n, LABELS.index("praise") if "thank" in post.text.lower() else SERVICE] = 3.0
    views = [view_of(post.text) for post in posts]
    return values, np.array(views, dtype=np.float32).reshape(-1, MEANING_WIDTH)


def few_examples() -> Examples:
    """Sixty posts of practice and suite, all read rightly."""
    texts = tuple(f"thank you {n}" if n % 2 else f"please mend it {n}" for n in range(60))
    values, views = read_closely(None, [PostText(text=text) for text in texts])  # type: ignore[arg-type]
    return Examples(
        texts=texts, labels=values.argmax(axis=1).astype(np.int64),
        replies=np.ones(60, dtype=np.bool_), views=views, label_values=values,
        held=np.arange(60) % 3 == 0,
    )  # fmt: skip


def pretend_models() -> Any:
    """Models that every test can foretell, whatever `make train` made last."""
    patches = mock.patch.multiple(Assessor, read_closely=read_closely)
    examples = mock.patch.object(example_table, "load_examples", few_examples)
    return patches, examples


class Teaching(People):
    """Makes corrections and proposals."""

    @classmethod
    def correct(cls, count: int, *, label: Label = Label.COMPLAINT, **fields: Any) -> list[Case]:
        """Posts about the playground that the desk took for something else."""
        cases = []
        for n in range(count):
            place, thing = PLACES[n % 10], THINGS[(n // 10 + n) % 8]
            case = cls.file_case(
                text=f"the playground {thing} near {place} {n * 7919} word{n} more{n * 13}",
                **fields,
            )
            Case.objects.filter(pk=case.pk).update(label="service")
            case.refresh_from_db()
            cases.append(
                change_decision(
                    case=case, label=label, disposition=None, by=cls.alice, reason="ours",
                    expected_version=None,
                )
            )  # fmt: skip
        return cases

    @classmethod
    def propose(
        cls, number: int = 1, shares: Mapping[str, dict[str, int]] | None = None, **fields: Any
    ) -> Proposal:
        """A proposal that would turn every post into a complaint, measured as `shares` say."""
        from levelhead.analysis.adapting import Adapter

        bias = np.zeros(len(LABELS), dtype=np.float32)
        bias[COMPLAINT] = 40.0
        content = Adapter(
            name=f"{cls.agency.slug}-{number}", base=base_of(),
            weights=np.zeros((len(LABELS), MEANING_WIDTH), dtype=np.float32), bias=bias,
        ).to_bytes()  # fmt: skip
        share = {"count": 30, "before": 3, "after": 24, "gained": 22, "lost": 1}
        given: dict[str, Any] = {
            "agency": cls.agency,
            "number": number,
            "state": ProposalState.READY,
            "adapter": content,
            "adapter_hash": hashlib.sha256(content).hexdigest(),
            "base": base_of(),
            "figures": json.dumps(
                {
                    **dict.fromkeys(("corrections", "kept", "suite", "grave"), share),
                    **(shares or {}),
                    "by_label": {"complaint": share},
                    "strength": 3.0,
                }
            ),
            **fields,
        }
        return Proposal.objects.create(**given)
