"""What a fix may name: the one thing of the account that fits by its facts. Of several, and of those that were not seen, none is picked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nephoscope.models import FactQuery, JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering.mending import sendable
from nephoscope_aws.analyzers.setting.conditions import Judging
from nephoscope_aws.iam.services import allows_service
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, hidden, rows
from nephoscope_aws.looking.referring import refer

MOST_ASKED = 10
"""Among more than so many nobody looks for the one that fits."""
_MANY = 500
"""Where their listing tells enough."""
_LONGEST_ROLE = 64
_ENABLED = "Enabled"
Pick = Callable[[Judging], dict[str, JsonValue]]


def log_bucket(judging: Judging) -> dict[str, JsonValue]:
    """The only bucket of the same place whose policy lets the log service write, under a folder of this bucket's name."""
    bucket = judging.subject

    def fits(other: ResourceRef) -> Truth:
        policy = judging.look.value(other, "policy")
        if policy is UNKNOWN:
            return None
        files = f"{other.native_id}/{bucket.label}/*"
        lets = allows_service(policy, "logging.s3.amazonaws.com", "s3:PutObject", files, bucket.native_id, bucket.account).allowed
        return _all(lets, lambda: _same_place(judging, bucket, other), lambda: _under_no_key(judging, other))

    one = _only(_others(judging, "s3:bucket"), fits)
    return {"log_bucket": one.label, "log_prefix": f"{bucket.label}/"} if one else {}


def rotation_function(judging: Judging) -> dict[str, JsonValue]:
    """The function that rotated the secret before; else the only one that Secrets Manager may call for it."""
    secret = judging.subject
    named = judging.look.value(secret, "rotation_function")
    if named is UNKNOWN:
        return {}
    former = refer(judging.view, secret, "lambda:function", named) if isinstance(named, str) and named else None
    there = judging.look.exists(former) if former else False
    if there is not False:
        return {"former": former.label, "former_arn": former.native_id} if former and there else {}

    def fits(function: ResourceRef) -> Truth:
        policy = judging.look.value(function, "policy")
        if policy is UNKNOWN:
            return None
        service, action = "secretsmanager.amazonaws.com", "lambda:InvokeFunction"
        return allows_service(policy, service, action, function.native_id, secret.native_id, secret.account).allowed

    one = _only(_others(judging, "lambda:function"), fits)
    return {"function": one.label, "function_arn": one.native_id} if one else {}


def copy_bucket(judging: Judging) -> dict[str, JsonValue]:
    """The bucket that the words name beside, or the only other one there is; where both keep versions, and no key is needed."""
    bucket = judging.subject
    named = [one for one in judging.view.problem.matched("s3:bucket") if one.key != bucket.key]
    others = named or _others(judging, "s3:bucket")
    role = refer(judging.view, bucket, "iam:role", f"{bucket.label}-replication")
    if len(others) != 1 or role is None or len(role.label) > _LONGEST_ROLE:
        return {}
    fit = _all(
        judging.look.value(bucket, "versioning") == _ENABLED,
        lambda: judging.look.value(others[0], "versioning") == _ENABLED,
        lambda: _under_no_key(judging, bucket),
        lambda: _not(judging.look.exists(role)),
    )
    return {"copy": others[0].label, "role": role.label, "role_arn": role.native_id} if fit else {}


def copy_key(judging: Judging) -> dict[str, JsonValue]:
    """How the only rule that is enabled takes encrypted objects too: under the key of the copy's bucket, or their own where both are in one place."""
    bucket, look = judging.subject, judging.look
    held, encryption = look.value(bucket, "replication"), look.value(bucket, "encryption")
    rules = [one for one in rows(held.get("Rules")) if one.get("Status") == _ENABLED] if isinstance(held, dict) else []
    role = refer(judging.view, bucket, "iam:role", str(held.get("Role"))) if isinstance(held, dict) else None
    copied = refer(judging.view, bucket, "s3:bucket", str((rules[0].get("Destination") or {}).get("Bucket"))) if len(rules) == 1 else None
    own = _key(encryption)
    if copied is None or role is None or role.account != bucket.account or not own or "Account" in rules[0]["Destination"]:
        return {}
    theirs = look.value(copied, "encryption")
    key = None if theirs is UNKNOWN else _key(theirs) if _keyed(theirs) else own if _same_place(judging, bucket, copied) else None
    if not key or not isinstance(held, dict):
        return {}
    wider = {
        **rules[0],
        "SourceSelectionCriteria": {**(rules[0].get("SourceSelectionCriteria") or {}), "SseKmsEncryptedObjects": {"Status": _ENABLED}},
        "Destination": {"EncryptionConfiguration": {"ReplicaKmsKeyID": key}, **rules[0]["Destination"]},
    }
    settings = sendable({**held, "Rules": [wider if one is rules[0] else dict(one) for one in rows(held.get("Rules"))]})
    uses = {"Version": "2012-10-17", "Statement": [_use("kms:Decrypt", own), _use("kms:Encrypt", key)]}
    return {"settings": settings, "role": role.label, "uses": json.dumps(uses)} if settings else {}


