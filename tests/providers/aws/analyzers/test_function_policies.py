"""How a changed policy of a function is written."""

from __future__ import annotations

import json

import pytest
from harness import ACCOUNT

from nephoscope_aws.access.function_policies import writer
from nephoscope_aws.access.things import ref

FUNCTION = ref("lambda:function", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:resize", "resize")
HELD = {
    "Sid": "held",
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Resource": FUNCTION.native_id,
}
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/nightly"
CALLS = {"Effect": "Allow", "Resource": FUNCTION.native_id}
HELD = {**CALLS, "Sid": "held", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction"}
ADDED = {**CALLS, "Principal": {"Service": "events.amazonaws.com"}, "Action": ["lambda:InvokeFunction"]}


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def written(before, *after):
    call = writer(FUNCTION, before)(json.dumps(document(*after)))
    return call.operation, dict(call.params)


def test_what_is_added_is_a_permission():
    says = {"FunctionName": "resize", "StatementId": "nephoscope-suggested", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    assert written(document(HELD), HELD, ADDED) == ("AddPermission", says)
    assert written(None, ADDED) == ("AddPermission", says)
    from_rule = {**ADDED, "Condition": {"ArnLike": {"AWS:SourceArn": RULE}}}
    assert written(document(HELD), HELD, from_rule) == ("AddPermission", {**says, "SourceArn": RULE})


def test_what_is_taken_out_is_a_permission_too_where_it_has_a_name():
    assert written(document(HELD, {**ADDED, "Sid": "old"}), HELD) == ("RemovePermission", {"FunctionName": "resize", "StatementId": "old"})
    assert written(document(HELD, ADDED), HELD)[0] == "PutResourcePolicy"


@pytest.mark.parametrize(
    "more",
    [
        {"Effect": "Deny"},
        {"Action": ["lambda:InvokeFunction", "lambda:GetFunction"]},
        {"Principal": {"AWS": "a", "Service": "b"}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"ArnLike": {"AWS:SourceArn": RULE}, "ArnEquals": {"aws:SourceArn": RULE}}},
    ],
)
def test_what_no_permission_can_say_is_written_as_a_whole(more):
    operation, params = written(document(HELD), HELD, {**ADDED, **more})
    assert operation == "PutResourcePolicy"
    assert json.loads(params["Policy"])["Statement"] == [HELD, {**ADDED, **more}]


def test_what_replaces_another_is_written_as_a_whole():
    assert written(document(HELD), {**HELD, "Principal": {"Service": "sns.amazonaws.com"}})[0] == "PutResourcePolicy"
