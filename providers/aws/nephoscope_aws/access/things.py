"""References to things by their ARN, as the reply tables name them."""

from __future__ import annotations

import re

from nephoscope.models import ResourceRef

FUNCTION_ARN = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+")
"""A function's ARN wherever it stands in a text; a version or alias is left off."""


def ref(native_type: str, native_id: str, name: str = "", account: str = "", region: str = "") -> ResourceRef:
    """A reference of this cloud; account and region are read from an ARN where not given."""
    parts = native_id.split(":", 5)
    if len(parts) == 6 and parts[0] == "arn":
        account, region = account or parts[4], region or parts[3]
    return ResourceRef(
        cloud="aws", kind=_KINDS.get(native_type, ""), native_type=native_type, native_id=native_id, account=account, region=region, name=name
    )


_KINDS = {
    "iam:role": "identity.principal",
    "iam:user": "identity.principal",
    "iam:policy": "identity.role",
    "kms:key": "security.key",
    "kms:alias": "security.key-alias",
}


def by_arn(native_type: str, arn: str) -> ResourceRef:
    """A thing by its ARN, named by what stands last in it."""
    return ref(native_type, arn, arn.rsplit(":", maxsplit=1)[-1].rsplit("/", 1)[-1])


def account_of(arn: str) -> str:
    """Account in an ARN; empty where it has none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def service_of(native_type: str) -> str:
    """Service part of a native type."""
    return native_type.split(":", 1)[0]
