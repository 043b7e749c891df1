"""Denied requests on all kinds of things, and tags as conditions: each fault beside its healthy twin."""

from __future__ import annotations

import pytest
from harness import ACCOUNT, IDENTITY
from test_access import INLINE, NODE, ROLE, allow, document, found, judged, view

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity
from nephoscope_aws.access.actors import workloads
from nephoscope_aws.access.things import ref

HOME = f"eu-west-1:{ACCOUNT}"
STREAM = ref("kinesis:stream", f"arn:aws:kinesis:{HOME}:stream/clicks", "clicks")
DELIVERY = ref("firehose:stream", f"arn:aws:firehose:{HOME}:deliverystream/clicks", "clicks")
WORKFLOW = ref("stepfunctions:state-machine", f"arn:aws:states:{HOME}:stateMachine:order-flow", "order-flow")
BUS = ref("events:event-bus", f"arn:aws:events:{HOME}:event-bus/shop", "shop")
IMAGES = ref("ecr:repository", f"arn:aws:ecr:{HOME}:repository/web", "web")
MACHINE = ref("ec2:instance", "i-0a1b2c3d4e5f60718", "build-box", ACCOUNT, "eu-west-1")
QUEUE = ref("sqs:queue", f"arn:aws:sqs:{HOME}:jobs", "jobs")
OTHER_ROLE = ref("iam:role", f"arn:aws:iam::{ACCOUNT}:role/reader", "reader")
LACKS = "aws.iam.identity-allow-missing"


