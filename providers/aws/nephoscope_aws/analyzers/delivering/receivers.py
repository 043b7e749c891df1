"""The receiving end of a hop: is it there, does its policy let the sender in, can the sender use its key?"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence

from nephoscope.models import FactQuery, Finding, JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.delivering import mending, queues, refs
from nephoscope_aws.analyzers.delivering.context import Context
from nephoscope_aws.analyzers.delivering.search import Hop, gone
from nephoscope_aws.iam.evaluation import Evaluation
from nephoscope_aws.iam.services import allows_service
from nephoscope_aws.iam.truth import Truth, all_of, negated
from nephoscope_aws.looking.look import UNKNOWN, Look, mend
from nephoscope_aws.looking.nearness import meant

_GONE = {
    refs.BUCKET: "aws.s3.notification-destination-deleted",
    refs.TOPIC: "aws.sns.subscription-endpoint-deleted",
    refs.RULE: "aws.events.target-deleted",
    refs.QUEUE: "aws.lambda.event-source-mapping-function-deleted",
    refs.LOG_GROUP: "aws.logs.subscription-destination-deleted",
}
_LACKING = {
    refs.FUNCTION: "aws.lambda.permission-missing",
    refs.QUEUE: "aws.sqs.queue-policy-missing-service",
    refs.TOPIC: "aws.sns.topic-policy-denies-publisher",
}
_DENYING = {
    refs.FUNCTION: "aws.lambda.permission-denied",
    refs.QUEUE: "aws.sqs.queue-policy-denies-service",
    refs.TOPIC: "aws.sns.topic-policy-denies-publisher",
}
_KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
_ALIKE = 0.6


def findings(context: Context, hop: Hop) -> Iterator[Finding]:
    """Everything that can be wrong on the receiving side of a hop."""
    if hop.target is None or hop.target.native_type in (refs.BUS, refs.RULE):
        return
    if hop.source.native_type in _GONE:
        yield _there(context, hop, hop.target)
    if hop.source.native_type in mending.PRINCIPALS:
        yield from _allowed(context, hop, hop.target)
        if hop.target.native_type in (refs.QUEUE, refs.TOPIC):
            yield from _key(context, hop, hop.target)


def _told(hop: Hop, target: ResourceRef) -> dict[str, JsonValue]:
    parts = target.native_type.split(":")
    return {
        "source": hop.source.label,
        "source_arn": hop.source.native_id,
        "source_account": hop.source.account or target.account,
        "service": mending.PRINCIPALS.get(hop.source.native_type, ""),
        "target": target.label,
        "target_arn": target.native_id,
        "target_kind": parts[1],
        "target_url": queues.url(target),
    }


def _there(context: Context, hop: Hop, target: ResourceRef) -> Finding:
    """Deleted, renamed, or never there; if the words name another consumer, what is configured leads elsewhere."""
    look = context.look(hop)
    there = look.exists(target)
    configured = hop.links[0].target if hop.links and hop.links[0].target else target
    dead: Truth = True if hop.dangling else (None if there is None else not there)
    suppose = list(mending.existing(target)) if not there else []
    if hop.dangling and configured.key != target.key:
        look.value(configured, "exists")
        suppose += _redirected(context, hop, target)
    elif hop.dangling or there is False:
        look.value(target, "exists")
        suppose += _welcoming(hop, target)
    near = _alike(context, look, configured) if dead else ""
    anew = {**_slip(context, hop, configured), **_anew(hop, configured)} if dead else {}
    return look.finding(
        _GONE[hop.source.native_type],
        hop.source,
        dead,
        note=f"{hop.source.label} sends to {configured.label}, which does not exist" + (f"; there is {near}" if near else "") if dead else "",
        details={
            **_told(hop, target),
            "name": hop.source.label,
            "missing": configured.label,
            "missing_id": configured.native_id,
            "missing_arn": configured.native_id,
            "near": near,
            **anew,
            **_repair(context, hop, target),
        },
        suppose=suppose,
    )


def _redirected(context: Context, hop: Hop, target: ResourceRef) -> list[Supposition]:
    """The link leading to the consumer that is meant."""
    link = hop.links[0]
    if hop.source.native_type == refs.BUCKET:
        attribute, name = mending.ATTRIBUTES[target.native_type]
        changed: list[JsonValue] = [
            {**entry, name: target.native_id} if entry == link.settings else entry
            for entry in mending.entries(context.view, hop.source, attribute)
            if isinstance(entry, dict)
        ]
        return mending.notifying(context.view, hop.source, attribute, changed)[0]
    if hop.source.native_type == refs.LOG_GROUP:
        entries = mending.entries(context.view, hop.source, "subscription_filters")
        changed = [{**one, "destinationArn": target.native_id} if one == link.settings else one for one in entries if isinstance(one, dict)]
        return [mend(hop.source, "subscription_filters", changed)]
    attribute = {refs.TOPIC: "endpoint", refs.RULE: "target", refs.QUEUE: "function"}[hop.source.native_type]
    return [mend(link.holder, attribute, target.native_id)]


def _repair(context: Context, hop: Hop, target: ResourceRef) -> dict[str, JsonValue]:
    """The bucket's whole configuration with the destination put right, for the fix."""
    if hop.source.native_type != refs.BUCKET or not hop.links or target.native_type not in mending.ATTRIBUTES:
        return {}
    redirected = _redirected(context, hop, target)
    attribute, _ = mending.ATTRIBUTES[target.native_type]
    return mending.notifying(context.view, hop.source, attribute, redirected[0].value)[1]


