"""A path as a chain of hops, each seen open, blocked or not at all, walked forward and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from nephoscope_aws.network.filters import State
from nephoscope_aws.network.traffic import Traffic

Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Hop(Generic[Subject]):
    """One place that packets pass. ``facts`` are ids of what decided it, ``fault`` names why it is blocked."""

    name: str
    state: State
    reason: str
    subject: Subject
    facts: tuple[str, ...] = ()
    fault: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    passing: Traffic | None = None
    """What of the traffic goes on; ``None``: all of it."""


Step = Callable[[Traffic], Hop[Subject]]
"""Judges one hop for the traffic that reached it."""


def trace(steps: Sequence[Step[Subject]], traffic: Traffic) -> list[Hop[Subject]]:
    """Every hop of the path in order. Ports that an open hop holds back do not reach the next; a stop does not end the walk."""
    hops: list[Hop[Subject]] = []
    for step in steps:
        hop = step(traffic)
        if hop.state == "open" and hop.passing is not None:
            traffic = hop.passing
        hops.append(hop)
    return hops
