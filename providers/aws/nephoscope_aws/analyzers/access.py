"""Access denied: every layer that has a say in one identity's request, judged over the facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence, Set

from nephoscope.interfaces import FactView
from nephoscope.knowledge.symptoms import states, without_guesses
from nephoscope.models import Entity, FactQuery, Finding, Problem, ResourceRef
from nephoscope_aws.access import actions, credentials, identity, keys, limits, mending, targets
from nephoscope_aws.access.actors import WORKLOADS, actors, handed_on, placed, roles_acted_on
from nephoscope_aws.access.calls import told_call
from nephoscope_aws.access.cases import Side, decide
from nephoscope_aws.access.circumstances import circumstances
from nephoscope_aws.access.identity import Actor
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.passage import passage
from nephoscope_aws.access.sources import Gathered
from nephoscope_aws.access.spoken import granted, spoken
from nephoscope_aws.access.telling import Question, allowed, causes
from nephoscope_aws.access.things import ref, service_of
from nephoscope_aws.analyzers.reach.ends import ENDS
from nephoscope_aws.analyzers.setting.environment import named_by
from nephoscope_aws.iam import Policies, Policy, Principal

_DENIED = re.compile(
    r"denied|not (authori[sz]ed|allowed)|unauthori[sz]ed|forbidden|explicit deny|invalid ?client ?token ?id|invalid ?access ?key ?id|may not"
    r"|(?:lost|lacks?|no|missing|without) (?:\w+ )?permissions?\b(?! for)",
    re.IGNORECASE,
)
_POLICIES = re.compile(r"\b(?:(?:bucket|queue|topic|key|table|resource|access|iam|role)['’]?s? polic(?:y|ies)|permissions?|iam)\b", re.IGNORECASE)
_TURNED_AWAY = re.compile(
    r"\b(refus(?:ed|es|al)|reject(?:ed|s)|turned (?:away|down)|fails? to (?:assume|pass)|passing|pass ?role"
    r"|(?:can ?not|can't|cannot) (?:assume|use|pass))\b",
    re.IGNORECASE,
)
"""The same of identities, who open no connections."""


_RESOURCE = re.compile(r"\bon resource:? (arn:[\w-]+:[^\s,;\"']*[\w*/])", re.IGNORECASE)
"""As services say it in the error they return."""


class AccessAnalyzer:
    """Implements :class:`nephoscope.interfaces.Analyzer` for denied requests."""

    name = "access"
    version = "1"

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """Causes and observations for every actor and every resource the words are about."""
        if not _concerned(view):
            return []
        who = Lens(view)
        where = Lens(view)
        found = placed(view, actors(view, who), where)
        if not found and who.needs:
            return [_open(view, tuple(who.needs.values()), "who asks is not known yet")]
        bare = [*(() if found else credentials.without_role(view))]
        if where.needs:
            bare.append(_open(view, tuple(where.needs.values()), "what runs under the identity is not known yet"))
        return list(_merged((*bare, *(finding for actor in found or (_anybody(view),) for finding in _as_run(view, actor, who)))))


def _as_run(view: FactView, actor: Actor, who: Lens) -> Iterator[Finding]:
    """What is found of an actor; what is observed of a workload rests also on what ties it to its role."""
    for finding in _for_actor(view, actor):
        tied = actor.workload is not None and finding.role == "observation"
        yield finding.model_copy(update={"because": tuple(dict.fromkeys((*finding.because, *who.because)))}) if tied else finding


def _concerned(view: FactView) -> bool:
    """The symptom is a denial, words of denial are about something that policies guard, or a call is told and not its answer."""
    kept_out = "cannot_connect" in view.problem.symptoms and not view.problem.matched(*targets.TYPES)  # "blocked from" a host: no denial was stated
    if told_call(view):
        return True
    if view.problem.symptom == "access_denied" and not kept_out:
        return not _among_machines(view) and not _merely_refused(view)
    spoken = {view.problem.symptom, *view.problem.symptoms}
    guarded = [ref.native_type for ref in view.problem.matched(*targets.TYPES) if ref.native_type != "iam:role"]
    if "access_denied" in spoken and guarded and view.problem.matched("iam:user", "iam:role"):
        return True  # who, and on what: nothing but a permission is between the two
    if spoken & {"access_denied", "cannot_connect"} and guarded and _POLICIES.search(view.problem.text) and view.problem.matched(*WORKLOADS):
        return True  # the same, where somebody thinks of what guards it
    text = without_guesses(view.problem.text)
    if _DENIED.search(text) and view.problem.matched(*targets.TYPES, "iam:user", *WORKLOADS):
        return True
    return bool(handed_on(view) or (_TURNED_AWAY.search(text) and view.problem.matched("iam:role", "iam:user")))


def _among_machines(view: FactView) -> bool:
    """Nothing but machines is spoken of, and nobody says what was answered: one that cannot fetch from another was not denied anything."""
    things = [ref for entity in view.problem.entities if entity.role != "healthy" for ref in entity.matches]
    kinds = {ref.native_type for ref in things} | {kind for entity in view.problem.entities for kind in entity.native_types}
    several = len({ref.key for ref in things if ref.native_type in ENDS}) > 1
    return several and kinds <= {*WORKLOADS, *ENDS} and not states(view.problem.text, "access_denied")


def _merely_refused(view: FactView) -> bool:
    """Something refuses, nobody says whom, and no denial is stated: it may be full, or not ready."""
    guarded = {ref.native_type for ref in view.problem.matched(*targets.TYPES)}
    somebody = view.problem.matched("iam:role", "iam:user", *WORKLOADS)
    return bool(guarded) and guarded <= targets.LIMITED and not somebody and not states(view.problem.text, "access_denied")


def _anybody(view: FactView) -> Actor:
    """The words do not say who: only what holds for everyone in the account can be told."""
    return Actor(Principal(account=next((one.account for one in view.identities), "")))


def _open(view: FactView, needs: tuple[FactQuery, ...], note: str) -> Finding:
    named = (*(need.subject for need in needs if need.subject), *view.problem.matched())
    account = next((one.account for one in view.identities), "")
    subject = named[0] if named else ref("organizations:node", account, account, account)
    return Finding(cause="aws.iam.seen-allowed", subject=subject, holds="unknown", role="observation", needs=needs, note=note)


_SPOKEN_TYPES = ("s3:bucket", "sqs:queue", "sns:topic", "dynamodb:table")


def _likely_types(view: FactView) -> tuple[str, ...]:
    """Types in which to look for a resource that the words name barely: those of the operations named, else all that people leave bare."""
    services = {word.split(":")[0] for word in view.problem.actions if ":" in word}
    return tuple(one for one in _SPOKEN_TYPES if not services or service_of(one) in services)


def _for_actor(view: FactView, actor: Actor) -> Iterator[Finding]:
    side, role_lens = _side(view, actor)
    callers = _callers(view, actor)
    if callers is None:
        yield _open(view, _definitions(view), "whether the workflow calls the function, or the other way round, is not known yet")
        return
    if callers and not [one for one in _things(view, actor) if one.key not in callers]:
        return  # who asks is the workflow, by a role of its own
    if actor.role is not None:
        yield from credentials.identity_exists(Lens(view), actor.role)
        yield from credentials.access_keys(Lens(view), actor)
        if actor.workload is not None:
            yield from _trusted(view, Actor(Principal(service=actor.service), workload=actor.workload, service=actor.service), actor.role, side)
    lens = Lens(view)
    things = (
        tuple(one for one in _things(view, actor) if one.key not in callers)
        or named_by(view, actor.workload, lens)
        or spoken(view, lens, _likely_types(view))
    )
    if not things and lens.needs:
        yield _open(view, tuple(lens.needs.values()), "what was asked for is not known yet")
        return
    for thing in things:
        yield from _on(view, actor, thing, side)
    if not things and actor.role is not None:
        yield from _anywhere(view, actor, side)
        for thing in granted(view, side.identity.policies):  # a fault there is one; in order, it shows nothing of the thing that is meant
            yield from (one for one in _on(view, actor, thing, side) if one.needs or (one.role == "cause" and one.holds == "yes"))
    if made_with := handed_on(view):
        yield _open(view, (), f"what is made with {made_with[0].label} needs a permission of its own, which the words do not tell")
    yield from limits.elsewhere(actor, things)
    yield from limits.organisation(actor, side, role_lens, [case for question in _questions(view, actor, things, side) for case in question.cases])


_WORKFLOW = "stepfunctions:state-machine"


def _callers(view: FactView, actor: Actor) -> Set[str] | None:
    """Named workflows that have the workload as a step; ``None`` while the definition of one was not read."""
    machines = list(view.problem.matched(_WORKFLOW)) if actor.workload and actor.workload.native_type == "lambda:function" else []
    facts = {one.key: view.fact(one, "definition") for one in machines}
    gaps = {(gap.subject.key, gap.attribute) for gap in view.gaps if gap.subject}
    if any(fact is None and (key, "definition") not in gaps for key, fact in facts.items()):
        return None
    name = actor.workload.name if actor.workload else ""
    step = re.compile(rf':function:{re.escape(name)}(?![\w-])|"FunctionName": "{re.escape(name)}[":]')
    return {key for key, fact in facts.items() if fact is not None and step.search(json.dumps(fact.value, default=str))}


def _definitions(view: FactView) -> tuple[FactQuery, ...]:
    return tuple(FactQuery(subject=one, attribute="definition") for one in view.problem.matched(_WORKFLOW))


def _side(view: FactView, actor: Actor) -> tuple[Side, Lens]:
    lens = Lens(view)
    if actor.role is None:
        return Side(_unseen(actor), Gathered(()), (), sees_scps=True), lens
    levels, seen = identity.organisation(lens, actor.role.account)
    granted = identity.identity_policies(Lens(view), actor.role, actor.kind)
    return Side(granted, identity.boundary(Lens(view), actor.role), levels, seen), lens


def _unseen(actor: Actor) -> Gathered:
    """The own policies of an actor that is no identity of this account: none, not known, or another account's (see ``limits.elsewhere``)."""
    if actor.principal.service:
        return Gathered(())
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    return Gathered((Policy("policies of the other account", everything),)) if actor.principal.arn else Gathered(None)