def _slip(context: Context, hop: Hop, lost: ResourceRef) -> dict[str, JsonValue]:
    """The rule's target with the living thing whose name was meant; all its other settings as they are."""
    living = {ref.name: ref for ref in context.view.subjects(lost.native_type) if ref.name and ref.key != lost.key and not gone(context.view, ref)}
    near = meant(lost.name, living)
    if hop.source.native_type != refs.RULE or not near or not hop.links:
        return {}
    settings = mending.known(context.view, hop.links[0].holder, "settings")
    target = mending.sendable({**settings, "Arn": living[near].native_id}) if isinstance(settings, dict) else None
    return {"meant": near, "rule_targets": mending.on_bus_of(context.view, hop.source, "Rule", Targets=[target])} if target else {}


def _anew(hop: Hop, lost: ResourceRef) -> dict[str, JsonValue]:
    """A queue can be made again as it was for its sender: empty, and letting it in."""
    here = lost.region == hop.source.region and lost.account in (hop.source.account, "")
    if lost.native_type != refs.QUEUE or hop.source.native_type not in mending.PRINCIPALS or not here:
        return {}
    policy = mending.with_statement(None, mending.allowing(hop.source, lost, lost.native_id, [mending.ACTIONS[refs.QUEUE]]))
    first: dict[str, JsonValue] = {"FifoQueue": "true"} if lost.name.endswith(".fifo") else {}
    return {"new_queue": {"QueueName": lost.name, "Attributes": {**first, "Policy": json.dumps(policy)}}}


def _welcoming(hop: Hop, target: ResourceRef) -> list[Supposition]:
    """A thing that is not there has no policy; made anew it would have one."""
    if hop.source.native_type not in mending.PRINCIPALS:
        return []
    statement = mending.allowing(hop.source, target, target.native_id, [mending.ACTIONS[target.native_type]])
    return [mend(target, "policy", mending.with_statement(None, statement))]


def _alike(context: Context, look: Look, lost: ResourceRef) -> str:
    """A living thing of the same type with nearly the same name."""
    living = [ref for ref in context.view.subjects(lost.native_type) if not gone(context.view, ref) and ref.key != lost.key and ref.name]
    scored = [(difflib.SequenceMatcher(None, lost.name, ref.name).ratio(), ref) for ref in living]
    best = max(scored, key=lambda pair: pair[0], default=None)
    if best is None or best[0] < _ALIKE:
        return ""
    look.exists(best[1])
    return best[1].name


def _allowed(context: Context, hop: Hop, target: ResourceRef) -> Iterator[Finding]:
    lacking, denying = _LACKING[target.native_type], _DENYING[target.native_type]
    look = context.look(hop)
    there = look.exists(target)
    address = hop.links[0].address if hop.links else target.native_id
    holder = refs.qualified(address) or target
    policy = look.value(holder, "policy")
    resource = holder.native_id
    action = mending.ACTIONS[target.native_type]
    decision = _decide(hop, policy, action, resource, target)
    fixed = _opened(hop, policy, resource, target, [action])
    details: dict[str, JsonValue] = {
        **_told(hop, target),
        "action": action,
        "reason": decision.reason if decision else "",
        "statement": decision.statement if decision else "",
        "near": [match.where for match in decision.near] if decision else [],
        "sid": decision.statement.strip("“”") if decision else "",
        "policy": fixed,
        **_as_text(fixed),
    }
    absent = "it has no policy at all" if policy is None else decision.reason if decision else ""
    note = f"{target.label} does not let {hop.source.label} in: {absent}" if decision and not decision.allowed else ""
    suppose = [mend(holder, "policy", fixed)]
    for cause in dict.fromkeys((lacking, denying)):
        verdicts = {"implicit_deny": cause == lacking, "explicit_deny": cause == denying, "allow": False}
        truth: Truth = None if decision is None or there is None else verdicts.get(decision.decision)
        if there is False:
            truth = False
        yield look.finding(cause, target, truth, note=note if truth else "", details=details, suppose=suppose)


