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


def shadowing(rule: Rule, rules: Iterable[Rule]) -> Rule | None:
    """The rule that takes every request this one asks for, because it stands before it and asks for no less; ``None``: some get through."""
    wanted = _asked(rule)
    earlier = sorted((one for one in rules if _priority(one) < _priority(rule)), key=_priority)
    return next((one for one in earlier if wanted is not None and _covers(_asked(one), wanted)), None)


def _covers(wide: Mapping[str, list[str]] | None, narrow: Mapping[str, list[str]]) -> bool:
    """Whether whatever meets ``narrow`` meets ``wide``. A pattern that another one matches letter by letter asks for no more than that."""
    return bool(wide) and all(
        field in narrow and all(any(fnmatchcase(one, pattern) for pattern in patterns) for one in narrow[field])
        for field, patterns in (wide or {}).items()
    )


def _asked(rule: Rule) -> dict[str, list[str]] | None:
    """What a rule asks for, by field; ``None`` where that is more than paths and hosts."""
    found: dict[str, list[str]] = {}
    for condition in rule.get("Conditions") or ():
        kind = str(condition.get("Field"))
        values = condition.get("Values") or (
            condition.get({"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}.get(kind, "")) or {}
        ).get("Values")
        if kind not in ("path-pattern", "host-header") or not values or kind in found:
            return None
        found[kind] = [str(one).lower() if kind == "host-header" else str(one) for one in values]
    return found


def asks(rule: Rule) -> str:
    """What a rule asks for, in words."""
    return (
        " and ".join(f"{'path' if field == 'path-pattern' else 'host'} {', '.join(values)}" for field, values in (_asked(rule) or {}).items())
        or "anything"
    )


def speaks_of(rule: Rule, path: str, host: str) -> bool:
    """Whether a rule asks for what is told of a request, and for nothing that is told otherwise."""
    met = [_meets(condition, path, host) for condition in rule.get("Conditions") or ()]
    return True in met and False not in met


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
