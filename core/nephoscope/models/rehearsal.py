"""A script's test on mock data, and what came of it before the script reached the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from nephoscope.models.base import Frozen, JsonValue


class Page(Frozen):
    """One mock reply. ``params``: those of the request it answers, where others get another page."""

    params: Mapping[str, JsonValue] = Field(default_factory=dict)
    document: JsonValue


class Sample(Frozen):
    """What an operation replies, made up: every member of its reply, in pages where it has pages."""

    operation: str
    pages: tuple[Page, ...]
    open: bool = False
    """Whether it holds maps: their true keys are anybody's guess."""


class Expected(Frozen):
    """A fact that must come out on the mock data: ``expr`` (JMESPath) over all pages of the operation's reply gives ``value``."""

    operation: str
    expr: str
    value: JsonValue


class Rehearsal(Frozen):
    """What a rehearsal showed of a script's bytes. ``reason``: why it failed, or why there was none.

    ``tested``: the expected facts; each was seen to hold on the mock data and to fail on changed data.
    """

    script: str
    outcome: Literal["passed", "failed", "skipped"]
    reason: str = ""
    hint: str = ""
    operations: tuple[str, ...] = ()
    tested: tuple[Expected, ...] = ()
    unsure: str = ""
    """What the mock data could not decide."""
    seconds: float = 0.0
