"""The gate's question: which kind of access a call is."""

from __future__ import annotations

from nephoscope.models import Call, Classification, Judged
from nephoscope_aws.classification import judge
from nephoscope_aws.permissions import permission


def classify(call: Call) -> Classification:
    """The call's tier, why, and the IAM action it needs."""
    judged = judge(call.service, call.operation, call.params)
    return Classification(
        tier=judged.tier,
        reason=judged.reason,
        permission=permission(call.service, call.operation, call.params),
        verified=judged.source in (Judged.REVIEWED, Judged.RULE),
        shape=judged.shape,
    )