def validation_records(judging: Judging) -> dict[str, JsonValue]:
    """The records that a certificate waits for, where one public zone of the account holds all their names."""
    options = judging.look.value(judging.subject, "validation")
    waiting = [one.get("ResourceRecord") or {} for one in rows(options) if one.get("ValidationStatus") != "SUCCESS"]
    asked = {str(one.get("Name")): one for one in waiting}
    if not asked or hidden(waiting) or not all(one.get("Type") and one.get("Value") for one in waiting):
        return {}
    zones = [(one, judging.look.value(one, "private")) for one in _others(judging, "route53:hosted-zone", _MANY)]
    holding = {name: _zone([one for one, private in zones if private is False], name) for name in asked}
    zone = next(iter(holding.values()))
    if zone is None or any(one is not zone for one in holding.values()) or any(private is UNKNOWN for _, private in zones):
        return {}
    records: list[JsonValue] = [{"Action": "UPSERT", "ResourceRecordSet": _record(name, one)} for name, one in asked.items()]
    return {"zone": zone.label.rstrip("."), "zone_id": zone.native_id, "records": records}


def _record(name: str, asked: Mapping[str, Any]) -> JsonValue:
    return {"Name": name, "Type": str(asked["Type"]), "TTL": 300, "ResourceRecords": [{"Value": str(asked["Value"])}]}


def _zone(zones: Iterable[ResourceRef], name: str) -> ResourceRef | None:
    """The zone that a name falls into: that of the longest domain, where there is one of it."""
    over = [one for one in zones if name.rstrip(".").endswith(f".{one.label.rstrip('.')}")]
    longest = max((len(one.label.rstrip(".")) for one in over), default=0)
    found = [one for one in over if len(one.label.rstrip(".")) == longest]
    return found[0] if len(found) == 1 else None


def _use(action: str, key: str) -> dict[str, JsonValue]:
    return {"Effect": "Allow", "Action": action, "Resource": key}


def _key(encryption: object) -> str:
    """The key that new objects are encrypted under, where it has an identifier of its own."""
    named = [str((one.get("ApplyServerSideEncryptionByDefault") or {}).get("KMSMasterKeyID") or "") for one in rows(encryption)]
    return next((one for one in named if ":key/" in one), "")


def _keyed(encryption: object) -> bool:
    default: list[Mapping[str, Any]] = [one.get("ApplyServerSideEncryptionByDefault") or {} for one in rows(encryption)]
    return any(str(one.get("SSEAlgorithm")).startswith("aws:kms") for one in default)


def _under_no_key(judging: Judging, bucket: ResourceRef) -> Truth:
    encryption = judging.look.value(bucket, "encryption")
    return None if encryption is UNKNOWN else not _keyed(encryption)


def _same_place(judging: Judging, bucket: ResourceRef, other: ResourceRef) -> Truth:
    here, there = judging.look.value(bucket, "location"), judging.look.value(other, "location")
    return None if UNKNOWN in (here, there) else here == there


def _others(judging: Judging, native_type: str, most: int = MOST_ASKED) -> list[ResourceRef]:
    """All other things of a type in that region, where they were listed and are few."""
    if judging.view.complete(native_type, judging.subject.region) is None:
        judging.look.want(FactQuery(kind=native_type, attribute="complete"))
        return []
    found = [one for one in judging.view.subjects(native_type) if one.key != judging.subject.key and _there(judging, one)]
    near = [one for one in found if one.region in (judging.subject.region, "")]
    return near if len(near) <= most else []


def _there(judging: Judging, one: ResourceRef) -> bool:
    fact = judging.view.fact(one, "exists")
    return fact is not None and not fact.known_absent


def _only(found: Iterable[ResourceRef], fits: Callable[[ResourceRef], Truth]) -> ResourceRef | None:
    """The one that fits, where it is known of all the others that they do not."""
    told = [(one, fits(one)) for one in found]
    some = [one for one, truth in told if truth is not False]
    return some[0] if len(some) == 1 and all(truth for one, truth in told if one is some[0]) else None


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _all(first: Truth, *others: Callable[[], Truth]) -> Truth:
    """Nothing is asked after the first that is not so."""
    truth = first
    for other in others:
        if not truth:
            return truth
        truth = other()
    return truth


PICKS: Mapping[str, Pick] = {pick.__name__: pick for pick in (log_bucket, rotation_function, copy_bucket, copy_key, validation_records)}
