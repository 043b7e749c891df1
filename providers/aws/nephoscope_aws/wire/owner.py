"""Whose thing a call reaches, decided from its parameters before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from nephoscope.models import Call, ResourceRef
from nephoscope_aws.classification import service_table
from nephoscope_aws.classification.public import proposed
from nephoscope_aws.regions import partition

_ARN = re.compile(r"arn:[a-z-]+:(?P<service>[a-z0-9-]+):[a-z0-9-]*:(?P<account>\d{12}|aws|):(?P<resource>.+)", re.DOTALL)
_PARTIAL_ARN = re.compile(r"(?P<account>\d{12}):function:.+")
_ACCOUNT = re.compile(r"\d{12}")
_ACCOUNT_KEYS = re.compile(r"(account|owner|registry|catalog)s?(ids?|s)?$|awsaccountids?$", re.IGNORECASE)
_CATALOG = re.compile(r"(\d{12})[:/].+", re.DOTALL)
"""A catalogue inside an account's own."""
_OF_NOBODY_ELSE = frozenset(("ListBuckets", "ListDirectoryBuckets"))
_IN_PLACE = frozenset(("Filters", "Filter", "filters", "filter"))
"""Parameters that only narrow what is looked for in the caller's own account."""


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
    foreign = [each for each in found if isinstance(each, str) and each != call.identity.account]
    if foreign:
        return foreign[0]
    return buckets[0] if buckets else call.identity.account


def bucket(name: str, region: str = "") -> ResourceRef:
    """The reference of a bucket, known by name alone."""
    arn = f"arn:{partition(region)}:s3:::{name}"
    return ResourceRef(cloud="aws", kind="storage.object_store", native_type="s3:bucket", native_id=arn, name=name)


def _bucket_owner(call: Call) -> str | ResourceRef | None:
    name = call.params.get("Bucket")
    if name is None:
        return call.identity.account if call.operation in _OF_NOBODY_ELSE else None
    if not isinstance(name, str):
        return None
    if name.startswith("arn:"):
        return next(_of_text(name), None)
    return bucket(name, call.region)


def _named(value: Any, key: str = "") -> Iterator[str | ResourceRef]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name not in _IN_PLACE:
                yield from _named(item, name)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _named(item, key)
    elif isinstance(value, str):
        yield from _of_text(value)
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


def _of_queue(url: str) -> Iterator[str]:
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if parts and _ACCOUNT.fullmatch(parts[0]):
        yield parts[0]
