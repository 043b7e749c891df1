"""What an organisation allows on its machines. It only narrows; no flag, variable or file of a user can loosen it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from nephoscope.interfaces import UsageError
from nephoscope.models import Budget, Tier
from nephoscope.models.base import Frozen
from nephoscope.settings.layer import from_file, line_of, nested
from nephoscope.settings.model import Settings

PATH = Path("/etc/nephoscope/policy.toml")


class Organisation(Frozen):
    """The organisation's file. A key that is not given narrows nothing; one we do not know is an error, for it was meant to narrow."""

    accounts: tuple[str, ...] | None = None
    tiers: tuple[Tier, ...] | None = None
    packs: tuple[str, ...] | None = None
    executors: tuple[str, ...] | None = None
    reviewed_only: bool = False
    models_allowed: tuple[str, ...] | None = None
    model_hosts: tuple[str, ...] | None = None
    mask: Literal[True] | None = None
    """Models are shown stand-ins, wherever they run."""
    budget: Mapping[str, float] = Field(default_factory=dict)


def read(path: Path = PATH) -> Organisation:
    """The organisation's file; an empty one when there is none. Anything wrong with it is an error: a wall is not skipped."""
    layer = from_file(path)
    if layer is None:
        return Organisation()
    try:
        organisation = Organisation.model_validate(nested(layer.values))
        unknown = set(organisation.budget) - set(Budget.model_fields)
        if unknown:
            raise UsageError(f"{path}: the budget knows no {', '.join(sorted(unknown))}.", f"it has {', '.join(Budget.model_fields)}")
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        line = line_of(layer.text, str(first["loc"][0]))
        raise UsageError(f"{path}, line {line}: {key}: {first['msg']}.", "ask who administers this machine to correct it") from None
    return organisation


def narrow(settings: Settings, organisation: Organisation) -> tuple[Settings, dict[str, str]]:
    """The settings within what is allowed, and for each key that was changed, why. Raises ``UsageError`` where nothing allowed is left."""
    changed: dict[str, Any] = {}
    for key in ("accounts", "tiers", "packs", "executors", "model_hosts"):
        allowed, own = getattr(organisation, key), getattr(settings, key)
        if allowed is not None:
            changed[key] = tuple(item for item in allowed if own is None or item in own)
    changed |= _less(settings, organisation)
    changed["reviewed_only"] = settings.reviewed_only or organisation.reviewed_only
    if organisation.models_allowed is not None:
        changed["models_allowed"] = _both(organisation.models_allowed, settings.models_allowed)
    if organisation.mask:
        changed["mask"] = True
    if organisation.tiers is not None:
        changed["grants"] = tuple(tier for tier in settings.grants if tier in organisation.tiers)
        changed["telemetry"] = settings.telemetry and Tier.TELEMETRY in organisation.tiers
    executors = changed.get("executors")
    if executors is not None and settings.executor != "auto" and settings.executor not in executors:
        raise UsageError(f"The executor {settings.executor} is not allowed on this machine.", f"use one of: {', '.join(executors) or 'none is'}")
    if executors is not None and len(executors) == 1:
        changed["executor"] = executors[0]
    narrowed = {key: value for key, value in changed.items() if value != getattr(settings, key)}
    return settings.model_copy(update=narrowed), dict.fromkeys(narrowed, "narrowed by the organisation's policy")


def _both(allowed: tuple[str, ...], own: tuple[str, ...] | None) -> tuple[str, ...]:
    """Patterns within both: of two lists that overlap in part, only what one of the organisation's covers."""
    return allowed if own is None else tuple(one for one in own if any(fnmatchcase(one, pattern) for pattern in allowed))


def _less(settings: Settings, organisation: Organisation) -> dict[str, Any]:
    caps = organisation.budget
    less = {name: type(mine)(min(mine, caps[name])) for name, mine in settings.budget if name in caps}
    return {"budget": settings.budget.model_copy(update=less)} if less else {}
