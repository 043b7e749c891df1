"""Event buses: a rule that listens where its events are not sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nephoscope.interfaces import FactView
from nephoscope.models import FactQuery, JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.analyzers.delivering.mending import ACTIONS, PRINCIPALS, known, sendable
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.iam.services import allows_service
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, hidden, mend
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
        return _not_there(judging)
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
                return _not_there(judging)
    return None if unknown else False


def _not_there(judging: Judging) -> Truth:
    """Whether no rule of that name does the same on the other bus; and how it is made there, where the targets let it in."""
    rule, bus = judging.subject, str(judging.details["other"])
    path = f"rule/{rule.label}" if bus == _DEFAULT else f"rule/{bus}/{rule.label}"
    fresh = rule.model_copy(update={"native_id": f"{rule.native_id.partition(':rule/')[0]}:{path}"})
    if _unread(judging, [(fresh, "exists"), (rule, "targets"), (rule, "state")]):
        return None
    if known(judging.view, fresh, "exists"):
        return None if _unread(judging, [(fresh, "targets")]) else not _same(judging.view, rule, fresh)
    targets = [ref for one in _strings(judging.view, rule, "targets") if (ref := refer(judging.view, rule, "events:target", one)) is not None]
    if _unread(judging, [(one, "settings") for one in targets]):
        return None
    settings = [sendable(known(judging.view, one, "settings")) for one in targets]
    receivers = [_receiver(one) for one in settings]
    if _unread(judging, [(one, "policy") for one in receivers if one is not None]):
        return None
    free = judging.view.fact(fresh, "exists") is not None
    if free and targets and all(one is not None and _lets_in(judging.view, one, fresh) for one in receivers):
        judging.details |= _moving(judging, bus, settings)
    return True


def _same(view: FactView, rule: ResourceRef, other: ResourceRef) -> bool:
    """Whether one rule does what the other does."""
    alike = all(known(view, rule, name) == known(view, other, name) for name in ("pattern", "state"))
    return alike and len(_strings(view, rule, "targets")) == len(_strings(view, other, "targets"))


def _strings(view: FactView, ref: ResourceRef, attribute: str) -> list[str]:
    value = known(view, ref, attribute)
    return [str(one) for one in value] if isinstance(value, list) else []


def _unread(judging: Judging, wanted: Sequence[tuple[ResourceRef, str]]) -> bool:
    """Whether some of these facts are not known and may still be asked for."""
    lacking = [FactQuery(subject=ref, attribute=name) for ref, name in wanted if judging.view.fact(ref, name) is None]
    return bool([one for one in lacking if judging.awaits(one)])


def _receiver(settings: JsonValue) -> ResourceRef | None:
    """What a target leads to, where its own policy says who may come in."""
    arn = settings.get("Arn") if isinstance(settings, dict) else None
    ref = refs.of_arn(arn)
    return ref if ref is not None and ref.native_id == arn and ref.native_type in ACTIONS else None


def _lets_in(view: FactView, receiver: ResourceRef, rule: ResourceRef) -> bool:
    policy = view.fact(receiver, "policy")
    if policy is None or hidden(policy.value):
        return False
    written = None if policy.known_absent else policy.value
    account = rule.account or receiver.account
    action, service = ACTIONS[receiver.native_type], PRINCIPALS[rule.native_type]
    return allows_service(written, service, action, receiver.native_id, rule.native_id, account).allowed is True


def _moving(judging: Judging, bus: str, settings: list[JsonValue]) -> dict[str, JsonValue]:
    """Parameters of the calls that make the rule there."""
    rule, view = judging.subject, judging.view
    names = {"EventPattern": "pattern", "State": "state", "RoleArn": "role", "Description": "description"}
    kept = {name: value for name, attribute in names.items() if (value := known(view, rule, attribute))}
    there: dict[str, JsonValue] = {} if bus == _DEFAULT else {"EventBusName": bus}
    return {
        "new_rule": {"Name": rule.name, **there, **kept},
        "new_targets": {"Rule": rule.name, **there, "Targets": settings},
        "ids": " ".join(str(one.get("Id")) for one in settings if isinstance(one, dict)),
    }


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
