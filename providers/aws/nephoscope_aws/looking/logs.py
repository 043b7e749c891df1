"""The log of a function or container, as far as it was read."""

from __future__ import annotations

from datetime import datetime

from nephoscope.models import ResourceRef
from nephoscope_aws.delivery.content import UNKNOWN
from nephoscope_aws.looking.look import Look, hidden
from nephoscope_aws.looking.referring import refer
from nephoscope_aws.looking.times import moment


def group_of(look: Look, function: ResourceRef) -> ResourceRef | None:
    """Where a function writes: the group that it names, or the one that is named after it."""
    named = look.value(function, "log_group")
    name = named if isinstance(named, str) and not hidden(named) else f"/aws/lambda/{function.label}"
    return refer(look.view, function, "logs:log-group", name)


def errors_in(look: Look, group: ResourceRef | None, since: datetime | None = None) -> list[str] | None:
    """Lines of the last day that report errors, hidden ones left out; ``None`` while nobody has looked. ``since``: time of the first."""
    found = look.value(group, "errors") if group else UNKNOWN
    if found is UNKNOWN:
        return None
    begin = since.timestamp() * 1000 if since else 0.0
    lines = [one for one in found if isinstance(one, dict) and not hidden(one)] if isinstance(found, list) else []
    return [str(one.get("message")) for one in lines if _at(one.get("timestamp")) >= begin]


def _at(stamp: object) -> float:
    return float(stamp) if isinstance(stamp, int | float) else 0.0


def since_changed(look: Look, function: ResourceRef) -> datetime | None:
    """From when on the log is that of the function as it is; ``None``: from the first line. In an emulated account all was made just now."""
    changed, now = moment(look.value(function, "last_modified")), moment(look.view.problem.now)
    emulated = any(identity.emulated for identity in look.view.identities)
    return changed if changed and now and not emulated and changed <= now else None