def _things(view: FactView, actor: Actor) -> tuple[ResourceRef, ...]:
    acted_on = roles_acted_on(view)
    own = {thing.key for thing in (actor.role, actor.workload) if thing}
    sick = {
        one.key: one
        for entity in view.problem.entities
        if entity.role != "healthy"
        for match in _asked_for(view.problem, entity, own)
        if (one := _as_known(view, match))
    }
    done_to = [one for one in sick.values() if one.native_type == targets.MACHINE and actor.workload is None and actions.spoken(view.problem, one)]
    return (*done_to, *(
        one for one in sick.values()
        if one.native_type in targets.TYPES and one.key not in own and (one.native_type != "iam:role" or one.key in {role.key for role in acted_on})
        and not (one.native_type in WORKLOADS and actor.workload is not None and not actions.says(view.problem, "invoke"))
    ))  # fmt: skip


_ITS_OWN = re.compile(r"\b(its|their|own)\b", re.IGNORECASE)


def _asked_for(problem: Problem, entity: Entity, own: Set[str]) -> Sequence[ResourceRef]:
    """What may be asked for among things of one name: none where the name tells who asks, and only those that the words do something with."""
    if own & {ref.key for ref in entity.matches} and not _ITS_OWN.search(problem.text):
        return ()
    done = [ref for ref in entity.matches if actions.named(problem, ref) or actions.spoken(problem, ref)]
    return done or entity.matches


