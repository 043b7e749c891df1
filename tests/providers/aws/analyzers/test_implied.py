"""What a named thing does by a role, or calls as itself, and may not; each beside the same that may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from harness import ACCOUNT, IDENTITY, NOW, REGION, known_facts

from nephoscope.knowledge.symptoms import classify
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Problem, ResourceRef
from nephoscope_aws.access.identity import grants_ref
from nephoscope_aws.access.mending import _swap
from nephoscope_aws.access.things import ref
from nephoscope_aws.analyzers.event_delivery import EventDelivery
from nephoscope_aws.analyzers.implied import ImpliedPermissionsAnalyzer
from nephoscope_aws.estate import AwsEstate

ESTATE = AwsEstate()
Facts = Mapping[tuple[ResourceRef, str], Any]


def thing(native_type: str, name: str) -> ResourceRef:
    found = ESTATE.named(native_type, name, IDENTITY, REGION)
    assert found is not None
    return found


FUNCTION = thing("lambda:function", "helper")
URI = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION.native_id}/invocations"
ROLE = ref("iam:role", f"arn:aws:iam::{ACCOUNT}:role/hand", "hand", ACCOUNT)
GRANTS = grants_ref("role", "hand", ACCOUNT)
INLINE = ref("iam:role-policy", f"{ACCOUNT}:role/hand#own", "own", ACCOUNT)
REST, HTTP = thing("apigateway:rest-api", "abc"), thing("apigatewayv2:api", "xyz")
POOL, SECRET = thing("cognito-idp:user-pool", "eu-west-1_p"), thing("secretsmanager:secret", "prod/db-a1B2c3")
EXECUTE = f"arn:aws:execute-api:{REGION}:{ACCOUNT}"


def lets(service: str, source: str = "") -> dict[str, Any]:
    narrowed = {"Condition": {"ArnLike": {"aws:SourceArn": source}}} if source else {}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION.native_id,
    }
    return {"Version": "2012-10-17", "Statement": [{**statement, **narrowed}]}


def held(text: str, subject: ResourceRef, facts: Facts) -> set[str]:
    """The causes that hold."""
    return {one.cause for one in ImpliedPermissionsAnalyzer().analyze(told(text, subject, facts)) if one.holds == "yes"}


def told(text: str, subject: ResourceRef, facts: Facts) -> Evidence:
    ranked = classify(text)
    known = known_facts(facts)
    entity = Entity(text=subject.name, role="sick", matches=(subject,))
    problem = Problem(text=text, symptom=ranked[0], symptoms=ranked[1:], entities=(entity,), now=NOW)
    return Evidence(problem, known, identities=[IDENTITY])


METHOD = {"authorizerId": "t1", "methodIntegration": {"type": "MOCK"}}
CALLERS = {
    "authorizer": (
        REST,
        "abc answers 500 on GET /claims",
        {
            (REST, "resources"): [{"path": "/claims", "resourceMethods": {"GET": METHOD}}], (REST, "stages"): [{"stageName": "prod"}],
            (REST, "authorizers"): [{"id": "t1", "authorizerUri": URI}],
        },
        lets("apigateway", f"{EXECUTE}:abc/authorizers/t1"),
    ),
    "route": (
        HTTP,
        "GET /cart of xyz fails with 500",
        {
            (HTTP, "routes"): [{"RouteKey": "GET /cart", "Target": "integrations/1"}], (HTTP, "stages"): [{"StageName": "$default"}],
            (HTTP, "integrations"): [{"IntegrationId": "1", "IntegrationUri": FUNCTION.native_id}],
        },
        lets("apigateway", f"{EXECUTE}:xyz/*/GET/cart"),
    ),
    "trigger": (
        POOL,
        "sign up fails in pool eu-west-1_p",
        {(POOL, "configuration"): {"LambdaConfig": {"PreSignUp": FUNCTION.native_id}}},
        lets("cognito-idp", f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/eu-west-1_p"),
    ),
    "rotation": (SECRET, "prod/db was not rotated", {(SECRET, "rotation_function"): FUNCTION.native_id}, lets("secretsmanager")),
}  # fmt: skip


@pytest.mark.parametrize("kind", CALLERS)
def test_who_calls_a_function_as_itself_must_be_let_in(kind: str) -> None:
    subject, text, facts, policy = CALLERS[kind]
    assert held(text, subject, {**facts, (FUNCTION, "policy"): None}) == {"aws.lambda.policy-lacks-principal"}
    assert held(text, subject, {**facts, (FUNCTION, "policy"): lets("sns")}) == {"aws.lambda.policy-lacks-principal"}
    assert held(text, subject, {**facts, (FUNCTION, "policy"): policy}) == set()


def test_what_other_routes_and_other_duties_call_is_nobodys_trouble_here() -> None:
    _, _, facts, _ = CALLERS["route"]
    shut = {(FUNCTION, "policy"): None}
    assert held("GET /checkout of xyz fails with 500", HTTP, {**facts, **shut}) == set()
    assert held("xyz answers 500, but GET /cart works", HTTP, {**facts, **shut}) == set()
    elsewhere = {(FUNCTION, "policy"): lets("apigateway", f"{EXECUTE}:xyz/*/POST/cart")}
    assert held("GET /cart of xyz fails with 500", HTTP, {**facts, **elsewhere}) == {"aws.lambda.policy-condition-unmet"}
    assert held("app gets access denied reading prod/db", SECRET, {**CALLERS["rotation"][2], **shut}) == set()


def role(*allowed: tuple[str, str]) -> dict[tuple[ResourceRef, str], Any]:
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed]
    services = [f"{name}.amazonaws.com" for name in ("scheduler", "firehose", "s3", "states", "events", "lambda")]
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}}
    return {
        (ROLE, "exists"): True, (ROLE, "trust"): trust, (ROLE, "boundary"): None, (GRANTS, "inline"): [INLINE.native_id], (GRANTS, "attached"): [],
        (INLINE, "document"): {"Version": "2012-10-17", "Statement": statements},
    }  # fmt: skip


FLOW, SCHEDULE = (
    thing("stepfunctions:state-machine", "billing"),
    thing("scheduler:schedule", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/monthly"),
)
STREAM, LAKE, KEY = thing("firehose:stream", "sessions"), thing("s3:bucket", "lake"), thing("kms:key", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k-1")
DELEGATED = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"},
}
STARTED: Facts = {(SCHEDULE, "exists"): True, (SCHEDULE, "target"): FLOW.native_id, (SCHEDULE, "role"): ROLE.native_id}
WRITTEN: Facts = {
    (STREAM, "role"): ROLE.native_id, (STREAM, "bucket"): LAKE.native_id, (LAKE, "policy"): None, (KEY, "grants"): [],
    (KEY, "manager"): "CUSTOMER", (KEY, "policy"): DELEGATED,
    (LAKE, "encryption"): [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY.native_id}}],
}  # fmt: skip
COPIED: Facts = {
    (LAKE, "policy"): None, (thing("s3:bucket", "copy"), "policy"): None,
    (LAKE, "replication"): {"Role": ROLE.native_id, "Rules": [{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::copy"}}]},
}  # fmt: skip
READS = (("s3:GetReplicationConfiguration", LAKE.native_id), ("s3:ListBucket", LAKE.native_id), ("s3:GetObjectVersion*", f"{LAKE.native_id}/*"))


CALL = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": f"{FUNCTION.native_id}:live"}}
CALLING: Facts = {
    (FUNCTION, "policy"): None,
    (FLOW, "exists"): True,
    (FLOW, "role"): ROLE.native_id,
    (FLOW, "definition"): {"StartAt": "Help", "States": {"Help": CALL}},
}
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/jobs"
TASK = ref("ecs:task-definition", f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/report:3", "report:3", ACCOUNT, REGION)
STARTS = {
    (TASK, "exists"): True,
    (TASK, "execution_role"): f"arn:aws:iam::{ACCOUNT}:role/agent",
    (TASK, "role"): f"arn:aws:iam::{ACCOUNT}:role/program",
}
RULE = thing("events:rule", "report")
TARGET = ref("events:target", f"{RULE.native_id}#1", "1", ACCOUNT, REGION)
TASKED: Facts = {
    (RULE, "exists"): True, (RULE, "state"): "ENABLED", (RULE, "pattern"): None, (RULE, "schedule"): "rate(1 day)",
    (RULE, "targets"): [TARGET.native_id], (TARGET, "target"): CLUSTER,
    (TARGET, "role"): ROLE.native_id, (TARGET, "settings"): {"EcsParameters": {"TaskDefinitionArn": TASK.native_id}},
    **STARTS,
}  # fmt: skip
ONCE: Facts = {
    (SCHEDULE, "exists"): True, (SCHEDULE, "target"): CLUSTER, (SCHEDULE, "role"): ROLE.native_id,
    (SCHEDULE, "settings"): {"Target": {"EcsParameters": {"TaskDefinitionArn": TASK.native_id}}}, **STARTS,
}  # fmt: skip
LINES = ref("logs:log-group", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/helper:*", "/aws/lambda/helper", ACCOUNT, REGION)
WRITES: Facts = {(FUNCTION, "exists"): True, (FUNCTION, "role"): ROLE.native_id, (FUNCTION, "log_group"): None, (LINES, "exists"): True}
OWN, OTHERS = (f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{name}:*" for name in ("helper", "other"))
INVOKE, RUN, PASS = "lambda:InvokeFunction", ("ecs:RunTask", TASK.native_id), "iam:PassRole"
PASSING = [RUN, (PASS, f"arn:aws:iam::{ACCOUNT}:role/agent"), (PASS, f"arn:aws:iam::{ACCOUNT}:role/program")]

LACKING = {"aws.iam.identity-allow-missing", "aws.iam.resource-arn-mismatch"}
START = "states:StartExecution"


@pytest.mark.parametrize(
    ("subject", "text", "facts", "lacking", "enough"),
    [
        (FLOW, "billing was not started this month", STARTED, [(START, f"{FLOW.native_id}-2")], [(START, FLOW.native_id)]),
        (STREAM, "nothing shows up from sessions", WRITTEN, [("s3:*", "*")], [("s3:*", "*"), ("kms:*", "*")]),
        (LAKE, "files of lake are not in the copy", COPIED, READS, [*READS, ("s3:ReplicateObject", "arn:aws:s3:::copy/*")]),
        (FLOW, "billing fails", CALLING, [(INVOKE, FUNCTION.native_id)], [(INVOKE, f"{FUNCTION.native_id}:*")]),
        (RULE, "report fails", TASKED, PASSING[:2], PASSING),
        (FUNCTION, "helper writes no logs", WRITES, [("logs:*", OTHERS)], [("logs:CreateLogStream", OWN), ("logs:PutLogEvents", OWN)]),
        (FUNCTION, "cant find any logs of helper", {**WRITES, (LINES, "exists"): None}, [("logs:Create*", OWN)], [("logs:*", "*")]),
        (SCHEDULE, "monthly was not started", ONCE, [RUN], PASSING),
    ],
    ids=[
        "schedule",
        "key of the destination",
        "copies",
        "alias of a function",
        "roles of a task",
        "lines",
        "lines and their group",
        "roles of a scheduled task",
    ],
)
def test_what_a_role_must_be_allowed(subject: ResourceRef, text: str, facts: Facts, lacking: Any, enough: Any) -> None:
    assert held(text, subject, {**facts, **role(*lacking)}) & LACKING
    assert held(text, subject, {**facts, **role(*enough)}) == set()


def test_a_role_without_any_policy_explains_why_no_line_is_written() -> None:
    bare = {**role(), (GRANTS, "inline"): []}
    assert held("helper writes no logs", FUNCTION, {**WRITES, **bare}) == {"aws.iam.no-policies"}
    assert held("helper is not called", FUNCTION, {**WRITES, **bare}) == set()


def test_a_role_may_be_handed_to_containers_alone_and_in_one_cluster() -> None:
    """Conditions that nearly everybody writes are met by what asks."""

    def narrowed(service: str, cluster: str) -> dict[tuple[ResourceRef, str], Any]:
        statements = [
            {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*", "Condition": {"ArnEquals": {"ecs:cluster": cluster}}},
            {"Effect": "Allow", "Action": PASS, "Resource": "*", "Condition": {"StringLike": {"iam:PassedToService": service}}},
        ]
        return {**role(), (INLINE, "document"): {"Version": "2012-10-17", "Statement": statements}}

    assert held("report fails", RULE, {**TASKED, **narrowed("ecs-tasks.amazonaws.com", CLUSTER)}) == set()
    assert held("report fails", RULE, {**TASKED, **narrowed("ecs-tasks.amazonaws.com", f"{CLUSTER}-2")}) == {"aws.iam.condition-unmet"}
    assert held("report fails", RULE, {**TASKED, **narrowed("ec2.amazonaws.com", CLUSTER)}) == {"aws.iam.condition-unmet"}


def test_a_rule_is_not_open_where_its_role_may_not_start_what_it_leads_to() -> None:
    for allowed, open_ in ((PASSING[:2], "no"), (PASSING, "yes")):
        view = told("the rule report does not start its task", RULE, {**TASKED, **role(*allowed)})
        assert {one.holds for one in EventDelivery().analyze(view) if one.cause == "aws.events.seen-target"} == {open_}


def test_a_slip_that_names_the_whole_gets_the_part_beside_it() -> None:
    bare = FUNCTION.native_id
    assert _swap(bare, bare, f"{bare}:live") == [bare, f"{bare}:live"]
    assert _swap([bare, "arn:x"], bare, f"{bare}:live") == [bare, "arn:x", f"{bare}:live"]
    assert _swap([f"{bare}r", "arn:x"], f"{bare}r", bare) == [bare, "arn:x"]


def test_copies_are_nobodys_trouble_where_no_word_is_about_them() -> None:
    assert held("files of lake are not processed", LAKE, {**COPIED, **role(*READS)}) == set()
