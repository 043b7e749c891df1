"""Whoever comes without credentials: what lets them read a bucket, and what overrules that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nephoscope.models import JsonValue
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.iam.truth import Truth, any_of
from nephoscope_aws.looking.look import UNKNOWN, mend

_EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
_FRONT = ("cloudfront", "arn:aws:cloudfront")


def bucket_public_access_blocked(judging: Judging) -> Truth:
    """Everybody is let in, by policy or list, and the bucket's public access block overrules it."""
    block = judging.look.value(judging.subject, "public_access_block")
    if block is UNKNOWN:
        return None
    held = block if isinstance(block, dict) else {}
    ways = [_by_policy(judging) if held.get("RestrictPublicBuckets") else False, _by_list(judging) if held.get("IgnorePublicAcls") else False]
    found = any_of(ways)
    if found:
        which = [name for name, way in zip(("RestrictPublicBuckets", "IgnorePublicAcls"), ways, strict=True) if way]
        opened: dict[str, JsonValue] = {**held, **dict.fromkeys(which, False), "BlockPublicPolicy": False}
        judging.details |= {"note": f"{' and '.join(which)} of {judging.subject.label} is on", "block": opened}
        judging.suppose.append(mend(judging.subject, "public_access_block", opened))
    return found


def bucket_website_not_public(judging: Judging) -> Truth:
    """A website that neither policy nor list lets anybody read, and that no front end reads either."""
    index = judging.look.value(judging.subject, "website.index")
    if index is UNKNOWN:
        return None
    if not index:
        return False
    policy = judging.look.value(judging.subject, "policy")
    if policy is not UNKNOWN and any(_for_front(one) for one in _allowing(policy)):
        return False
    open_ = any_of([_by_policy(judging), _by_list(judging)])
    if open_ is not False:
        return None if open_ is None else False
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{judging.subject.native_id}/*"}
    judging.suppose += [
        mend(judging.subject, "policy", {"Version": "2012-10-17", "Statement": [statement]}),
        mend(judging.subject, "public_access_block", None),
    ]
    return True


def _by_policy(judging: Judging) -> Truth:
    policy = judging.look.value(judging.subject, "policy")
    return None if policy is UNKNOWN else any(_for_everybody(one) for one in _allowing(policy))


def _by_list(judging: Judging) -> Truth:
    grants = judging.look.value(judging.subject, "acl")
    if grants is UNKNOWN:
        return None
    rows = [one for one in grants if isinstance(one, dict)] if isinstance(grants, list) else []
    return any((one.get("Grantee") or {}).get("URI") == _EVERYBODY and one.get("Permission") in ("READ", "FULL_CONTROL") for one in rows)


def _allowing(policy: object) -> Iterator[Mapping[str, Any]]:
    listed = policy.get("Statement") if isinstance(policy, dict) else None
    for one in listed if isinstance(listed, list) else [listed]:
        if isinstance(one, dict) and one.get("Effect") == "Allow":
            yield one


def _principals(statement: Mapping[str, Any]) -> list[str]:
    named = statement.get("Principal")
    kinds = named.values() if isinstance(named, dict) else [named]
    return [str(one) for kind in kinds for one in (kind if isinstance(kind, list) else [kind])]


def _for_everybody(statement: Mapping[str, Any]) -> bool:
    return "*" in _principals(statement) and not statement.get("Condition")


def _for_front(statement: Mapping[str, Any]) -> bool:
    return any(mark in name.lower() for name in _principals(statement) for mark in _FRONT)


JUDGES: Mapping[str, Judge] = named_judge(bucket_public_access_blocked, bucket_website_not_public)
