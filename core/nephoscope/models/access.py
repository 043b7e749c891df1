"""What kind of access operations are, who said so, and in which forms policies are written."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from nephoscope.models.base import Frozen
from nephoscope.models.scope import Tier


class Judged(StrEnum):
    """Where a judgement comes from. Only ``REVIEWED`` and ``RULE`` are somebody's own look at the operation."""

    REVIEWED = "reviewed"
    RULE = "rule"
    """A reviewed rule about a parameter."""
    DATA = "data"
    """Public data about the cloud's permissions; it only ever proposes."""
    UNKNOWN = "unknown"


class OperationAccess(Frozen):
    """One operation as the gate sees it before any parameter is known. ``needs``: permissions in the cloud's own words."""

    operation: str
    tier: Tier
    reason: str
    judged: Judged
    needs: tuple[str, ...] = ()
    verified: bool = False
    """Whether somebody has looked at which permissions it needs."""
    changes: tuple[str, ...] = ()
    """Parameters that change the judgement, a sentence each."""
    known: bool = True
    """Whether the cloud has such an operation at all."""


class ServiceCoverage(Frozen):
    """How many of a service's operations are judged by whom, and how many may be used without a grant."""

    service: str
    operations: int
    reviewed: int
    proposed: int
    """Reads that public data propose."""
    suspected: int
    """Refused because by their model they give out secrets."""
    unknown: int
    usable: int
    by_tier: dict[str, int]


PolicyForm = Literal["json", "terraform", "cloudformation"]