def _as_known(view: FactView, thing: ResourceRef) -> ResourceRef:
    """What a reference stands for: an alias for its key; a secret's name for the secret, whose ARN ends in letters the name does not tell."""
    if thing.native_type == "kms:alias":
        return targets.aliased(Lens(view), thing) or thing
    if thing.native_type != "secretsmanager:secret":
        return thing
    named = [one for one in view.subjects(thing.native_type) if one.name == thing.name and one.region in (thing.region, "")]
    return next((one for one in named if one.key != thing.key), thing)


def _on(view: FactView, actor: Actor, thing: ResourceRef, side: Side) -> Iterator[Finding]:
    yield from credentials.target_exists(Lens(view), thing)
    if thing.native_type == "iam:role":
        yield from _trusted(view, actor, thing, side)
        return
    if thing.native_type == "secretsmanager:secret":
        yield from credentials.secret_lives(Lens(view), thing)
    if thing.native_type == "kms:key":
        yield from keys.condition_of(Lens(view), thing)
    question = _question(view, actor, thing, side)
    yield from causes(question)
    yield allowed(question, f"aws.{service_of(thing.native_type)}.seen-allowed", thing)
    yield from _behind(view, actor, question, side)


def _questions(view: FactView, actor: Actor, things: Iterable[ResourceRef], side: Side) -> list[Question]:
    return [(_trust_question if thing.native_type == "iam:role" else _question)(view, actor, thing, side) for thing in things]


