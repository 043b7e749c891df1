"""Whether the key behind a resource can be used at all, and what grants add to its policy."""

from __future__ import annotations

from nephoscope.models import Finding, JsonValue, ResourceRef, Supposition
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.sources import Gathered, Source, gathered
from nephoscope_aws.access.targets import writer
from nephoscope_aws.access.telling import HOLDS
from nephoscope_aws.access.things import ref
from nephoscope_aws.iam import Policy
from nephoscope_aws.iam.truth import Truth

_STATES = {
    "Disabled": ("aws.kms.key-disabled", "EnableKey"),
    "PendingDeletion": ("aws.kms.key-pending-deletion", "CancelKeyDeletion"),
}


def condition_of(lens: Lens, key: ResourceRef) -> list[Finding]:
    """The key's state, as causes and as the observation that it is usable."""
    known, state = lens.text(key, "state")
    if known and not state:
        known = False
    because, needs = tuple(lens.because), tuple(lens.needs.values())
    found = [_state(key, wanted, known, state, lens) for wanted in _STATES]
    usable: Truth = state == "Enabled" if known else None
    found.append(
        Finding(
            cause="aws.kms.seen-key-usable",
            subject=key,
            holds=HOLDS[usable],
            role="observation",
            because=because if known else (),
            needs=() if known else needs,
            details={"key": key.label, "state": state},
            note=f"key {key.label} is {state}" if known else "",
        )  # fmt: skip
    )
    return found


def _state(key: ResourceRef, wanted: str, known: bool, state: str, lens: Lens) -> Finding:
    cause, operation = _STATES[wanted]
    truth: Truth = state == wanted if known else None
    mended = (
        Supposition(subject=key, attribute="state", value="Enabled"),
        Supposition(subject=key, attribute="enabled", value=True),
        Supposition(subject=key, attribute="deletion_date", value=None, absent=True),
    )
    details: dict[str, JsonValue] = {"key": key.label, "state": state, "service": "kms", "operation": operation, "params": {"KeyId": key.native_id}}
    return Finding(
        cause=cause, subject=key, holds=HOLDS[truth], because=tuple(lens.because) if known else (), needs=() if known else tuple(lens.needs.values()),
        suppose=mended if truth else (), details=details, note=f"key {key.label} is {state}" if known else "",
    )  # fmt: skip


def policy_of(lens: Lens, key: ResourceRef) -> Gathered:
    """The key's policy, with its grants as one more policy."""
    known, document = lens.look(key, "policy")
    sources = [Source(f"policy of key {key.label}", key, "policy", document, writer(key))] if known else []
    base = gathered(lens, sources, known=known)
    listed, ids = lens.texts(key, "grants")
    statements = [statement for grant in ids if (statement := _granted(lens, ref("kms:grant", grant, grant, key.account, key.region)))]
    extra: list[Policy] = [Policy("grants", {"Version": "2012-10-17", "Statement": statements})] if statements else []
    if not listed:
        extra = [Policy("grants", None)]
    policies = None if base.policies is None else (*base.policies, *extra)
    return Gathered(policies, base.sources, tuple(lens.because), tuple(lens.needs.values()))


def _granted(lens: Lens, grant: ResourceRef) -> dict[str, JsonValue] | None:
    """A grant, told as a statement. Its constraints are about data that no policy shows, so they stay unknown."""
    grantee = lens.text(grant, "grantee")[1]
    operations = lens.texts(grant, "operations")[1]
    constraints = lens.look(grant, "constraints")[1]
    if not grantee or not operations:
        return None
    actions: list[JsonValue] = [f"kms:{operation}" for operation in operations]
    who: dict[str, JsonValue] = {"AWS": grantee} if grantee.startswith("arn:") else {"Service": grantee}
    statement: dict[str, JsonValue] = {"Sid": "grant", "Effect": "Allow", "Principal": who, "Action": actions, "Resource": "*"}
    if constraints:
        statement["Condition"] = {"StringEquals": {"kms:EncryptionContext": "as the grant says"}}
    return statement
