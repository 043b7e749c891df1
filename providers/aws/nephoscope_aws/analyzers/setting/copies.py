"""What buckets copy to one another, and which former versions they keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nephoscope.models import JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering.mending import sendable
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, Look, mend, rows

_ENABLED = "Enabled"


def _copying(look: Look, bucket: ResourceRef) -> list[Mapping[str, Any]] | None:
    """The enabled rules by which a bucket copies its objects; ``None`` while they are not known."""
    found = look.value(bucket, "replication")
    if found is UNKNOWN:
        return None
    return [one for one in rows(found.get("Rules") if isinstance(found, dict) else None) if one.get("Status") == _ENABLED]


def bucket_copies_nothing(judging: Judging) -> Truth:
    """The bucket has no replication, and is not itself the copy of another that the words are about."""
    if (own := judging.look.value(judging.subject, "replication")) is UNKNOWN:
        return None
    if own is not None:
        return False
    for other in judging.view.problem.matched("s3:bucket"):
        rules = _copying(judging.look, other) if other.key != judging.subject.key else []
        if rules is None:
            return None
        if any((one.get("Destination") or {}).get("Bucket") == judging.subject.native_id for one in rules):
            return False
    judging.suppose.append(mend(judging.subject, "replication", {"Role": "supposed", "Rules": []}))
    return True


def bucket_copies_skip_encrypted(judging: Judging) -> Truth:
    """New objects are encrypted under a key, and no rule takes objects that are."""
    rules = _copying(judging.look, judging.subject)
    if rules is None:
        return None
    if not rules or any(_takes_encrypted(one) for one in rules):
        return False
    encryption = judging.look.value(judging.subject, "encryption")
    if encryption is UNKNOWN:
        return None
    default = [one.get("ApplyServerSideEncryptionByDefault") or {} for one in rows(encryption)]
    if not any(str(one.get("SSEAlgorithm")).startswith("aws:kms") for one in default):
        return False
    judging.details |= {"rule": str(rules[0].get("ID") or "without a name"), "copy": str((rules[0].get("Destination") or {}).get("Bucket"))}
    mended = {**rules[0], "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": _ENABLED}}}
    judging.suppose.append(mend(judging.subject, "replication", {"Role": "supposed", "Rules": [mended]}))
    return True


def _takes_encrypted(rule: Mapping[str, Any]) -> bool:
    return ((rule.get("SourceSelectionCriteria") or {}).get("SseKmsEncryptedObjects") or {}).get("Status") == _ENABLED


def bucket_versions_stay(judging: Judging) -> Truth:
    """The bucket keeps former versions, and no rule ever deletes one."""
    versioning = judging.look.value(judging.subject, "versioning")
    if versioning is UNKNOWN:
        return None
    if versioning not in (_ENABLED, "Suspended"):
        return False
    rules = judging.look.value(judging.subject, "lifecycle")
    if rules is UNKNOWN:
        return None
    enabled = [one for one in rows(rules) if one.get("Status") == _ENABLED]
    if any(one.get("NoncurrentVersionExpiration") for one in enabled):
        return False
    expiring = [one for one in enabled if (one.get("Expiration") or {}).get("Days")]
    judging.details["note"] = (
        f"rule {expiring[0].get('ID') or 'without a name'} expires current versions only, which makes them former ones"
        if expiring
        else "no rule expires former versions"
    )
    judging.details |= _expiring_former(rows(rules), expiring)
    mended = {"Status": _ENABLED, "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}
    judging.suppose.append(mend(judging.subject, "lifecycle", [*rows(rules), mended]))
    return True


def _expiring_former(rules: Sequence[Mapping[str, Any]], expiring: Sequence[Mapping[str, Any]]) -> dict[str, JsonValue]:
    """The rules, with the only one that expires all objects expiring former versions after as many days; nothing where there is no such rule."""
    if len(expiring) != 1 or expiring[0].get("Prefix") or any((expiring[0].get("Filter") or {}).values()):
        return {}
    if expiring[0].get("NoncurrentVersionTransitions"):
        return {}  # they would have to end before
    days = int(expiring[0]["Expiration"]["Days"])
    put = sendable([{**one, "NoncurrentVersionExpiration": {"NoncurrentDays": days}} if one is expiring[0] else dict(one) for one in rules])
    return {"rule": str(expiring[0].get("ID") or "without a name"), "days": days, "rules": put} if put else {}


JUDGES: Mapping[str, Judge] = named_judge(bucket_copies_nothing, bucket_copies_skip_encrypted, bucket_versions_stay)
