"""What is asked, what an error proves, and what the words tell of a request."""

from __future__ import annotations

import pytest

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Call, FactQuery, Identity, Problem, Reply
from nephoscope_aws.access.circumstances import circumstances
from nephoscope_aws.access.identity import Actor
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.analyzers.names import NamesAnalyzer
from nephoscope_aws.estate import AwsEstate
from nephoscope_aws.iam import Principal

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


def test_a_rule_of_another_bus_is_asked_for_with_its_bus():
    estate = AwsEstate()
    for arn, params in [
        (f"arn:aws:events:{REGION}:{ACCOUNT}:rule/shop/paid", {"Name": "paid", "EventBusName": "shop"}),
        (f"arn:aws:events:{REGION}:{ACCOUNT}:rule/paid", {"Name": "paid"}),
    ]:
        rule = estate.recognise(arn, WHO)
        assert rule is not None
        asked = [read for check in estate.checks(FactQuery(subject=rule, attribute="state"), [WHO]) for read in check.reads]
        (read,) = [one for one in asked if one.operation == "DescribeRule"]
        assert read.params == params
        call = Call(id="s0.c1", service="events", operation="DescribeRule", region=REGION, params=params, identity=WHO)
        gone = Reply(call=call, status=400, error="ResourceNotFoundException", document={}, complete=True)
        assert {one.subject.native_id for one in estate.facts(gone) if one.absent} == {arn}, "the rule that was asked for, and no namesake"


@pytest.mark.parametrize(
    ("text", "given", "absent"),
    [
        ("our external id is acme-43", ("acme-43",), False),
        ("with ExternalId 'acme_43'", ("acme_43",), False),
        ("without an external id", (), True),
        ("the external id looks odd", (), False),
    ],
)
def test_an_external_id_is_read_from_the_words(text, given, absent):
    problem = Problem(text=text, symptom="access_denied", now="2026-01-01T00:00:00Z")
    view = Evidence(problem, (), identities=[WHO])
    context = circumstances(problem, Actor(Principal(account=ACCOUNT)), None, Lens(view))
    assert (context.values.get("sts:externalid", ()), "sts:externalid" in context.complete) == (given, absent)


def test_zones_that_nobody_may_list_stay_a_question():
    problem = Problem(text="www.acme-shop.com does not load", symptom="cannot_connect", now="2026-01-01T00:00:00Z")
    (one,) = NamesAnalyzer().analyze(Evidence(problem, (), identities=[WHO]))
    assert (one.cause, one.holds, one.needs[0].kind) == ("aws.route53.record-missing", "unknown", "route53:hosted-zone")
