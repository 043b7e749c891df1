"""Whether the key behind a resource can be used at all, and what grants add to its policy."""

from __future__ import annotations

from typing import Literal

from nephoscope.models import Finding, JsonValue, ResourceRef, Supposition
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.sources import Gathered, Source, gathered
from nephoscope_aws.access.targets import writer
from nephoscope_aws.access.telling import HOLDS
from nephoscope_aws.access.things import ref
from nephoscope_aws.iam import Policy
from nephoscope_aws.iam.truth import Truth

_CAUSES: dict[str, str] = {
    "Disabled": "aws.kms.key-disabled",
    "PendingDeletion": "aws.kms.key-pending-deletion",
    "": "aws.kms.key-missing",
}
_OTHER = "aws.kms.key-unusable"


def condition_of(lens: Lens, key: ResourceRef) -> list[Finding]:
    """The key's state, as causes and as the observation that it is usable. A key that is not there has no state."""
    known, state = lens.text(key, "state")
    actual = "" if not known or state == "Enabled" else _CAUSES.get(state, _OTHER)
    return [
        *(_judged(lens, key, state, cause, "cause", (cause == actual) if known else None) for cause in (*_CAUSES.values(), _OTHER)),
        _judged(lens, key, state, "aws.kms.seen-key-usable", "observation", (state == "Enabled") if known else None),
    ]


def _judged(  # noqa: PLR0917 - all parts of one finding
    lens: Lens, key: ResourceRef, state: str, cause: str, role: Literal["cause", "observation"], truth: Truth
) -> Finding:
    mended = (
        Supposition(subject=key, attribute="exists", value=True),
        Supposition(subject=key, attribute="state", value="Enabled"),
        Supposition(subject=key, attribute="enabled", value=True),
        Supposition(subject=key, attribute="deletion_date", value=None, absent=True),
    )
    return Finding(
        cause=cause,
        subject=key,
        holds=HOLDS[truth],
        role=role,
        because=tuple(lens.because) if truth is not None else (),
        needs=tuple(lens.needs.values()) if truth is None else (),
        suppose=mended if truth and role == "cause" else (),
        details={"key": key.label, "state": state},
        note="" if truth is None else f"key {key.label} is {state or 'not there'}",
    )


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
