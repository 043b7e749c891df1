"""Tracing as data: what a trace is told of its run, and where it goes."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, SecretStr

from nephoscope.models.base import Frozen, JsonValue


class TracedRun(Frozen):
    """A run as a trace names it."""

    id: str
    name: str = "investigation"
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, JsonValue] = Field(default_factory=dict)


class TraceTarget(Frozen):
    """Where traces go. An empty ``endpoint`` is the tool's own."""

    endpoint: str = ""
    project: str = "nephoscope"
    key: SecretStr | None = None


class SuiteExample(Frozen):
    """One unit of a suite: what is asked, and what is true. ``example``: its name."""

    example: str
    inputs: Mapping[str, JsonValue]
    expected: Mapping[str, JsonValue]


class ContestRun(Frozen):
    """What one try at an example came to. ``scores``: numbers by name."""

    example: str
    repeat: int = 0
    ended_at: str = ""
    seconds: float = 0.0
    outputs: Mapping[str, JsonValue] = Field(default_factory=dict)
    scores: Mapping[str, float] = Field(default_factory=dict)
    metadata: Mapping[str, JsonValue] = Field(default_factory=dict)
    error: str = ""


class Contested(Frozen):
    """One contestant and all it did."""

    name: str
    metadata: Mapping[str, JsonValue] = Field(default_factory=dict)
    runs: tuple[ContestRun, ...] = ()


class Contest(Frozen):
    """A comparison, for tools that keep data sets and experiments. ``examples`` by name; ``dataset`` is another where they are others."""

    id: str
    dataset: str
    description: str = ""
    examples: Mapping[str, SuiteExample] = Field(default_factory=dict)
    contestants: tuple[Contested, ...] = ()