def _question(view: FactView, actor: Actor, thing: ResourceRef, side: Side) -> Question:
    is_key = thing.native_type == "kms:key"
    own = keys.policy_of(Lens(view), thing) if is_key else targets.resource_policy(Lens(view), thing)
    lens = Lens(view)
    way = passage(lens, actor, service_of(thing.native_type))
    context = circumstances(view.problem, actor, thing, lens, _policies(side, own, way.policies), way=way)
    wanted = actions.wanted(view.problem, thing)
    cases = tuple(
        decide(actor, action, targets.arn_for(thing, action, view.problem), thing, side, own, context, required=is_key, endpoint=way.policies)
        for action in wanted.actions
    )
    slipped = () if wanted.every else tuple(case for case in cases if mending.slip(case))  # what somebody tried to allow is what is meant
    return Question(
        cases=slipped or cases, target=thing, prefix=targets.causes_of(thing), every=wanted.every or bool(slipped), required=is_key,
        fallback=targets.new_policy(thing), extra_needs=tuple(lens.needs.values()), extra_because=tuple(lens.because),
        stated=states(view.problem.text, "access_denied"),
    )  # fmt: skip


def _behind(view: FactView, actor: Actor, question: Question, side: Side) -> Iterator[Finding]:
    """The key that encrypts the resource must be usable too, and by the same identity."""
    thing = question.target
    lens = Lens(view)
    wanted = tuple(dict.fromkeys(filter(None, (actions.key_action(case.request.action) for case in question.cases))))
    if not wanted:
        return
    known, key = targets.key_of(lens, thing)
    if not known:
        yield Finding(cause="aws.kms.seen-key-usable", subject=thing, holds="unknown", role="observation", needs=tuple(lens.needs.values()))
    if key is None:
        return
    state = Lens(view)
    yield from keys.condition_of(state, key)
    manager = state.text(key, "manager")[1]
    if manager == "AWS" and not question.crosses:
        return
    service = service_of(thing.native_type)
    own = keys.policy_of(Lens(view), key)
    context = circumstances(view.problem, actor, key, Lens(view), _policies(side, own), via=service)
    cases = tuple(decide(actor, action, key.native_id, key, side, own, context, required=True) for action in wanted)
    on_key = Question(cases=cases, target=key, prefix="aws.kms.key-policy", every=question.every, required=True)
    for finding in causes(on_key):
        yield finding.model_copy(update={"cause": _OF_KEYS.get(finding.cause, finding.cause)})
    yield allowed(on_key, "aws.kms.seen-allowed", key)


