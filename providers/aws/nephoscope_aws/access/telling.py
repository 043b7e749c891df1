"""Turning the outcome of cases into findings: one cause per layer and effect, each with its mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nephoscope.models import FactQuery, Finding, Holds, JsonValue, ResourceRef
from nephoscope_aws.access import mending, wording
from nephoscope_aws.access.cases import Case
from nephoscope_aws.access.mending import Mend
from nephoscope_aws.access.sources import NO_POLICY, Source
from nephoscope_aws.iam.layers import LayerName, Match
from nephoscope_aws.iam.principals import is_deleted_identity
from nephoscope_aws.iam.truth import Truth, any_of

HOLDS: Mapping[Truth, Holds] = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Question:
    """Cases that stand or fall together. ``every``: each must be allowed; otherwise one is enough.

    ``prefix`` names the family of causes about the resource's side; ``fallback`` is the resource's document where it has none.
    """

    cases: tuple[Case, ...]
    target: ResourceRef
    prefix: str
    every: bool = True
    required: bool = False
    fallback: Source | None = None
    names_resource: bool = True
    extra_needs: tuple[FactQuery, ...] = ()
    extra_because: tuple[str, ...] = ()
    """Facts that tell the circumstances of the request."""
    stated: bool = False
    """Whether the words state that the request was denied, which is an observation."""

    @property
    def who(self) -> ResourceRef:
        """Whom a cause on the identity's side is about."""
        return self.cases[0].actor.role or self.target

    @property
    def crosses(self) -> bool:
        """Whether the resource belongs to another account."""
        request = self.cases[0].request
        return bool(request.principal.account and request.resource_account and request.principal.account != request.resource_account)

    def lacking(self, layer: LayerName) -> Truth:
        """Whether the layer's missing allow explains the denial."""
        truths = [case.lacks(layer) for case in self.cases]
        if self.every or True not in truths:
            return any_of(truths)
        return True if all(truth is True for truth in truths) else False if False in truths else None


def allowed(question: Question, observation: str, subject: ResourceRef) -> Finding:
    """The mandatory observation: the request is seen to be let through."""
    truths = [case.outcome.allowed for case in question.cases]
    wanted = all if question.every else any
    truth: Truth = True if wanted(one is True for one in truths) else None
    if truth is None and (all if not question.every else any)(one is False for one in truths):
        truth = False
    deciding = next((case for case, one in zip(question.cases, truths, strict=True) if one is not True), question.cases[0])
    layers: tuple[LayerName, ...] = ("identity", "boundary", "endpoint", "resource")
    return Finding(
        cause=observation,
        subject=subject,
        holds=HOLDS[truth],
        role="observation",
        because=tuple(dict.fromkeys((*deciding.because(*layers), *question.extra_because))) if truth is not None else (),
        needs=(*deciding.needs(*layers), *question.extra_needs) if truth is None else (),
        details=_details(deciding),
        note=deciding.outcome.reason,
    )


def causes(question: Question) -> list[Finding]:
    """Every candidate cause on the way, layer by layer."""
    left = _by_elimination(question)
    others = _by_layer(question)
    return [left, *(one for one in others if one.key != left.key)] if left else others


def _by_elimination(question: Question) -> Finding | None:
    """The request was denied, and all is seen of the policies but whether one statement's conditions met it: so they did, or did not.

    Nothing is supposed: what the request carried is not seen, so this is never more than likely.
    """
    case = question.cases[0]
    match = case.doubtful() if question.stated and len(question.cases) == 1 else None
    if match is None:
        return None
    identity = match.layer != "resource"
    if not match.statement.allow:
        cause = _DENIES.get(match.layer) or f"{question.prefix}-denies"
    elif match.layer in ("identity", "resource"):
        cause = "aws.iam.condition-unmet" if identity else f"{question.prefix}-condition-unmet"
    else:
        return None
    subject = question.who if identity else question.target
    return _finding(question, cause, subject, True, case, match.layer, Mend(), wording.left_over(case, match), match)


def _by_layer(question: Question) -> list[Finding]:
    found: list[Finding] = []
    if question.cases[0].actor.role is not None:
        found += [_denied(question, "identity", _IDENTITY_DENY, question.who), _identity_lacking(question)]
        found += [_denied(question, "boundary", "aws.iam.boundary-deny", question.who), _boundary_lacking(question)]
    if any(case.gathered["endpoint"][0].policies != () for case in question.cases):
        held = next(iter(question.cases[0].gathered["endpoint"][0].sources.values()), None)
        endpoint = held.subject if held else question.target
        found += [_denied(question, "endpoint", "aws.ec2.vpc-endpoint-policy-denies", endpoint), _endpoint_lacking(question, endpoint)]
    if question.prefix == NO_POLICY:
        return found
    found.append(_denied(question, "resource", f"{question.prefix}-denies", question.target))
    if question.required or question.crosses or question.cases[0].request.principal.service:
        found.append(_resource_lacking(question))
    return found


_IDENTITY_DENY = "aws.iam.identity-deny"
_DENIES: Mapping[LayerName, str] = {"identity": _IDENTITY_DENY, "boundary": "aws.iam.boundary-deny"}


