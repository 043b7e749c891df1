"""Implied permissions: what a named thing does by its role, judged like any request, though nobody spoke of permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nephoscope.interfaces import FactView
from nephoscope.models import Finding, ResourceRef, Supposition
from nephoscope_aws.access import keys, targets
from nephoscope_aws.access.cases import Case, Side, decide
from nephoscope_aws.access.circumstances import circumstances
from nephoscope_aws.access.identity import Actor, boundary, identity_policies, trust
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.sources import Gathered, Source
from nephoscope_aws.access.telling import Question, causes
from nephoscope_aws.access.things import by_arn
from nephoscope_aws.access.uses import Use, about_logs, called, steps_of, table, uses
from nephoscope_aws.analyzers.setting.rules import BROKEN, things
from nephoscope_aws.iam import Context, Principal
from nephoscope_aws.looking.look import Look, mend
from nephoscope_aws.looking.referring import refer

_LEADS = {
    "ecs:service": ("task_definition", "ecs:task-definition"),
    "ecs:cluster": ("contains", "ecs:service"),
    "events:rule": ("targets", "events:target"),
    "lambda:function": ("mappings", "lambda:event-source-mapping"),
    "kinesis:stream": ("consumers", "lambda:event-source-mapping"),
    "scheduler:schedule": ("target", "stepfunctions:state-machine"),
    "events:target": ("target", "stepfunctions:state-machine"),
}
"""Where a thing keeps the name of that whose role acts for it."""
_FAILING = r"\b(fail(s|ed|ing|ures?)?|errors?|goes wrong|denied|not authori[sz]ed|refus\w+|reject\w+|(can ?not|can't|cannot|unable to) pull)\b"
_NOBODY = Side(Gathered(()), Gathered(()), (), sees_scps=True)
"""A service has no policies of its own."""
MOST = 6
"""So many things are judged on behalf of one that was named."""


class ImpliedPermissionsAnalyzer:
    """Implements :class:`nephoscope.interfaces.Analyzer`; asked only where no other analyzer has an answer."""

    name = "implied"
    version = "1"
    fallback = True

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """Causes on the side of the role, and of what it acts on; never that all is well."""
        if not {view.problem.symptom, *view.problem.symptoms} & (BROKEN | {"access_denied"}):
            return []
        found: dict[str, Finding] = {}
        for thing in _things(view):
            for one in (*judged(view, thing), *_answered(view, thing)):
                former = found.get(one.key)
                if former is None or (one.holds == "yes" and former.holds != "yes") or (former.holds == "no" and one.holds == "unknown"):
                    found[one.key] = one
        return list(found.values())


def _things(view: FactView) -> list[ResourceRef]:
    sick = [entity for entity in view.problem.entities if entity.role != "healthy" and entity.matches]
    edge = [ref for entity in sick for ref in entity.matches]
    found: dict[str, ResourceRef] = {}
    look, seen = Look(view), set[str]()
    lost = any(entity.named and entity.native_types and not entity.matches for entity in view.problem.entities if entity.role != "healthy")
    while edge and len(found) < MOST:
        thing = edge.pop(0)
        if thing.key in seen:
            continue
        seen.add(thing.key)
        if thing.native_type in table()["services"] or thing.native_type in table()["calling"]:
            found[thing.key] = thing
        if thing.native_type in table()["calling"]:
            edge += [function for function, _ in called(look, thing)]
        edge += steps_of(look, thing)
        attribute, native_type = _LEADS.get(thing.native_type, ("", ""))
        if attribute == "contains" and lost:
            continue  # it only tells where the one that was not found should be: the others in it are not what hurts
        named = look.value(thing, attribute) if attribute else None
        for text in named if isinstance(named, list) else [named]:
            ref = refer(view, thing, native_type, text) if isinstance(text, str) and native_type else None
            if ref:
                edge.append(ref)
        edge += _scheduled(view, thing)
    return list(found.values())


def _scheduled(view: FactView, thing: ResourceRef) -> list[ResourceRef]:
    """Schedules, as far as they were listed, that call the thing: they do so by a role of their own."""
    targets_ = ((one, view.fact(one, "target")) for one in view.subjects("scheduler:schedule"))
    return [one for one, fact in targets_ if fact and (fact.value == thing.native_id or str(fact.value).startswith(f"{thing.native_id}:"))]


def judged(view: FactView, thing: ResourceRef) -> Iterator[Finding]:
    """What a thing does by its role, and whether it may."""
    look = Look(view)
    found = uses(look, thing) if thing.native_type in table()["services"] else []
    if look.askable:
        yield look.observation(f"aws.{thing.native_type.partition(':')[0]}.seen-uses", thing, None, "")
    for role_arn in dict.fromkeys(use.role for use in found):
        role = by_arn("iam:role", role_arn)
        gone = view.fact(role, "exists")
        if gone is None or not gone.known_absent:
            yield from _of_role(view, thing, role, [use for use in found if use.role == role_arn], look)


def _answered(view: FactView, thing: ResourceRef) -> Iterator[Finding]:
    """What calls functions without a role needs their own policies to let it in."""
    turned_away = re.search(r"\b4\d\d\b|forbidden|unauthori[sz]ed", view.problem.text, re.IGNORECASE)  # whoever may not call a function answers 500
    asked = thing.native_type == "secretsmanager:secret" or (_fails(view) and not turned_away)
    service: str = table()["calling"].get(thing.native_type, "") if asked else ""
    look = Look(view)
    actor = Actor(Principal(service=service), workload=thing, service=service)
    for function, source in called(look, thing) if service else []:
        gone = view.fact(function, "exists")
        if gone is not None and gone.known_absent:
            continue
        own = targets.resource_policy(Lens(view), function)
        context = _from(source, circumstances(view.problem, actor, function, Lens(view)))
        case = decide(actor, "lambda:InvokeFunction", function.native_id, function, _NOBODY, own, context, required=True)
        question = Question(
            cases=(case,), target=function, prefix=targets.causes_of(function), required=True,
            fallback=Source("new policy", function, "policy", None, targets.writer(function)),
        )  # fmt: skip
        yield from (_held(view, look, finding) for finding in causes(question))


def _from(source: str, context: Context) -> Context:
    return replace(context, values={**context.values, "aws:sourcearn": (source,)}) if source else context


def _of_role(view: FactView, thing: ResourceRef, role: ResourceRef, wanted: Sequence[Use], look: Look) -> Iterator[Finding]:
    side = Side(identity_policies(Lens(view), role, "role"), boundary(Lens(view), role), (), sees_scps=True)
    actor = Actor(Principal(arn=role.native_id, account=role.account), role=role, workload=thing, service=table()["services"][thing.native_type])
    cases = {use: _cases(view, actor, use, side) for use in wanted}
    own = Question(cases=tuple(case for some in cases.values() for case in some), target=role, prefix="aws.iam.policy")
    found = [one for one in causes(own) if not one.cause.startswith(own.prefix)]
    for use, some in cases.items():
        if use.target and use.target.native_type in targets.TYPES:
            beside = Question(cases=some, target=use.target, prefix=targets.causes_of(use.target), required=use.target.native_type == "kms:key")
            found += [one for one in causes(beside) if one.subject.key == use.target.key]
    for finding in (*found, *causes(_assumed(view, actor, role))):
        yield _held(view, look, finding)


def _held(view: FactView, look: Look, finding: Finding) -> Finding:
    """A cause that holds rests on what asks for the permission too, and with it mended the thing would work."""
    if finding.holds == "unknown":
        needs = {need.key: need for need in (*finding.needs, *look.askable)}
        return finding.model_copy(update={"needs": tuple(needs.values())})
    if finding.holds != "yes":
        return finding
    on_path = finding.cause != "aws.iam.no-policies" or _fails(view) or about_logs(view.problem.text)
    because, suppose = (*look.because, *finding.because), (*finding.suppose, *_working(view))
    return finding.model_copy(update={"because": because, "suppose": suppose, "on_path": on_path})


def _fails(view: FactView) -> bool:
    """Whether the words speak of something that is tried and goes wrong. What is merely silent has been given no role that works, perhaps, because
    nobody uses it: then a role without any policy is told, and proves nothing."""
    spoken = {view.problem.symptom, *view.problem.symptoms[:1]}
    return bool(spoken & {"access_denied", "error_status"}) or re.search(_FAILING, view.problem.text, re.IGNORECASE) is not None


def _working(view: FactView) -> list[Supposition]:
    """With what it needs allowed, a named thing would be seen to work."""
    spoken = {view.problem.symptom, *view.problem.symptoms}
    named = {ref.key: ref for entity in view.problem.entities if entity.role != "healthy" for ref in entity.matches if ref.native_type in things()}
    return [
        mend(ref, name, value)
        for ref in named.values()
        for trace in things()[ref.native_type].traces
        if trace.symptoms & spoken
        for name, value in trace.mended.items()
    ]


def _cases(view: FactView, actor: Actor, use: Use, side: Side) -> tuple[Case, ...]:
    target = use.target if use.target and use.target.native_type in targets.TYPES else None
    is_key = target is not None and target.native_type == "kms:key"
    own = Gathered(()) if target is None else keys.policy_of(Lens(view), target) if is_key else targets.resource_policy(Lens(view), target)
    told = circumstances(view.problem, actor, target, Lens(view))
    context = replace(told, values={**told.values, **{key: (value,) for key, value in use.given}})
    return tuple(decide(actor, action, use.resource, target, side, own, context, required=is_key) for action in use.actions)


def _assumed(view: FactView, actor: Actor, role: ResourceRef) -> Question:
    """The service must be trusted to act as the role."""
    service = Actor(Principal(service=actor.service), workload=actor.workload, service=actor.service)
    context = circumstances(view.problem, service, role, Lens(view))
    case = decide(service, "sts:AssumeRole", role.native_id, role, _NOBODY, trust(Lens(view), role), context, required=True)
    return Question(cases=(case,), target=role, prefix="aws.iam.trust", required=True, names_resource=False)