_OF_KEYS = {
    "aws.iam.identity-deny": "aws.kms.identity-deny",
    "aws.iam.identity-allow-missing": "aws.kms.identity-allow-missing",
    "aws.iam.no-policies": "aws.kms.identity-allow-missing",
    "aws.iam.boundary-deny": "aws.kms.boundary-deny",
    "aws.iam.boundary-allow-missing": "aws.kms.boundary-allow-missing",
}


def _trusted(view: FactView, actor: Actor, role: ResourceRef, side: Side) -> Iterator[Finding]:
    """May the actor assume the role: its trust policy, and the actor's own policies."""
    question = _trust_question(view, actor, role, side)
    yield from causes(question)
    yield allowed(question, "aws.iam.seen-trusted", role)


def _trust_question(view: FactView, actor: Actor, role: ResourceRef, side: Side) -> Question:
    """To pass a role asks the actor's own policies alone; to assume it asks the role's trust policy too."""
    lens = Lens(view)
    handed = role.key in {one.key for one in handed_on(view)}
    passing = (handed or actions.says(view.problem, "pass")) and actor.role is not None and not actor.service
    own = Gathered(()) if passing else identity.trust(Lens(view), role)
    context = circumstances(view.problem, actor, role, lens, _policies(side, own))
    action = "iam:PassRole" if passing else "sts:AssumeRole"
    case = decide(actor, action, role.native_id, role, side, own, context, required=not passing)
    needs = tuple(lens.needs.values())
    return Question(
        cases=(case,), target=role, prefix="aws.iam.trust", required=not passing, names_resource=False, extra_needs=needs,
        extra_because=tuple(lens.because),
    )  # fmt: skip


def _policies(side: Side, *others: Gathered) -> list[Policies | None]:
    """Every policy that may ask for a circumstance."""
    return [one.policies for one in (side.identity, side.boundary, *side.scps, *others)]


def _anywhere(view: FactView, actor: Actor, side: Side) -> Iterator[Finding]:
    """No resource is named: is the action allowed on anything at all, or is anything allowed?"""
    if actor.role is None:
        return
    named = tuple(word for word in view.problem.actions if ":" in word)
    context = circumstances(view.problem, actor, None, Lens(view), _policies(side))
    told = _RESOURCE.search(view.problem.text)
    resource = told[1] if told else "*"
    keyed = Gathered(None)  # a key's own policy decides, and which key it is nobody knows
    cases = tuple(
        decide(actor, action, resource, None, side, keyed if of_key else Gathered(()), context, required=of_key)
        for action in named
        for of_key in (action.startswith("kms:"),)
    )
    if cases:
        question = Question(cases=cases, target=actor.role, prefix="aws.iam.resource-policy")
        yield from causes(question)
        yield allowed(question, "aws.iam.seen-allowed", actor.role)
    else:
        note = "the words name neither a resource nor an operation that was denied"
        yield Finding(cause="aws.iam.seen-allowed", subject=actor.role, holds="unknown", role="observation", note=note)


_RANK = {"yes": 0, "unknown": 1, "no": 2}


def _merged(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding per cause and subject: the worst news of several, all needs kept."""
    kept: dict[str, Finding] = {}
    for finding in findings:
        other = kept.get(finding.key)
        observation = finding.role == "observation"
        worse = other is not None and (_RANK[finding.holds] < _RANK[other.holds]) != observation and finding.holds != other.holds
        if other is None or worse:
            kept[finding.key] = finding
        elif finding.holds == other.holds == "unknown":
            needs = {need.key: need for need in (*other.needs, *finding.needs)}
            kept[finding.key] = other.model_copy(update={"needs": tuple(needs.values())})
    yield from kept.values()
