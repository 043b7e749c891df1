"""Fixes as Terraform: read by a parser of the language, and whole or not at all."""

from __future__ import annotations

import json
import re
from typing import Any

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nephoscope.models import Change, JsonValue
from nephoscope_aws.advising.hcl import Blocks, Document, block, expression
from nephoscope_aws.advising.terraform import rows, terraform

WILD = st.text(st.one_of(st.sampled_from('"\\${}%\n\t#/<E\u202e\x00\x1b'), st.characters(exclude_categories=("Cs",))), max_size=24)
MARK = "\N{REPLACEMENT CHARACTER}"


def _change(name: str, **params: JsonValue) -> Change:
    service, _, operation = name.partition(":")
    return Change(cloud="aws", service=service, operation=operation, params=params)


def _read(text: str) -> dict[str, Any]:
    """``type.label`` → its arguments, as a parser reads them."""
    return {
        f"{kind}.{label}".replace('"', ""): body
        for one in hcl2.loads(text)["resource"]
        for kind, labels in one.items()
        for label, body in labels.items()
    }


def _meant(written: str) -> str:
    """What a quoted string stands for."""
    said: str = json.loads(written)
    return said.replace("$${", "${").replace("%%{", "%{")


@settings(max_examples=60, deadline=None)
@given(WILD, WILD)
def test_no_text_leaves_its_quotes(text: str, key: str) -> None:
    read = _read(block("aws_x", "a", {"plain": text, "map": {key: text}, "document": Document({"k": [text]}), "in": Blocks([{"deep": text}])}))
    (body,) = read.values()
    seen = _meant(body["plain"])
    assert seen == _meant(body["in"][0]["deep"])
    assert {name for name in body if not name.startswith("__")} == {"plain", "map", "document", "in"}
    assert re.sub(MARK, "", seen) == re.sub(MARK, "", re.sub("[\x00-\x08\x0b-\x1f\x7f\x85\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", "", text))
    assert not set(seen) & set("\u202e\x00\x1b")


def test_values_read_as_what_they_are() -> None:
    value: JsonValue = {"a": [1, 1.5, True, None], "b.c": {"d": []}, "for": {}}
    (body,) = _read(block("aws_x", "a", {"v": value})).values()
    assert body["v"] == {"a": [1, 1.5, True, None], '"b.c"': {"d": []}, '"for"': {}}
    with pytest.raises(TypeError):
        expression(Blocks([]))


def test_a_policy_is_a_document_with_all_its_statements() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "there-before", "Effect": "Deny"}, {"Sid": "new", "Resource": "arn:aws:s3:::b/${aws:username}"}],
    }
    (snippet,) = terraform([_change("s3:PutBucketPolicy", Bucket="b", Policy=json.dumps(policy))])
    (body,) = _read(snippet.text).values()
    assert body["policy"].startswith("${jsonencode(")
    assert "there-before" in body["policy"]
    assert "$${aws:username}" in body["policy"], "a variable of the policy is none of Terraform's"
    assert "the whole document" in snippet.text


def test_an_operation_that_sets_one_thing_is_a_part_of_its_resource() -> None:
    changes = [_change("ec2:ModifyVpcAttribute", VpcId="vpc-1", **{name: {"Value": True}}) for name in ("EnableDnsSupport", "EnableDnsHostnames")]
    (snippet,) = terraform(changes)
    read = _read(snippet.text)
    assert list(read) == ["aws_vpc.vpc_1"], "two changes to one thing are one resource"
    assert read["aws_vpc.vpc_1"]["enable_dns_support"] is read["aws_vpc.vpc_1"]["enable_dns_hostnames"] is True
    assert "the other arguments of this resource stay as they are" in snippet.text


def test_a_permission_is_a_rule_for_each_end() -> None:
    permission: JsonValue = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
        "UserIdGroupPairs": [{"GroupId": "sg-2"}],
    }
    (snippet,) = terraform([_change("ec2:AuthorizeSecurityGroupIngress", GroupId="sg-1", IpPermissions=[permission])])
    first, second = _read(snippet.text).values()
    assert (first["cidr_ipv4"], second["referenced_security_group_id"]) == ('"10.0.0.0/8"', '"sg-2"')
    assert "cidr_ipv4" not in second


@pytest.mark.parametrize(
    "change",
    [
        _change("s3:PutBucketLifecycleConfiguration", Bucket="b", LifecycleConfiguration={"Rules": [{"ID": "a", "Transitions": [{"Days": 3}]}]}),
        _change("lambda:AddPermission", FunctionName="f", StatementId="s", Action="a", Principal="p", Qualifier="live"),
        _change("events:PutTargets", Rule="r", Targets=[{"Id": "1", "Arn": "a", "EcsParameters": {"TaskDefinitionArn": "t"}}]),
        _change("ec2:AuthorizeSecurityGroupIngress", GroupId="sg-1", IpPermissions="not a list"),
        _change("kms:EnableKey", KeyId="k"),
        _change("made:Up", X="y"),
    ],
)
def test_nothing_is_left_out_in_silence(change: Change) -> None:
    assert terraform([change]) == []
    known = _change("logs:CreateLogGroup", logGroupName="g")
    (snippet,) = terraform([known, change])
    assert snippet.note.startswith(f"without {change.service} {change.operation}")


def test_what_takes_from_an_earlier_reply_has_no_snippet() -> None:
    change = Change(
        cloud="aws", service="ec2", operation="CreateRoute", params={"RouteTableId": "rtb-1", "NatGatewayId": "$GATEWAY"}, takes=("GATEWAY",)
    )
    assert terraform([change]) == []


def test_every_row_is_of_an_operation_that_there_is() -> None:
    from nephoscope_aws.wire.models import operation_model

    for name, some in rows().items():
        service, _, operation = name.partition(":")
        model = operation_model(service, operation)
        assert model is not None, name
        members = set(model.input_shape.members)
        for row in some:
            assert set(row.told_by) <= members, name
            assert re.fullmatch(r"aws_[a-z0-9_]+", row.resource)
