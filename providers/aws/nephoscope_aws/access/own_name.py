"""What a service does in its own name on behalf of a thing: files it puts, keys it uses, objects it fetches. Their own policies must let it in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from nephoscope.models import JsonValue, ResourceRef
from nephoscope_aws.looking.look import UNKNOWN, Look, hidden
from nephoscope_aws.looking.referring import refer

_BUCKET_HOST = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]+?)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com")
_IDENTITY = re.compile(r"origin-access-identity/cloudfront/(\w+)")
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"


@dataclass(frozen=True)
class Deed:
    """One thing that is acted on. ``asks``: action and ARN; ``context``: condition keys that the service sends, in lower case.

    ``user``: the identity by which it comes, where that is none of the service's own name. ``forgiven``: why a missing allow proves nothing here.
    ``enough``: whether being let in is all it takes, so that it may be called in order.
    """

    service: str
    target: ResourceRef
    asks: tuple[tuple[str, str], ...]
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    user: str = ""
    forgiven: str = ""
    enough: bool = True


def deeds(look: Look, thing: ResourceRef) -> Iterator[Deed]:
    """Everything of that kind, as far as the thing's configuration is known; what is missing is among the look's needs."""
    return _READERS[thing.native_type](look, thing)


def _named(look: Look, thing: ResourceRef, attribute: str, native_type: str) -> ResourceRef | None:
    value = look.value(thing, attribute)
    return refer(look.view, thing, native_type, value) if isinstance(value, str) and value and not hidden(value) else None


def _source(thing: ResourceRef) -> dict[str, tuple[str, ...]]:
    return {"aws:sourcearn": (thing.native_id,), "aws:sourceaccount": (thing.account,)}


def _trail(look: Look, trail: ResourceRef) -> Iterator[Deed]:
    service, context = "cloudtrail.amazonaws.com", _source(trail)
    bucket, prefix = _named(look, trail, "bucket", "s3:bucket"), look.value(trail, "prefix")
    if bucket and prefix is not UNKNOWN:
        files = "/".join(filter(None, (bucket.native_id, str(prefix or "").strip("/"), "AWSLogs", trail.account, "*")))
        asks = (("s3:GetBucketAcl", bucket.native_id), ("s3:PutObject", files))
        owned = {**context, "s3:x-amz-acl": ("bucket-owner-full-control",)}
        yield Deed(service, bucket, asks, owned, forgiven=_delivers(look, trail, bucket))
    topic = _named(look, trail, "topic", "sns:topic")
    if topic:
        yield Deed(service, topic, (("sns:Publish", topic.native_id),), context)
    key = _named(look, trail, "key", "kms:key")
    if key:
        encrypting = {**context, "kms:encryptioncontext:aws:cloudtrail:arn": (trail.native_id,)}
        yield Deed(service, key, (("kms:GenerateDataKey", key.native_id),), encrypting)


def _delivers(look: Look, trail: ResourceRef, bucket: ResourceRef) -> str:
    """No trail is made over a bucket without a policy: where nothing is told to have failed, what keeps it may not be all that is seen."""
    if look.value(bucket, "policy") is not None:
        return ""
    logging, error, delivered = (look.value(trail, one) for one in ("logging", "delivery_error", "delivered"))
    if logging is False:
        return f"trail {trail.label} does not log, so nothing tells whether it could deliver"
    return f"bucket {bucket.label} has no policy, yet {trail.label} tells of no failed delivery" if delivered and not error else ""


def _access_logs(look: Look, bucket: ResourceRef) -> Iterator[Deed]:
    target, prefix = _named(look, bucket, "logging.bucket", "s3:bucket"), look.value(bucket, "logging.prefix")
    if target and prefix is not UNKNOWN:
        asks = (("s3:PutObject", f"{target.native_id}/{prefix or ''}*"),)
        yield Deed("logging.s3.amazonaws.com", target, asks, _source(bucket), forgiven=_by_list(look, target), enough=False)


def _by_list(look: Look, bucket: ResourceRef) -> str:
    """A bucket whose access control list counts may let the log service in by it."""
    rules, grants = look.value(bucket, "ownership"), look.value(bucket, "acl")
    enforced = isinstance(rules, list) and any(isinstance(one, dict) and one.get("ObjectOwnership") == "BucketOwnerEnforced" for one in rules)
    if enforced:
        return ""
    if UNKNOWN in (rules, grants):
        return f"the access control list of {bucket.label} is not known"
    listed = grants if isinstance(grants, list) else []
    writes = [one for one in listed if isinstance(one, dict) and _grantee(one) == LOG_DELIVERY and one.get("Permission") in ("WRITE", "FULL_CONTROL")]
    return f"the access control list of {bucket.label} lets the log service write" if writes else ""


def _grantee(grant: Mapping[str, JsonValue]) -> JsonValue:
    who = grant.get("Grantee")
    return who.get("URI") if isinstance(who, dict) else None


def _origins(look: Look, distribution: ResourceRef) -> Iterator[Deed]:
    """Buckets behind a distribution that only it may read; a bucket open to everybody asks for neither."""
    written = look.value(distribution, "origins")
    for origin in written if isinstance(written, list) else ():
        host = _BUCKET_HOST.fullmatch(str(origin.get("DomainName") or "")) if isinstance(origin, dict) else None
        bucket = refer(look.view, distribution, "s3:bucket", host["name"]) if host else None
        if bucket is None:
            continue
        asks = (("s3:GetObject", f"{bucket.native_id}{origin.get('OriginPath') or ''}/*"),)
        settings = origin.get("S3OriginConfig")
        identity = _IDENTITY.search(str((settings if isinstance(settings, dict) else {}).get("OriginAccessIdentity") or ""))
        if origin.get("OriginAccessControlId"):
            yield Deed("cloudfront.amazonaws.com", bucket, asks, _source(distribution))
        elif identity:
            yield Deed("", bucket, asks, user=f"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity {identity[1]}")


_READERS: Mapping[str, Callable[[Look, ResourceRef], Iterator[Deed]]] = {
    "cloudtrail:trail": _trail,
    "s3:bucket": _access_logs,
    "cloudfront:distribution": _origins,
}
WORDS: Mapping[str, str] = {"s3:bucket": r"\b(access|server|request)[ -]?log\w*\b"}
"""Types whose deeds are asked about only in these words."""
TYPES = frozenset(_READERS)
