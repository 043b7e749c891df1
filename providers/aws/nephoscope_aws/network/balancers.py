"""Load balancers: which listeners serve the ports, which targets stand behind them, and what is wrong with those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from nephoscope_aws.iam.truth import all_of
from nephoscope_aws.network.intervals import Intervals

Listener = Mapping[str, Any]
Rule = Mapping[str, Any]
"""``Priority``, ``Conditions`` and ``Actions`` as DescribeRules tells them."""
Actions = Sequence[Mapping[str, Any]]
MOST_PRIORITY = 1_000_000
"""Behind every other rule: the default's."""
Target = Mapping[str, Any]
"""An item of TargetHealthDescriptions."""

GOOD_HEALTH = frozenset({"healthy", "initial", "unused", "unavailable"})
"""States that say nothing against a target: still being looked at, or health checks are off."""


def ports_served(listeners: Iterable[Listener]) -> Intervals:
    """The ports that any listener listens on."""
    return Intervals.of(*((int(item["Port"]), int(item["Port"])) for item in listeners if item.get("Port") is not None))


def forwarding(actions: Iterable[Mapping[str, Any]]) -> list[str]:
    """ARNs of the target groups that actions forward to, in order, those with weight 0 left out."""
    found: list[str] = []
    for action in actions:
        weighted = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
        found += [str(item["TargetGroupArn"]) for item in weighted if item.get("Weight", 1) != 0 and item.get("TargetGroupArn")]
        if action.get("TargetGroupArn"):
            found.append(str(action["TargetGroupArn"]))
    return list(dict.fromkeys(found))


def routed(rules: Iterable[Rule], path: str, host: str) -> list[Actions]:
    """Actions of the rules that a request may meet, by priority, up to the first that surely takes it. Empty: path or host are not known."""
    found: list[Actions] = []
    for rule in sorted(rules, key=_priority):
        taken = all_of(_meets(condition, path, host) for condition in rule.get("Conditions") or ())
        found += [rule.get("Actions") or ()] if taken is not False else []
        if taken:
            break
    return found


def _priority(rule: Rule) -> int:
    told = str(rule.get("Priority"))
    return int(told) if told.isdigit() else MOST_PRIORITY


def _meets(condition: Mapping[str, Any], path: str, host: str) -> bool | None:
    kind = condition.get("Field")
    said, config = {"path-pattern": (path, "PathPatternConfig"), "host-header": (host.lower(), "HostHeaderConfig")}.get(str(kind), ("", ""))
    values = condition.get("Values") or (condition.get(config) or {}).get("Values") or ()
    if not said or not values:
        return None  # a header, a method, a query: nobody told
    forms = {said, f"{said.rstrip('/')}/"} if kind == "path-pattern" else {said}
    return any(fnmatchcase(form, str(value).lower() if kind == "host-header" else str(value)) for form in forms for value in values)


def answers_itself(actions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the balancer answers without any target: a redirect or a fixed response."""
    return bool(actions) and all(action.get("Type") in ("redirect", "fixed-response") for action in actions)


def active(targets: Iterable[Target]) -> list[Target]:
    """Registered targets that are not on their way out."""
    return [item for item in targets if (item.get("TargetHealth") or {}).get("State") != "draining"]


def sick(targets: Iterable[Target]) -> list[Target]:
    """Targets whose health checks fail."""
    return [item for item in targets if (item.get("TargetHealth") or {}).get("State", "unavailable") not in GOOD_HEALTH]


def port_of(target: Target, group_port: int | None) -> int | None:
    """The port on which a target is called."""
    own = (target.get("Target") or {}).get("Port")
    return int(own) if own is not None else group_port
