"""A mapping reads its queue as the function's execution role: may that role do what reading takes?"""

from __future__ import annotations

import json

from nephoscope.models import Finding, JsonValue, ResourceRef, Supposition
from nephoscope_aws.access.identity import boundary, grants_ref, identity_policies
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.things import ref
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.analyzers.delivering.context import Context
from nephoscope_aws.analyzers.delivering.search import Hop, gone
from nephoscope_aws.iam.evaluation import Evaluation, evaluate
from nephoscope_aws.iam.request import Policy, PolicySet, Principal, Request
from nephoscope_aws.iam.truth import Truth, all_of, negated
from nephoscope_aws.looking.look import UNKNOWN, Look, mend

_READING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_POLICY = "nephoscope-poll"


def may_read(context: Context, hop: Hop, function: ResourceRef) -> Finding:
    """Whether the role of a function may read the queue of a hop."""
    look = context.look(hop)
    role = refs.of_arn(look.value(function, "role"))
    decisions = _decisions(look, role, hop.source) if role and not gone(context.view, role) else ()
    unread: Truth = negated(all_of(one.allowed for one in decisions)) if role else None
    refused = [action for action, one in zip(_READING, decisions, strict=False) if one.allowed is False]
    statement: dict[str, JsonValue] = {"Effect": "Allow", "Action": list(_READING), "Resource": hop.source.native_id}
    name = role.name if role else ""
    return look.finding(
        "aws.lambda.role-cannot-poll",
        function,
        unread,
        note=f"role {name} of {function.label} lacks {', '.join(refused)} on queue {hop.source.label}" if refused else "",
        details={
            "function": function.label,
            "role": name,
            "queue": hop.source.label,
            "lacking": list(refused),
            "policy_text": json.dumps(_document(statement)),
        },
        suppose=_granting(context, role, statement) if role else (),
    )


def _decisions(look: Look, role: ResourceRef, queue: ResourceRef) -> tuple[Evaluation, ...]:
    lens = Lens(look.view)
    own, limit = identity_policies(lens, role, "role"), boundary(lens, role)
    for query in lens.needs.values():
        look.want(query)
    look.cite(lens.because)
    policy = look.value(queue, "policy")
    resource = None if policy is UNKNOWN else () if policy is None else (Policy("queue policy", policy),)
    documents = PolicySet(identity=own.policies, boundary=limit.policies, resource=resource, session=(), scps=())
    principal = Principal(arn=role.native_id, account=role.account)
    return tuple(evaluate(Request(principal, action, queue.native_id, queue.account), documents) for action in _READING)


def _granting(context: Context, role: ResourceRef, statement: dict[str, JsonValue]) -> list[Supposition]:
    """The role with one more inline policy and no boundary in its way."""
    grants = grants_ref("role", role.name, role.account)
    added = ref("iam:role-policy", f"{grants.native_id}#{_POLICY}", _POLICY, role.account)
    former = context.view.fact(grants, "inline")
    inline = [*(former.value if former and isinstance(former.value, list) else []), added.native_id]
    return [mend(grants, "inline", inline), mend(added, "document", _document(statement)), mend(role, "boundary", None)]


def _document(statement: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"Version": "2012-10-17", "Statement": [statement]}
