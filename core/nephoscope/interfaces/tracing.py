"""Tracing: what a pack does that shows runs in a tool for traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from nephoscope.models import Contest, JsonValue, TracedRun, TraceTarget

Scrub = Callable[[str], str]
"""Takes out of a text what must not leave."""
Link = Callable[[], str]
"""Where the trace can be seen, in words for a person; may ask the tool, for a second at most."""


@runtime_checkable
class Tracer(Protocol):
    """One tool for traces. Nothing is traced unless the setting ``tracing`` names it."""

    @property
    def name(self) -> str:
        """What the setting names."""

    def trace(self, run: TracedRun, target: TraceTarget, scrub: Scrub) -> AbstractContextManager[Link]:
        """While it is open, what LangChain and LangGraph do in this context is traced.

        Every word that leaves goes through ``scrub``: names, tags, metadata and errors too. An endpoint that is down, slow or silent
        neither raises nor slows the run, and leaving takes two seconds at most. Raises ``UsageError`` where the target cannot be used.
        """


@runtime_checkable
class Experiments(Protocol):
    """What a tracer may be besides: a keeper of experiments, for comparisons."""

    def publish(self, contest: Contest, target: TraceTarget, scrub: Scrub) -> str:
        """Show a comparison there, and say where; empty where that was not done in time. Telling the same again adds nothing.

        Every word that leaves goes through ``scrub``. An endpoint that is down, slow or silent costs some seconds and raises nothing.
        Raises ``UsageError`` where the target cannot be used.
        """


def scrubbed(value: object, scrub: Scrub) -> JsonValue:
    """Any value as JSON with every text in it scrubbed, keys included. What is no JSON becomes its words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {scrub(str(key)): scrubbed(one, scrub) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrubbed(one, scrub) for one in value]
    return scrub(str(value))
