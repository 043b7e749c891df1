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