def _denied(question: Question, layer: LayerName, cause: str, subject: ResourceRef) -> Finding:
    truth = any_of(case.denies(layer) for case in question.cases)
    case = next((one for one in question.cases if one.denies(layer) is truth), question.cases[0])
    match = next(iter(case.denying(layer)), None)
    mend = mending.without(question.cases, layer) if truth else Mend()
    note = wording.denies(case, match) if match else wording.no_deny(case, layer, question.target.label, truth)
    return _finding(question, cause, subject, truth, case, layer, mend, note, match)


def _identity_lacking(question: Question) -> Finding:
    truth = question.lacking("identity")
    case = _first(question, "identity", truth)
    cause, mend, note, match = "aws.iam.identity-allow-missing", Mend(), wording.allows(case, "identity"), None
    if truth:
        failing = [one for one in question.cases if one.lacks("identity")]
        cause, mend, note, match = _why_no_allow(case, failing)
    return _finding(question, cause, question.who, truth, case, "identity", mend, note, match)


def _why_no_allow(case: Case, failing: Sequence[Case]) -> tuple[str, Mend, str, Match | None]:
    """The most telling reason for which no identity policy allows it."""
    slip = mending.slip(case)
    if slip:
        match, pattern = slip
        return "aws.iam.resource-arn-mismatch", mending.corrected(case, match, pattern), wording.slipped(case, match, pattern), match
    unmet = mending.unmet(case, "identity")
    if unmet:
        return "aws.iam.condition-unmet", mending.unconditioned(case, unmet), wording.unmet(unmet), unmet
    cause = "aws.iam.no-policies" if case.gathered["identity"][0].policies == () else "aws.iam.identity-allow-missing"
    return cause, mending.granted(failing), wording.nothing_allows(case), None


def _boundary_lacking(question: Question) -> Finding:
    truth = question.lacking("boundary")
    if all(case.gathered["boundary"][0].policies == () for case in question.cases):
        truth = False
    case = _first(question, "boundary", truth)
    mend = mending.widened([one for one in question.cases if one.lacks("boundary")], "boundary") if truth else Mend()
    return _finding(question, "aws.iam.boundary-allow-missing", question.who, truth, case, "boundary", mend, wording.boundary(case, truth), None)


def _endpoint_lacking(question: Question, endpoint: ResourceRef) -> Finding:
    truth = question.lacking("endpoint")
    case = _first(question, "endpoint", truth)
    mend, match = Mend(), None
    if truth:
        mend = mending.widened([one for one in question.cases if one.lacks("endpoint")], "endpoint", principal=True, anybody=True)
        match = mending.unmet(case, "endpoint")
    return _finding(question, "aws.ec2.vpc-endpoint-policy-lacks", endpoint, truth, case, "endpoint", mend, wording.endpoint(case, truth), match)


def _resource_lacking(question: Question) -> Finding:
    truth = question.lacking("resource")
    case = _first(question, "resource", truth)
    cause, mend, note, match = f"{question.prefix}-lacks-principal", Mend(), wording.allows(case, "resource"), None
    if truth:
        failing = [one for one in question.cases if one.lacks("resource")]
        mend = mending.widened(failing, "resource", question.fallback, principal=True, resources=question.names_resource)
        own = wording.where(case, "resource", question.target.label)
        note = f"{own} does not let {case.request.principal.label} use {case.request.action}"
        match = mending.unmet(case, "resource")
        gone = _deleted(case)
        if match:
            cause, mend = f"{question.prefix}-condition-unmet", mending.unconditioned(case, match)
            note = wording.unmet(match)
        elif gone:
            cause = f"{question.prefix}-names-deleted-principal"
            note = f"{own} names {gone}, the bare id of an identity that no longer exists"
    return _finding(question, cause, question.target, truth, case, "resource", mend, note, match)


def _deleted(case: Case) -> str:
    """Bare id of a deleted identity among the principals of statements that allow the action otherwise."""
    for match in case.outcome.near:
        if match.layer == "resource" and match.failed == ("principal",):
            for _kind, name in match.statement.principals or ():
                if is_deleted_identity(name):
                    return name
    return ""


def _first(question: Question, layer: LayerName, truth: Truth) -> Case:
    return next((case for case in question.cases if case.lacks(layer) is truth), question.cases[0])


def _finding(  # noqa: PLR0917 - all parts of one finding
    question: Question, cause: str, subject: ResourceRef, truth: Truth, case: Case, layer: LayerName, mend: Mend, note: str, match: Match | None
) -> Finding:
    details: dict[str, JsonValue] = _details(case)
    if match:
        details |= {"policy": match.statement.policy, "statement": match.statement.label}
    if mend.write:
        details |= {"service": mend.write.service, "operation": mend.write.operation, "params": dict(mend.write.params)}
    return Finding(
        cause=cause,
        subject=subject,
        holds=HOLDS[truth],
        because=tuple(dict.fromkeys((*case.because(layer), *(question.extra_because if match else ())))) if truth is not None else (),
        needs=(*case.needs("identity", "boundary", "endpoint", "resource"), *question.extra_needs) if truth is None else (),
        suppose=mend.suppose,
        details=details,
        note=note,
    )


def _details(case: Case) -> dict[str, JsonValue]:
    return {
        "who": case.request.principal.label,
        "action": case.request.action,
        "resource": case.request.resource,
        "reason": case.outcome.reason,
        "policy": case.outcome.policy,
        "statement": case.outcome.statement,
    }
