"""Regions: which services have only one, and where its requests are signed."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces.errors import Ambiguous

GLOBAL_SERVICES = frozenset(("iam", "route53", "organizations", "cloudfront", "globalaccelerator", "support", "shield"))
_HOMES = {"cn-": "cn-north-1", "us-gov-": "us-gov-west-1"}


def home_region(regions: Sequence[str]) -> str:
    """The region where the partition's global services live."""
    return next((home for prefix, home in _HOMES.items() if regions and regions[0].startswith(prefix)), "us-east-1")


def partition(region: str) -> str:
    """The partition of a region, as ARNs name it."""
    return {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}.get(next((p for p in _HOMES if region.startswith(p)), ""), "aws")


def signing_region(service: str, region: str, allowed: Sequence[str]) -> str:
    """The region of a call. Raises ``Ambiguous`` when the scope does not include it."""
    if service in GLOBAL_SERVICES:
        return home_region(allowed)
    if region not in allowed and not (service == "sts" and region == home_region(allowed)):
        raise Ambiguous(f"region {region!r} is outside the scope", f"add it with --region {region}")
    return region
