"""Where an investigation may look, as whom, and how much it may spend."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from nephoscope.models.base import Frozen, JsonValue


class Tier(StrEnum):
    """What kind of access a call is. The table tier → allowed is core's and no plugin's."""

    IDENTITY = "identity"
    CONFIG = "config"
    TELEMETRY = "telemetry"
    SHAPE = "shape"
    DATA = "data"
    QUERY = "query"
    SECRET = "secret"  # noqa: S105 - the name of a tier
    ROLE = "role"
    DIAGNOSTIC = "diagnostic"
    PROBE = "probe"
    MUTATION = "mutation"


class Identity(Frozen):
    """Who we are in one cloud account. ``alias`` is the worthless key that stands for it inside the sandbox."""

    cloud: str
    account: str
    principal: str
    regions: tuple[str, ...]
    alias: str = ""
    roaming: bool = False
    """Nobody chose a region: ``regions`` are all there are, and the engine finds out which one the problem is about."""
    emulated: bool = False
    """A stand-in for the cloud answers: it counts no traffic of its own, so silence proves nothing."""


class Scope(Frozen):
    """One cloud to look at, with the options its pack defines (profile, region, endpoint, ...)."""

    cloud: str
    options: Mapping[str, JsonValue] = Field(default_factory=dict)


class Budget(Frozen):
    """What is left to spend. ``seconds`` wall clock, ``usd`` language model and cloud together."""

    steps: int = 12
    seconds: float = 300.0
    calls: int = 400
    tokens: int = 200_000
    usd: float = 1.0


class Limits(Frozen):
    """What one script may use. Sizes in MB, ``output_bytes`` counted after escaping; ``calls``: all its requests, cached ones included."""

    seconds: float = 60.0
    memory_mb: int = 1024
    processes: int = 64
    files: int = 20_000
    disk_mb: int = 64
    output_bytes: int = 1_000_000
    calls: int = 1000
    paid_calls: int = 50
