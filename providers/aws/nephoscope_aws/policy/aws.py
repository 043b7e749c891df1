"""Implements :class:`nephoscope.interfaces.Policy` for AWS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nephoscope.models import Call, Json, OperationAccess, PolicyForm, ServiceCoverage, Tier
from nephoscope_aws.policy import documents, explaining


class AwsPolicy:
    """IAM policies: of calls, of a session, of a role to inspect with."""

    cloud = "aws"
    format = "aws-iam"

    def document(self, calls: Sequence[Call]) -> Json:
        """An identity policy that allows exactly these calls, on the resources they name."""
        return documents.least(calls)

    def remarks(self, calls: Sequence[Call]) -> Sequence[str]:
        """Where the document could not be narrower, and why."""
        return documents.remarks(calls)

    def session(self, tiers: Iterable[Tier]) -> Json:
        """``PolicyArns`` and ``Policy`` of ``AssumeRole``."""
        return documents.session(tiers)

    def baseline(self, tiers: Iterable[Tier], form: PolicyForm) -> str:
        """A role to inspect with: AWS's ReadOnlyAccess, less secrets and whatever these tiers leave out."""
        return documents.role(tiers, form)

    def text(self, document: Json, form: PolicyForm, name: str) -> str:
        return documents.text(document, form, name)

    def explain(self, operation: str) -> OperationAccess:
        return explaining.explain(operation)

    def coverage(self, service: str = "") -> Sequence[ServiceCoverage]:
        return explaining.coverage(service)