def _opened(hop: Hop, policy: object, resource: str, target: ResourceRef, actions: Sequence[str]) -> dict[str, JsonValue]:
    """The policy with the source let in; only statements that by themselves deny it are left out."""

    def denies(statement: JsonValue) -> bool:
        alone = {"Version": "2012-10-17", "Statement": [statement]}
        decisions = [_decide(hop, alone, action, target.native_id, target) for action in actions]
        return any(one is not None and one.decision == "explicit_deny" for one in decisions)

    statement = mending.allowing(hop.source, target, resource, actions)
    return mending.with_statement(None if policy is UNKNOWN else policy, statement, denies)


def _as_text(policy: dict[str, JsonValue]) -> dict[str, JsonValue]:
    putting = mending.sendable(policy)
    return {} if putting is None else {"policy_text": json.dumps(putting)}


def _decide(hop: Hop, policy: object, action: str, resource: str, target: ResourceRef) -> Evaluation | None:
    if policy is UNKNOWN or not hop.known:
        return None
    source, account = hop.source, hop.source.account or target.account
    owner = account if source.native_type == refs.ALARM else ""
    return allows_service(policy, mending.PRINCIPALS[source.native_type], action, resource, source.native_id, account, owner)


def _key(context: Context, hop: Hop, target: ResourceRef) -> Iterator[Finding]:
    """A service that sends to an encrypted thing must be allowed to use its key."""
    look = context.look(hop)
    written = None if gone(context.view, target) else look.value(target, "key")
    family = refs.service(target)
    managed = isinstance(written, str) and written.endswith(f"alias/aws/{family}")
    told = {**_told(hop, target), "key": str(written)}
    yield look.finding(
        f"aws.{family}.default-key-blocks-service",
        target,
        None if written is UNKNOWN else managed,
        note=f"{target.label} is encrypted with the key that AWS manages, which {told['service']} may not use" if managed else "",
        details=told,
        suppose=[mend(target, "key", None)],
    )
    if managed or not isinstance(written, str):
        return
    key = resolved(look, written, target)
    yield from _usable(hop, look, key, target, told)


def resolved(look: Look, written: str, target: ResourceRef) -> ResourceRef | None:
    """A key by its ARN, id or alias."""
    ref = refs.of_arn(written)
    base = f"arn:aws:kms:{target.region}:{target.account}:"
    if ref is None:
        ref = refs.of_arn(base + (written if written.startswith("alias/") else f"key/{written}"))
    if ref is None or ref.native_type == refs.KEY:
        return ref
    aimed = look.view.fact(ref, "target")
    if aimed is None:
        look.want(FactQuery(kind=refs.KEY_ALIAS, attribute="target"))
        return None
    return refs.of_arn(f"{base}key/{look.use(aimed)}")


def _usable(hop: Hop, look: Look, key: ResourceRef | None, target: ResourceRef, told: dict[str, JsonValue]) -> Iterator[Finding]:
    subject = key or target
    state = look.value(key, "state") if key else UNKNOWN
    policy = look.value(key, "policy") if key else UNKNOWN
    off: Truth = None if state is UNKNOWN else state not in (None, "Enabled")
    told = {**told, "key": subject.label, "key_arn": subject.native_id, "state": str(state)}
    yield look.finding(
        "aws.kms.delivery-key-unusable",
        subject,
        off,
        note=f"key {subject.label} is {state}" if off else "",
        details=told,
        suppose=[mend(subject, "state", "Enabled")],
    )
    decisions = _key_decisions(hop, policy, subject)
    refused: Truth = None if decisions is None else negated(all_of(one.allowed for one in decisions))
    mended = _opened(hop, policy, "*", subject, _KEY_ACTIONS)
    yield look.finding(
        "aws.kms.key-policy-lacks-service",
        subject,
        refused,
        note=f"the policy of key {subject.label} does not let {told['service']} use it" if refused else "",
        details={**told, "policy": mended, **_as_text(mended)},
        suppose=[mend(subject, "policy", mended)],
    )


def _key_decisions(hop: Hop, policy: object, key: ResourceRef) -> Sequence[Evaluation] | None:
    if policy is UNKNOWN:
        return None
    principal, account = mending.PRINCIPALS[hop.source.native_type], hop.source.account or key.account
    return [allows_service(policy, principal, action, key.native_id, hop.source.native_id, account) for action in _KEY_ACTIONS]