@pytest.mark.parametrize(
    ("thing", "text", "right", "wrong"),
    [
        (STREAM, "app gets access denied writing to stream clicks", allow("kinesis:PutRecords", STREAM.native_id), allow("kinesis:Get*", "*")),
        (STREAM, "app gets access denied reading stream clicks", allow("kinesis:GetRecords", "*"), allow("kinesis:Put*", "*")),
        (DELIVERY, "app gets access denied sending to clicks", allow("firehose:PutRecord", "*"), allow("kinesis:PutRecord", "*")),
        (WORKFLOW, "app is not allowed to start order-flow", allow("states:StartExecution", "*"), allow("states:Describe*", "*")),
        (BUS, "app gets access denied for events:PutEvents on shop", allow("events:PutEvents", BUS.native_id), allow("events:PutEvents", "*default")),
        (IMAGES, "app cannot pull from web, 403", allow("ecr:*", "*"), allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage"], "*")),
        (MACHINE, "app gets UnauthorizedOperation stopping build-box", allow("ec2:StopInstances", "*"), allow("ec2:StartInstances", "*")),
        (
            MACHINE,
            "app can't stop build-box",
            allow("ec2:StopInstances", "*:instance/i-0a1b2c3d4e5f60718"),
            allow("ec2:StopInstances", "*:instance/i-1"),
        ),
    ],
)
def test_what_may_be_done_to_it_is_asked_of_the_policies(thing, text, right, wrong):
    seen = {(thing, "exists"): True, (thing, "policy"): None}
    assert found(view({**seen, (INLINE, "document"): document(wrong)}, text, (ROLE, thing))) == {LACKS}
    healthy = judged(view({**seen, (INLINE, "document"): document(right)}, text, (ROLE, thing)))
    assert {one.holds for one in healthy.values() if one.role == "cause"} == {"no"}
    assert {one.holds for one in healthy.values() if one.role == "observation"} == {"yes"}


def test_a_repository_may_deny_what_the_role_is_allowed():
    denies = document({"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage"})
    seen = {(IMAGES, "exists"): True, (INLINE, "document"): document(allow("ecr:*", "*"))}
    assert found(view({**seen, (IMAGES, "policy"): denies}, "app cannot pull from web", (ROLE, IMAGES))) == {"aws.ecr.policy-denies"}
    others = document({"Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"})
    assert not found(view({**seen, (IMAGES, "policy"): others}, "app cannot pull from web", (ROLE, IMAGES)))


BUS_POLICIES = [
    ({"Effect": "Deny", "Principal": "*", "Action": "events:*", "Resource": BUS.native_id}, {"aws.events.policy-denies"}),
    ({"Effect": "Deny", "Principal": "*", "Action": "events:PutRule", "Resource": BUS.native_id}, set()),
]


@pytest.mark.parametrize(("statement", "expected"), BUS_POLICIES)
def test_a_bus_may_deny_what_the_role_is_allowed(statement, expected):
    seen = {(BUS, "exists"): True, (BUS, "policy"): document(statement), (INLINE, "document"): document(allow("events:*", "*"))}
    assert found(view(seen, "app gets access denied for events:PutEvents on shop", (ROLE, BUS))) == expected


@pytest.mark.parametrize("thing", [BUS, IMAGES], ids=lambda thing: thing.native_type)
def test_another_accounts_thing_must_let_the_caller_in(thing):
    action = {BUS: "events:PutEvents", IMAGES: "ecr:BatchGetImage"}[thing]
    theirs = thing.model_copy(update={"account": "210987654321", "native_id": thing.native_id.replace(ACCOUNT, "210987654321")})
    seen = {(theirs, "exists"): True, (INLINE, "document"): document(allow(["events:*", "ecr:*"], "*"))}
    said = f"app gets access denied for {action} on {thing.name}"
    prefix = f"aws.{thing.native_type.split(':')[0]}.policy"
    lets = {"Effect": "Allow", "Principal": {"AWS": ROLE.native_id}, "Action": action, "Resource": "*"}

    def causes(*statements):
        evidence = view({**seen, (theirs, "policy"): document(*statements)}, said, (ROLE, theirs))
        problem = evidence.problem.model_copy(update={"actions": (action,)})
        return found(Evidence(problem=problem, facts=list(evidence.all_facts()), identities=[IDENTITY]))

    assert causes(lets) == set()
    assert causes() == {f"{prefix}-lacks-principal"}
    assert causes({**lets, "Condition": {"Bool": {"aws:ViaAWSService": "true"}}}) == {f"{prefix}-condition-unmet"}
    assert causes({**lets, "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}) == {f"{prefix}-names-deleted-principal"}


def test_a_machine_that_acts_itself_is_not_what_is_asked_for():
    findings = judged(view({}, "app on build-box gets access denied reading bucket orders", (ROLE, MACHINE)))
    assert not [one for one in findings.values() if str(one.details.get("action", "")).startswith("ec2:")]


def test_the_resource_of_an_error_is_what_is_asked_for():
    said = f"User is not authorized to perform: ec2:StopInstances on resource: arn:aws:ec2:{HOME}:instance/i-1 because no policy allows it"
    evidence = view({(INLINE, "document"): document(allow("ec2:StopInstances", "*instance/i-2"))}, said, (ROLE,))
    problem = evidence.problem.model_copy(update={"actions": ("ec2:StopInstances",)})
    evidence.problem = problem  # type: ignore[misc]
    told = judged(evidence)[LACKS]
    assert (told.holds, told.details["resource"]) == ("yes", f"arn:aws:ec2:{HOME}:instance/i-1")


# -- tags ----------------------------------------------------------------------------------------------------------

OF_THING = {"StringEquals": {"aws:ResourceTag/env": "prod"}}
OF_CALLER = {"StringEquals": {"aws:PrincipalTag/team": "shop"}}


UNMET = {"aws.iam.condition-unmet"}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"env": "prod"}, set()),
        ({"Env": "prod"}, set()),
        ([{"Key": "env", "Value": "prod"}], set()),
        ({"env": "staging"}, UNMET),
        ([{"TagKey": "env", "TagValue": "dev"}], UNMET),
        ({}, UNMET),
        (None, UNMET),
    ],
)
def test_tags_of_what_is_asked_for(tags, expected):
    seen = {(QUEUE, "exists"): True, (QUEUE, "policy"): None, (QUEUE, "key"): None, (QUEUE, "tags"): tags}
    seen[INLINE, "document"] = document(allow("sqs:*", "*", Condition=OF_THING))
    assert found(view(seen, "app gets access denied receiving from queue jobs", (ROLE, QUEUE))) == expected


def test_tags_that_nobody_has_read_are_asked_for_where_a_policy_asks_for_them_and_else_not():
    seen = {(QUEUE, "exists"): True, (QUEUE, "policy"): None, (QUEUE, "key"): None}
    text = "app gets access denied receiving from queue jobs"
    open_ = judged(view({**seen, (INLINE, "document"): document(allow("sqs:*", "*", Condition=OF_THING))}, text, (ROLE, QUEUE)))
    wanted = {need.key for one in open_.values() for need in one.needs}
    assert f"{QUEUE.key}#tags" in wanted
    assert open_[LACKS].holds == "unknown"
    healthy = judged(view({**seen, (INLINE, "document"): document(allow("sqs:*", "*"))}, text, (ROLE, QUEUE)))
    assert not [need for one in healthy.values() for need in one.needs]


