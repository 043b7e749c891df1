"""What the organisation's policies allow or deny, as far as they can be seen from here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nephoscope.models import Finding, JsonValue, ResourceRef
from nephoscope_aws.access import mending
from nephoscope_aws.access.cases import Case, Side
from nephoscope_aws.access.identity import Actor
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.mending import Mend
from nephoscope_aws.access.telling import HOLDS
from nephoscope_aws.iam.truth import Truth, any_of


def elsewhere(actor: Actor, things: Sequence[ResourceRef]) -> Iterator[Finding]:
    """What another account grants to its own people cannot be seen from here: left open, and said."""
    if actor.role is None and actor.principal.arn and things:
        note = f"{actor.principal.label} must also allow it to its own identities, which cannot be seen from here"
        yield Finding(
            cause="aws.iam.other-account-allow-missing", subject=things[0], holds="unknown", details={"who": actor.principal.label}, note=note
        )


def organisation(actor: Actor, side: Side, lens: Lens, cases: Sequence[Case]) -> Iterator[Finding]:
    """One finding: do organisation policies stand in the way? Unknown where this account may not read them."""
    if actor.role is None:
        return
    truth: Truth = None
    case = cases[0] if cases else None
    mend = Mend()
    if side.sees_scps:
        truth = any_of([any_of([case.denies("scp"), case.lacks("scp") if side.scps else False]) for case in cases])
    if truth:
        denying = [one for one in cases if one.denies("scp")]
        case = denying[0] if denying else next(one for one in cases if one.lacks("scp"))
        mend = mending.without(denying, "scp") if denying else mending.widened([case], "scp")
    details: dict[str, JsonValue] = {"who": actor.role.label, "action": "what is asked for"}
    if case:
        details |= {
            "action": case.request.action,
            "resource": case.request.resource,
            "policy": case.outcome.policy,
            "statement": case.outcome.statement,
        }
    if mend.write:
        details |= {"service": mend.write.service, "operation": mend.write.operation, "params": dict(mend.write.params)}
    yield Finding(
        cause="aws.organizations.scp-denies",
        subject=actor.role,
        holds=HOLDS[truth],
        because=tuple(lens.because) if truth is not None else (),
        needs=tuple(lens.needs.values()) if truth is None else (),
        suppose=mend.suppose,
        details=details,
        note=case.outcome.reason if truth and case else "no organisation policy stands in the way" if truth is False else "",
    )
