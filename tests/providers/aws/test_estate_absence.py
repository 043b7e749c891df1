"""What an error proves to be missing depends on what was asked for."""

from __future__ import annotations

import pytest

from nephoscope.models import Call, Identity, Reply
from nephoscope_aws.estate import AwsEstate

ACCOUNT, REGION = "123456789012", "eu-west-1"
WHO = Identity(cloud="aws", account=ACCOUNT, principal="arn:aws:iam::123456789012:user/me", regions=(REGION,))
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/front/1759580cfd8b3d77"
GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web/1759580cfd8b3d77"


def missing(operation: str, params: dict[str, object], error: str) -> list[tuple[str, str]]:
    call = Call(id="s0.c1", service="elbv2", operation=operation, region=REGION, params=params, identity=WHO)
    reply = Reply(call=call, status=400, error=error, document={}, complete=True)
    return [(one.subject.native_id, one.attribute) for one in AwsEstate().facts(reply) if one.absent]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"TargetGroupArns": [GROUP]}, [(GROUP, "exists")]),
        ({"LoadBalancerArn": BALANCER}, [(BALANCER, "target_groups")]),
    ],
)
def test_no_such_item_is_no_absence_of_its_holder(params, expected):
    assert missing("DescribeTargetGroups", params, "TargetGroupNotFound") == expected
