"""Where each post shows, worked out from its thread and from what people split off. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """From a post down, its branch goes with a splitting (into `made`), or stays out of it."""

    splitting: int
    made: int
    goes: bool


def place_posts(
    parents: Mapping[int, int | None],
    threads: Mapping[int, int],
    marks: Mapping[int, Sequence[Mark]],
) -> dict[int, int]:
    """The conversation of each post before joinings: that of the nearest mark above, or its thread.

    `marks` of a post stand newest first. A post that stays out of a splitting looks further up as
    if that splitting were not there. A circle of parents ends where it began.
    """
    known: dict[tuple[int, frozenset[int]], int] = {}
    found: dict[int, int] = {}
    nothing: frozenset[int] = frozenset()
    for post in parents:
        way: list[tuple[int, frozenset[int]]] = []
        on_way: set[tuple[int, frozenset[int]]] = set()
        at: int | None = post
        passed = nothing
        place = threads[post]
        while at is not None and at in parents:
            step = (at, passed)
            if step in known:
                place = known[step]
                break
            if step in on_way:
                break
            way.append(step)
            on_way.add(step)
            goes = None
            for mark in marks.get(at, ()):
                if mark.splitting in passed:
                    continue
                if mark.goes:
                    goes = mark.made
                    break
                passed = passed | {mark.splitting}
            if goes is not None:
                place = goes
                break
            at = parents[at]
        for step in way:
            known[step] = place
        found[post] = place
    return found


def components(nodes: Iterable[int], edges: Iterable[tuple[int, int]]) -> list[set[int]]:
    """Which nodes hang together."""
    of = {node: {node} for node in nodes}
    for one, other in edges:
        left, right = of[one], of[other]
        if left is right:
            continue
        if len(left) < len(right):
            left, right = right, left
        left |= right
        for node in right:
            of[node] = left
    return list({id(each): each for each in of.values()}.values())