@pytest.mark.parametrize(
    ("tags", "expected"), [([{"Key": "team", "Value": "shop"}], set()), ([{"Key": "team", "Value": "ops"}], {"aws.iam.trust-condition-unmet"})]
)
def test_tags_of_who_asks(tags, expected):
    trusting = document({"Effect": "Allow", "Principal": {"AWS": ROLE.native_id}, "Action": "sts:AssumeRole", "Condition": OF_CALLER})
    seen = {(OTHER_ROLE, "exists"): True, (OTHER_ROLE, "trust"): trusting, (ROLE, "tags"): tags, (NODE, "organization"): None}
    seen[INLINE, "document"] = document(allow("sts:AssumeRole", OTHER_ROLE.native_id))
    assert found(view(seen, "app is denied when assuming reader", (ROLE, OTHER_ROLE))) == expected


@pytest.mark.parametrize(("team", "expected"), [("orders", set()), ("stock", {LACKS, "aws.iam.resource-arn-mismatch"})])
def test_a_tag_that_stands_in_a_name(team, expected):
    seen = {(ROLE, "tags"): {"team": team}, (INLINE, "document"): document(allow("s3:GetObject", "arn:aws:s3:::${aws:PrincipalTag/team}/*"))}
    assert found(view(seen)) <= expected
    assert bool(found(view(seen))) is bool(expected)


# -- what somebody makes with a role -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["app can't create lambda functions with role reader", "launching servers using the role reader fails for app"])
def test_a_role_that_is_handed_on_must_be_passed(text):
    seen = {(OTHER_ROLE, "exists"): True, (OTHER_ROLE, "trust"): document()}
    assert found(view({**seen, (INLINE, "document"): document(allow("lambda:*", "*"))}, text, (ROLE, OTHER_ROLE))) == {LACKS}
    findings = judged(view({**seen, (INLINE, "document"): document(allow("iam:PassRole", OTHER_ROLE.native_id))}, text, (ROLE, OTHER_ROLE)))
    assert not [one for one in findings.values() if one.role == "cause" and one.holds == "yes"]
    assert [one for one in findings.values() if one.role == "observation" and one.holds == "unknown"], "whether it may make the thing is not known"


def test_what_a_policy_nearly_allows_is_what_is_meant_where_the_words_do_not_say():
    nearly = document(allow(["s3:PutObject", "s3:ListBucket"], "arn:aws:s3:::orders"))
    assert found(view({(INLINE, "document"): nearly}, "app fails with s3 403 on orders")) == {"aws.iam.resource-arn-mismatch"}
    rightly = document(allow("s3:PutObject", "arn:aws:s3:::orders/*"), allow("s3:ListBucket", "arn:aws:s3:::orders"))
    assert not found(view({(INLINE, "document"): rightly}, "app fails with s3 403 on orders"))


# -- one name for what runs and for what is asked for ----------------------------------------------------------------

FUNCTION = ref("lambda:function", f"arn:aws:lambda:{HOME}:function:refunds", "refunds")
NAMESAKE = ref("lambda:function", f"arn:aws:lambda:{HOME}:function:jobs", "jobs")


@pytest.mark.parametrize(
    "text", ["refunds gets AccessDenied on sqs:SendMessage to jobs", "sending to the queue jobs is denied for refunds", "jobs refuses refunds"]
)
def test_what_is_asked_for_is_not_who_asks_though_a_function_has_its_name(text):
    evidence = view({}, text, (FUNCTION,))
    both = Entity(text="jobs", role="sick", matches=(QUEUE, NAMESAKE))
    problem = evidence.problem.model_copy(update={"entities": (*evidence.problem.entities, both)})
    asking = {one.label for one in workloads(Evidence(problem=problem, facts=list(evidence.all_facts()), identities=[IDENTITY]))}
    assert "refunds" in asking
    assert ("jobs" in asking) is ("refuses" in text), "where the words do not say, both may be meant"


@pytest.mark.parametrize(("action", "holds"), [("kms:Decrypt", "unknown"), ("ec2:StopInstances", "yes")])
def test_where_no_key_is_known_nobody_can_say_whom_it_lets_in(action, holds):
    evidence = view({(INLINE, "document"): document(allow("logs:*", "*"))}, f"app gets access denied on {action}", (ROLE,))
    problem = evidence.problem.model_copy(update={"actions": (action,)})
    findings = judged(Evidence(problem=problem, facts=list(evidence.all_facts()), identities=[IDENTITY]))
    assert findings[LACKS].holds == holds
    assert findings["aws.iam.seen-allowed"].holds == ("unknown" if holds == "unknown" else "no")
