"""Least privilege for the calls of an investigation, as an IAM policy document."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.models import Call, Json
from nephoscope_aws.permissions import permission


class AwsPolicy:
    """Implements :class:`nephoscope.interfaces.Policy`: the actions really used, per service."""

    cloud = "aws"
    format = "aws-iam"

    def document(self, calls: Sequence[Call]) -> Json:
        """An identity policy that allows exactly these operations; reads of configuration rarely support narrower resources than ``*``."""
        by_service: dict[str, set[str]] = {}
        for call in calls:
            action = permission(call.service, call.operation)
            by_service.setdefault(action.partition(":")[0], set()).add(action)
        statements = [
            {"Sid": f"Nephoscope{service.title().replace('-', '')}", "Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
            for service, actions in sorted(by_service.items())
        ]
        return {"Version": "2012-10-17", "Statement": statements}
