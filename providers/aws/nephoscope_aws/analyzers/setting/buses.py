"""Event buses: a rule that listens where its events are not sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nephoscope.models import FactQuery, ResourceRef
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, mend
from nephoscope_aws.looking.referring import refer

_DEFAULT = "default"
_SERVICES = "aws."


def _sources(pattern: object) -> list[str]:
    """The sources that a pattern names; none where it is not by plain names alone."""
    named = pattern.get("source") if isinstance(pattern, dict) else None
    plain = isinstance(named, list) and all(isinstance(one, str) for one in named)
    return [str(one) for one in named] if plain and isinstance(named, list) else []


def rule_on_other_bus(judging: Judging) -> Truth:
    """The rule did not fire, and what it waits for goes to another bus: services' own to the default one, a program's to where others took them."""
    rule = judging.subject
    pattern, bus = judging.look.value(rule, "pattern"), judging.look.value(rule, "bus")
    if pattern is UNKNOWN or bus is UNKNOWN:
        return None
    sources, own = _sources(pattern), str(bus or _DEFAULT)
    services = [one for one in sources if one.startswith(_SERVICES)]
    if not sources or (services and (own == _DEFAULT or len(services) < len(sources))):
        return False
    fired = _fired(judging, rule, "metrics.triggered" if own == _DEFAULT else "metrics.triggered_there")
    if fired is not False:
        return None if fired is None else False
    judging.details |= {"bus": own, "source": sources[0]}
    if services:
        judging.details |= {"other": _DEFAULT, "why": "services send their own events to the default bus alone"}
        judging.suppose.append(mend(rule, "bus", _DEFAULT))
        return True
    return _taken_elsewhere(judging, own, set(sources)) if own == _DEFAULT else False


def _taken_elsewhere(judging: Judging, own: str, sources: set[str]) -> Truth:
    """Whether a rule of another bus takes events of the same sources."""
    if judging.view.complete("events:event-bus", judging.subject.region) is None:
        judging.look.want(FactQuery(kind="events:event-bus", attribute="complete"))
        return None
    unknown = False
    for bus in judging.view.subjects("events:event-bus"):
        rules = judging.look.strings(bus, "contains") if bus.label != own else ()
        unknown |= rules is None
        for sibling in _rules(judging, rules or ()):
            pattern = judging.look.value(sibling, "pattern")
            unknown |= pattern is UNKNOWN
            shared = sources & set(_sources(pattern))
            fired = _fired(judging, sibling, "metrics.triggered_there") if shared else False
            unknown |= bool(shared) and not fired  # a copy for tests takes the same, and gets nothing
            if fired:
                judging.details |= {
                    "other": bus.label,
                    "source": min(shared),
                    "why": f"there rule {sibling.label} took such events in the last 24 hours",
                }
                judging.suppose.append(mend(judging.subject, "bus", bus.label))
                return True
    return None if unknown else False


def _fired(judging: Judging, rule: ResourceRef, attribute: str) -> Truth:
    points = judging.look.value(rule, attribute)
    if points is UNKNOWN:
        return None
    return any(isinstance(one, dict) and bool(one.get("Sum")) for one in (points if isinstance(points, list) else []))


def _rules(judging: Judging, named: tuple[str, ...]) -> Iterator[ResourceRef]:
    for one in named:
        ref = refer(judging.view, judging.subject, "events:rule", one)
        if ref is not None:
            yield ref


JUDGES: Mapping[str, Judge] = named_judge(rule_on_other_bus)
