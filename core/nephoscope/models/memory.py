"""What is remembered of an account from earlier runs. It proposes; it never proves."""

from __future__ import annotations

from nephoscope.models.base import Frozen, JsonValue
from nephoscope.models.resource import ResourceRef


class Remembered(Frozen):
    """One attribute of one thing, as somebody saw it once. ``run``: in which investigation; its record may be gone by now."""

    principal: str
    subject: ResourceRef
    attribute: str
    value: JsonValue = None
    absent: bool = False
    observed_at: str
    run: str


class Edge(Frozen):
    """That one thing named another, by their keys."""

    source: str
    relation: str
    target: str


class Outcome(Frozen):
    """A cause that a run confirmed."""

    cause: str
    subject: str
    run: str
    at: str
