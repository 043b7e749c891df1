"""Whose thing a call reaches, decided from its parameters before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from nephoscope.models import Call, ResourceRef
from nephoscope_aws.classification import service_table
from nephoscope_aws.classification.public import proposed
from nephoscope_aws.regions import partition

_ARN = re.compile(r"arn:(?P<partition>[a-z-]+):(?P<service>[a-z0-9-]+):[a-z0-9-]*:(?P<account>\d{12}|aws|):(?P<resource>.+)", re.DOTALL)
_ARN_INSIDE = re.compile(r"(?i)arn:(?P<partition>[a-z-]{1,20}):[a-z0-9-]{1,40}:[a-z0-9-]{0,40}:(?P<account>\d{12})(?!\d)")
_ADDRESS = re.compile(r"(?i)(?P<scheme>https?|s3|s3a|s3n|ftp)://(?P<rest>.+)", re.DOTALL)
_BUCKET_HOST = re.compile(r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
_ADDRESS_KEYS = re.compile(r"(?<!queue)(?:url|uri|location)s?$", re.IGNORECASE)
_BUCKET_KEYS = re.compile(r"^(?:s3)?bucket(?:name)?$", re.IGNORECASE)
_PARTIAL_ARN = re.compile(r"(?P<account>\d{12}):function:.+")
_ACCOUNT = re.compile(r"\d{12}")
_ACCOUNT_KEYS = re.compile(r"(account|owner|registry|catalog)s?(ids?|s)?$|awsaccountids?$", re.IGNORECASE)
_CATALOG = re.compile(r"(\d{12})[:/].+", re.DOTALL)
"""A catalogue inside an account's own."""
_OF_NOBODY_ELSE = frozenset(("ListBuckets", "ListDirectoryBuckets"))
_OF_OBJECTS = frozenset(("Bucket", "ExpectedBucketOwner", "Key", "Prefix", "StartAfter", "Marker", "KeyMarker", "Delimiter", "ContinuationToken"))
"""Of a request to a bucket: the bucket, and names of what is in it."""
_IN_PLACE = frozenset(("Filters", "Filter", "filters", "filter"))
"""Parameters that only narrow what is looked for in the caller's own account: plain account numbers may stand there, foreign ARNs not."""


def owner(call: Call) -> str | ResourceRef | None:
    """The account in an ARN, a queue's address or an account parameter; a bucket for core to look up; else the caller's own.

    Where several are named, a foreign one decides. ``None``: nobody knows what the operation reaches.
    """
    table = service_table(call.service)
    if table is None and proposed(call.service, call.operation) != "read":
        return None
    if call.service == "s3":
        return _bucket_owner(call)
    names = table.targets.get(call.operation) if table else None
    params = {key: value for key, value in call.params.items() if names is None or key in names}
    found = list(_named(params))
    buckets = [each for each in found if isinstance(each, ResourceRef)]
    foreign = _foreign(call, found)
    if foreign:
        return foreign[0]
    return buckets[0] if buckets else call.identity.account


def bucket(name: str, region: str = "") -> ResourceRef:
    """The reference of a bucket, known by name alone."""
    arn = f"arn:{partition(region)}:s3:::{name}"
    return ResourceRef(cloud="aws", kind="storage.object_store", native_type="s3:bucket", native_id=arn, name=name)


def _bucket_owner(call: Call) -> str | ResourceRef | None:
    name = call.params.get("Bucket")
    others = {key: value for key, value in call.params.items() if key not in _OF_OBJECTS}
    foreign = _foreign(call, _named(others))
    if foreign:
        return foreign[0]
    if name is None:
        return call.identity.account if call.operation in _OF_NOBODY_ELSE else None
    if not isinstance(name, str):
        return None
    if name.startswith("arn:"):
        return next(_of_text(name), None)
    return bucket(name, call.region)


def _foreign(call: Call, found: Iterable[str | ResourceRef]) -> list[str]:
    """Accounts that are not the caller's; with their partition where that is another one."""
    told = (each.removeprefix(f"{partition(call.region)}/") for each in found if isinstance(each, str))
    return [each for each in told if each != call.identity.account]


def _named(value: Any, key: str = "") -> Iterator[str | ResourceRef]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _inside(name)
            yield from _inside_all(item) if name in _IN_PLACE else _named(item, name)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _named(item, key)
    elif isinstance(value, str):
        yield from _of_text(value)
        yield from _inside(value)
        if _ADDRESS_KEYS.search(key):
            yield from _of_address(value)
        if _BUCKET_KEYS.fullmatch(key) and not value.startswith("arn:"):
            yield bucket(value)
        catalog = _CATALOG.fullmatch(value)
        if _ACCOUNT_KEYS.search(key) and (_ACCOUNT.fullmatch(value) or catalog):
            yield catalog[1] if catalog else value
        elif key == "QueueUrl":
            yield from _of_queue(value)


def _of_text(text: str) -> Iterator[str | ResourceRef]:
    partial = _PARTIAL_ARN.fullmatch(text)
    if partial:
        yield partial["account"]
    arn = _ARN.fullmatch(text)
    if arn is None:
        return
    if arn["service"] == "s3" and not arn["account"]:
        yield bucket(arn["resource"].partition("/")[0])
    elif arn["account"] and arn["account"] != "aws":
        yield arn["account"]


def _inside_all(value: Any) -> Iterator[str]:
    """Accounts in the ARNs anywhere in a value."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _inside(name)
            yield from _inside_all(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _inside_all(item)
    elif isinstance(value, str):
        yield from _inside(value)


def _inside(text: str) -> Iterator[str]:
    """Accounts, with their partition, in ARNs that stand in a longer text: a document, a query, however it is encoded."""
    for form in dict.fromkeys((text, unquote(text))):
        yield from (f"{arn['partition'].lower()}/{arn['account']}" for arn in _ARN_INSIDE.finditer(form))


def _of_address(text: str) -> Iterator[str | ResourceRef]:
    """A service that is given an address may fetch what is there: a bucket to look up, or a host of nobody's."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return
    authority, _, path = match["rest"].partition("/")
    host = authority.rpartition("@")[2].partition(":")[0].lower()
    if match["scheme"].lower().startswith("s3"):
        yield bucket(host)
        return
    place = _BUCKET_HOST.fullmatch(host)
    if place is None:
        yield f"behind {host[:80]}"
    else:
        yield bucket(place["bucket"] or path.partition("/")[0])


def _of_queue(url: str) -> Iterator[str]:
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if parts and _ACCOUNT.fullmatch(parts[0]):
        yield parts[0]
