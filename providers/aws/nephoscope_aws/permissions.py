"""The IAM actions that an operation needs. Data only: the engine side uses it without an SDK.

Operation names are not IAM actions. For reviewed services the map is part of the review; elsewhere the operation's own name is a guess, and
is called ``unverified action`` wherever people read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nephoscope.models import Tier
from nephoscope_aws.classification.public import prefix, resource_patterns
from nephoscope_aws.classification.table import service_table

_NOT_IN_DATA = (Tier.MUTATION, Tier.SECRET, Tier.ROLE)
"""The packaged data hold the actions of what may be granted, and no others."""
UNVERIFIED = " (unverified action)"


def actions(service: str, operation: str, params: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """``actions("s3", "ListBuckets")`` is ``("s3:ListAllMyBuckets",)``."""
    table = service_table(service)
    return table.needs(operation, params) if table else (f"{prefix(service) or service}:{operation}",)


def verified(service: str, operation: str) -> bool:
    """Whether somebody has looked at which actions the operation needs, and public data list those of a read."""
    table = service_table(service)
    tier = table.tier(operation) if table else None
    if table is None or tier is None:
        return False
    return tier in _NOT_IN_DATA or table.verbs or all(resource_patterns(action) is not None for action in table.every_action(operation))


def permission(service: str, operation: str, params: Mapping[str, Any] | None = None) -> str:
    """The actions in words: ``s3:GetObject, s3:GetObjectAttributes``; marked where nobody has verified them."""
    return ", ".join(actions(service, operation, params)) + ("" if verified(service, operation) else UNVERIFIED)
