"""Causes on hand-made facts, each beside a configuration that is nearly the same, but healthy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nephoscope.engine.verdict import diagnose
from nephoscope.knowledge.tables import inventory_ref
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Fact, Identity, Problem, ResourceRef
from nephoscope_aws.analyzers.settings import SettingsAnalyzer
from nephoscope_aws.estate import AwsEstate

NOW = "2026-11-24T10:00:00Z"
REGION, ACCOUNT = "eu-west-1", "123456789012"
ME = Identity(cloud="aws", account=ACCOUNT, principal=f"arn:aws:iam::{ACCOUNT}:role/reader", regions=(REGION,))
ESTATE = AwsEstate()
ARN = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"


def thing(native_type: str, name: str) -> ResourceRef:
    ref = ESTATE.named(native_type, name, ME, REGION)
    assert ref is not None, (native_type, name)
    return ref


def fact(subject: ResourceRef, attribute: str, value: Any) -> Fact:
    return Fact(
        id=f"f:{subject.key}:{attribute}",
        subject=subject,
        attribute=attribute,
        value=value,
        grounding="absent" if value is None else "exact",
        calls=("s1.c1",),
        pointer="/",
        identity=ME,
        observed_at=NOW,
    )


def told(
    native_type: str,
    name: str,
    text: str,
    facts: Mapping[str, Any],
    others: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
    more: Sequence[Fact] = (),
) -> Any:
    """The causes that hold, and the verdict."""
    subject = thing(native_type, name)
    known = [fact(subject, key.replace("__", "."), value) for key, value in {"exists": True, **facts}.items()]
    for (kind, other), values in (others or {}).items():
        known += [fact(thing(kind, other), key.replace("__", "."), value) for key, value in values.items()]
    known += more
    from nephoscope.knowledge.symptoms import classify

    ranked = classify(text)
    entity = Entity(text=name, matches=(subject,), native_types=(native_type,))
    problem = Problem(text=text, symptom=ranked[0], symptoms=ranked[1:], entities=(entity,), now=NOW)
    view = Evidence(problem, known, identities=[ME])
    analyzer = SettingsAnalyzer()
    findings = list(analyzer.analyze(view))
    diagnosis = diagnose(view, findings, lambda evidence: list(analyzer.analyze(evidence)))
    assert all(one.note and "{" not in one.note and one.because for one in findings if one.role == "cause" and one.holds == "yes")
    return {one.cause.removeprefix("aws.") for one in diagnosis.causes}


def series(values: Mapping[int, float], period: int, **others: Mapping[int, float]) -> list[dict[str, Any]]:
    """Points so many periods before now, as the metric service answers."""
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)

    def one(name: str, points: Mapping[int, float]) -> dict[str, Any]:
        stamps = [(now - timedelta(seconds=back * period)).isoformat() for back in points]
        return {"Id": name, "Timestamps": stamps, "Values": list(points.values())}

    rest = {"low": values, "high": values, "count": dict.fromkeys(values, 1.0), **others}
    return [one("own", values), *(one(name, points) for name, points in rest.items())]


CALM = dict.fromkeys(range(1, 40), 10.0)
ALARM = {
    "actions__enabled": True,
    "actions__alarm": ["arn:aws:automate:eu-west-1:ec2:reboot"],
    "namespace": "Fleet",
    "metric": "Load",
    "dimensions": [{"Name": "Host", "Value": "web-1"}],
    "statistic": "Average",
    "period": 300,
    "evaluated": 1,
    "needed": 1,
    "threshold": 90.0,
    "comparison": "GreaterThanThreshold",
    "missing_data": None,
    "state": "OK",
}
SILENT = {**ALARM, "series": series({}, 300)}
PEAK = {**CALM, 9: 95.0, 8: 96.0, 7: 94.0}
MINE = [{"Name": "Host", "Value": "web-1"}]


@pytest.mark.parametrize(
    ("text", "changes", "others", "expected"),
    [
        ("alarm a never fires", {"series": series(PEAK, 300)}, {}, set()),
        ("alarm a never fires", {"series": series(PEAK, 300), "actions__enabled": False}, {}, {"cloudwatch.alarm-actions-disabled"}),
        (
            "alarm a never fires",
            {},
            {
                ("cloudwatch:metric", "Fleet#Load"): {"listed": []},
                ("cloudwatch:namespace", "Fleet"): {"listed": []},
                ("cloudwatch:dimension", "dimension:Host#web-1"): {"listed": [{"Namespace": "fleet", "MetricName": "Load", "Dimensions": MINE}]},
            },
            {"cloudwatch.alarm-namespace-mismatch"},
        ),
        (
            "alarm a never fires",
            {},
            {
                ("cloudwatch:metric", "Fleet#Load"): {"listed": []},
                ("cloudwatch:namespace", "Fleet"): {"listed": []},
                ("cloudwatch:dimension", "dimension:Host#web-1"): {"listed": [{"Namespace": "fleet", "MetricName": "Disk", "Dimensions": MINE}]},
            },
            set(),
        ),
        (
            "alarm a never fires",
            {},
            {("cloudwatch:metric", "Fleet#Load"): {"listed": [{"Dimensions": [{"Name": "Host", "Value": "web-01"}]}]}},
            {"cloudwatch.alarm-dimension-mismatch"},
        ),
        (
            "alarm a never fires",
            {},
            {("cloudwatch:metric", "Fleet#Load"): {"listed": [{"Dimensions": [{"Name": "Host", "Value": "database"}]}]}},
            set(),
        ),
        ("alarm a never fires", {}, {("cloudwatch:metric", "Fleet#Load"): {"listed": [{"Dimensions": MINE}]}}, set()),
        (
            "alarm a stayed green while the host was dead",
            {"series": series(dict.fromkeys((30, 29, 28, 3, 2, 1), 10.0), 300)},
            {},
            {"cloudwatch.alarm-missing-data-hides-outage"},
        ),
        ("alarm a stayed green while the host was dead", {"series": series(CALM, 300)}, {}, set()),
        (
            "alarm a is in insufficient data all day",
            {"series": series(dict.fromkeys(range(1, 200, 5), 10.0), 300), "missing_data": "missing"},
            {},
            {"cloudwatch.alarm-period-shorter-than-metric"},
        ),
        ("alarm a is in insufficient data all day", {"series": series(CALM, 300), "missing_data": "missing"}, {}, set()),
        (
            "alarm a fires all the time",
            {"series": series(dict.fromkeys(range(1, 40), 97.0), 300)},
            {},
            {"cloudwatch.alarm-threshold-in-normal-range"},
        ),
        ("alarm a fires all the time", {"series": series({**CALM, 5: 97.0}, 300)}, {}, set()),
        (
            "alarm a fires all the time",
            {"series": series(dict.fromkeys(range(1, 40, 2), 10.0), 300), "missing_data": "breaching"},
            {},
            {"cloudwatch.alarm-missing-data-breaches"},
        ),
        (
            "alarm a did not fire though load was over 85 percent",
            {"series": series({**CALM, 5: 88.0}, 300)},
            {},
            {"cloudwatch.alarm-threshold-out-of-reach"},
        ),
        ("alarm a did not fire though load was over 89 percent", {"series": series({**CALM, 5: 88.0}, 300)}, {}, set()),
        ("alarm a did not fire at the peak", {"series": series(CALM, 300, high={**CALM, 5: 99.0})}, {}, {"cloudwatch.alarm-statistic-hides-peaks"}),
        ("alarm a did not fire at the peak", {"series": series(CALM, 300, high={**CALM, 5: 89.0})}, {}, set()),
    ],
)
def test_alarms(text: str, changes: dict[str, Any], others: dict[Any, Any], expected: set[str]) -> None:
    assert told("cloudwatch:alarm", "a", text, {**SILENT, **changes}, others) == expected


def test_an_alarm_on_what_is_gone() -> None:
    config = {**SILENT, "namespace": "AWS/SQS", "dimensions": [{"Name": "QueueName", "Value": "jobs"}]}
    gone = {("sqs:queue", "jobs"): {"exists": None}, ("cloudwatch:metric", "AWS/SQS#Load"): {"listed": [{"Dimensions": config["dimensions"]}]}}
    there = {**gone, ("sqs:queue", "jobs"): {"exists": True}}
    assert told("cloudwatch:alarm", "a", "alarm a never fires", config, gone) == {"cloudwatch.alarm-watches-deleted-resource"}
    assert told("cloudwatch:alarm", "a", "alarm a never fires", config, there) == set()


CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], set[str]]] = [
    (
        "rds:db-instance",
        "writes to database {} fail",
        {"status": "storage-full", "storage": 20, "storage__most": None},
        {"status": "available"},
        {"rds.storage-full"},
    ),
    ("rds:db-instance", "database {} does not start", {"status": "incompatible-parameters"}, {"status": "available"}, {"rds.incompatible-settings"}),
    (
        "rds:db-instance",
        "the parameter change of database {} has no effect",
        {"groups": [{"ParameterApplyStatus": "pending-reboot", "DBParameterGroupName": "g"}]},
        {"groups": [{"ParameterApplyStatus": "in-sync", "DBParameterGroupName": "g"}]},
        {"rds.parameters-pending-reboot"},
    ),
    ("rds:db-instance", "we must restore database {}", {"backup_days": 0}, {"backup_days": 1}, {"rds.backups-disabled"}),
    (
        "dynamodb:table",
        "table {} is throttled",
        {
            "billing": "PROVISIONED",
            "metrics__write_throttles": [{"Sum": 7.0}],
            "metrics__read_throttles": [],
            "capacity__write": 1,
            "capacity__read": 1,
        },
        {"billing": "PAY_PER_REQUEST"},
        {"dynamodb.throttled"},
    ),
    (
        "dynamodb:table",
        "writes to table {} are slow",
        {"billing": "PAY_PER_REQUEST", "capacity__write": 50, "indexes": [{"IndexName": "i", "ProvisionedThroughput": {"WriteCapacityUnits": 5}}]},
        {"indexes": [{"IndexName": "i", "ProvisionedThroughput": {"WriteCapacityUnits": 50}}]},
        {"dynamodb.index-underprovisioned"},
    ),
    ("elasticache:replication-group", "cache {} is unreachable", {"status": "create-failed"}, {"status": "available"}, {"elasticache.not-available"}),
    (
        "ecr:repository",
        "images of repository {} disappear",
        {"lifecycle": {"rules": [{"action": {"type": "expire"}, "selection": {"tagStatus": "any", "countNumber": 3}}]}},
        {"lifecycle": {"rules": [{"action": {"type": "expire"}, "selection": {"tagStatus": "untagged"}}]}},
        {"ecr.lifecycle-expires-images"},
    ),
    (
        "apigateway:rest-api",
        "rest api {} answers 500",
        {"title": "shop", "stages": [{"stageName": "prod"}], "resources": [{"path": "/", "resourceMethods": {"GET": {"httpMethod": "GET"}}}]},
        {"resources": [{"path": "/", "resourceMethods": {"GET": {"methodIntegration": {"type": "MOCK"}}, "OPTIONS": {}}}]},
        {"apigateway.integration-missing"},
    ),
    (
        "apigateway:rest-api",
        "rest api {} answers 429",
        {"title": "shop", "resources": [], "stages": [{"stageName": "p", "methodSettings": {"*/*": {"throttlingRateLimit": 1.0}}}]},
        {"stages": [{"stageName": "p", "methodSettings": {"*/*": {"throttlingRateLimit": 10000.0}}}]},
        {"apigateway.throttled"},
    ),
    (
        "cloudtrail:trail",
        "trail {} delivers nothing",
        {"logging": True, "delivery_error": "AccessDenied", "bucket": None, "stopped": None},
        {"delivery_error": ""},
        {"cloudtrail.delivery-fails"},
    ),
    (
        "cloudformation:stack",
        "stack {} overwrote what we changed by hand",
        {"status": "UPDATE_COMPLETE", "drift": "DRIFTED", "role": None},
        {"drift": "IN_SYNC"},
        {"cloudformation.drifted"},
    ),
    (
        "stepfunctions:state-machine",
        "workflow {} hangs",
        {"definition": {"States": {}}, "role": None, "executions": [{"status": "RUNNING", "startDate": "2026-11-20T00:00:00+00:00"}]},
        {"definition": {"States": {}, "TimeoutSeconds": 60}},
        {"stepfunctions.never-times-out"},
    ),
    ("batch:job-queue", "nothing runs from job queue {}", {"state": "DISABLED", "environments": []}, {"state": "ENABLED"}, {"batch.queue-disabled"}),
    (
        "cloudfront:distribution",
        "distribution {} answers nothing",
        {"host": "d1.cloudfront.net", "enabled": False, "certificate": None},
        {"enabled": True},
        {"cloudfront.disabled"},
    ),
    (
        "acm:certificate",
        "certificate {} has a warning",
        {
            "domain": "a.example",
            "names": ["a.example"],
            "status": "VALIDATION_TIMED_OUT",
            "origin": "AMAZON_ISSUED",
            "expires": None,
            "failure": None,
        },
        {"status": "ISSUED"},
        {"acm.failed"},
    ),
    (
        "secretsmanager:secret",
        "secret {} is not rotated",
        {"rotation": False},
        {"rotation": True, "rotation_function": None},
        {"secretsmanager.rotation-off"},
    ),
    (
        "logs:log-group",
        "lines of three weeks ago are gone from log group {}",
        {"retention_days": 14},
        {"retention_days": 30},
        {"logs.retention-too-short"},
    ),
    ("logs:log-group", "the cost of log group {} grows", {"retention_days": None, "bytes": 5}, {"retention_days": 3}, {"logs.never-expires"}),
    (
        "eks:nodegroup",
        "nodes of node group {} do not join",
        {"status": "DEGRADED", "desired": 2, "health": [{"message": "AccessDenied"}], "role": None},
        {"status": "ACTIVE", "health": []},
        {"eks.nodegroup-degraded"},
    ),
    (
        "eks:cluster",
        "kubectl times out on eks cluster {}",
        {"status": "ACTIVE", "endpoint__public": False, "endpoint__cidrs": ["0.0.0.0/0"], "contains": [], "role": None},
        {"endpoint__public": True},
        {"eks.endpoint-private-only"},
    ),
    (
        "eks:cluster",
        "kubectl times out on eks cluster {}",
        {"status": "ACTIVE", "endpoint__public": True, "endpoint__cidrs": ["10.1.0.0/16"], "contains": [], "role": None},
        {"endpoint__cidrs": ["0.0.0.0/0"]},
        {"eks.endpoint-limited"},
    ),
    (
        "s3:bucket",
        "bucket {} does not replicate",
        {"replication": None},
        {"replication": {"Rules": [{"Status": "Enabled", "Destination": {}}]}},
        {"s3.replication-missing"},
    ),
    (
        "s3:bucket",
        "bucket {} does not replicate",
        {"replication": {"Rules": [{"Status": "Disabled", "Destination": {}}]}},
        {"replication": {"Rules": [{"Status": "Enabled", "Destination": {}}]}},
        {"s3.replication-disabled"},
    ),
    (
        "s3:bucket",
        "there are no access logs of bucket {}",
        {"logging__bucket": None},
        {
            "logging__bucket": "x",
        },
        {"s3.logging-off"},
    ),
    (
        "sqs:queue",
        "queue {} retries the same messages over and over",
        {"redrive": None, "dead_letter_sources": []},
        {"redrive": {"maxReceiveCount": 3}, "dead_letter_sources": []},
        {"sqs.dead-letter-missing"},
    ),
    (
        "lambda:function",
        "function {} still runs the old code",
        {"last_update": "Failed", "aliases": [], "versions": []},
        {"last_update": "Successful"},
        {"lambda.update-failed"},
    ),
    (
        "events:rule",
        "rule {} should run at 06:00 but it is late",
        {"schedule": "cron(0 8 * * ? *)"},
        {"schedule": "cron(0 6 * * ? *)"},
        {"events.schedule-at-other-times"},
    ),
    (
        "events:rule",
        "rule {} is an hour late since the clock change",
        {"schedule": "cron(0 8 * * ? *)"},
        {"schedule": "rate(1 hour)"},
        {"events.schedule-in-utc"},
    ),
]
NAMES = {
    "ecs:service": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/c/x1",
    "eks:nodegroup": "c#x1",
    "acm:certificate": ARN.format("acm", "certificate/x1"),
    "apigateway:rest-api": "x1y2",
    "scheduler:schedule": ARN.format("scheduler", "schedule/default/x1"),
}


@pytest.mark.parametrize(("native_type", "text", "sick", "healthy", "expected"), CASES, ids=[f"{case[0]}-{'-'.join(case[4])}" for case in CASES])
def test_sick_and_nearly_the_same(native_type: str, text: str, sick: dict[str, Any], healthy: dict[str, Any], expected: set[str]) -> None:
    name = NAMES.get(native_type, "x1")
    words = text.format("x1")
    bucket = {("s3:bucket", "x"): {"exists": True}}
    assert told(native_type, name, words, sick, bucket) == expected
    assert told(native_type, name, words, {**sick, **healthy}, bucket) == set()


def test_what_an_inventory_lacks_is_missing_and_what_it_holds_is_not() -> None:
    trail = {"logging": True, "stopped": None, "delivery_error": None, "bucket": "logs-x", "every_region": True}
    listed = inventory_ref("aws", "s3:bucket", "", ACCOUNT)
    subject = thing("cloudtrail:trail", "t")
    for held, expected in (([], "yes"), (["arn:aws:s3:::logs-x"], "no")):
        facts = [*(fact(subject, key, value) for key, value in trail.items()), fact(listed, "complete", held)]
        problem = Problem(text="trail t is silent", symptom="suspicion", entities=(Entity(text="t", matches=(subject,)),), now=NOW)
        found = {one.cause: one.holds for one in SettingsAnalyzer().analyze(Evidence(problem, facts, identities=[ME]))}
        assert found["aws.cloudtrail.bucket-deleted"] == expected


@pytest.mark.parametrize(
    ("kept", "expected"), [("3600", {"sqs.dead-letter-retention-too-short"}), ("1209600", set()), (None, {"sqs.dead-letter-queue-deleted"})]
)
def test_where_failed_messages_go(kept: str | None, expected: set[str]) -> None:
    queue = {"retention": "345600", "redrive": {"deadLetterTargetArn": ARN.format("sqs", "failed")}}
    dead = {("sqs:queue", "failed"): {"exists": kept and True, "retention": kept}}
    assert told("sqs:queue", "x1", "failed messages of queue x1 never show up in the dead letter queue", queue, dead) == expected


@pytest.mark.parametrize(
    ("pattern", "lines", "expected"),
    [
        ("ERROR", ["error: a", "error: b", "error: c", "info"], {"logs.metric-filter-pattern-mismatch"}),
        ("ERROR", ["error: a", "ERROR: b", "error: c"], set()),
        ("ERROR", ["info", "info", "info", "error"], set()),
        ("[a, b=5*]", ["error", "error", "error"], set()),
    ],
)
def test_a_pattern_against_what_is_written(pattern: str, lines: list[str], expected: set[str]) -> None:
    metric = {"listed": [{"Dimensions": MINE}], "filters": [{"logGroupName": "/app", "filterPattern": pattern}]}
    group = {"exists": True, "sample": [{"message": line} for line in lines]}
    others = {("cloudwatch:metric", "Fleet#Load"): metric, ("logs:log-group", "/app"): group}
    assert told("cloudwatch:alarm", "a", "alarm a never fires although errors are logged", SILENT, others) == expected
    gone = {**others, ("logs:log-group", "/app"): {"exists": None, "sample": []}}
    assert told("cloudwatch:alarm", "a", "alarm a never fires", SILENT, gone) == {"logs.metric-filter-group-deleted"}


RUN = "0f5ab2a8-4b3e-4d37-9a3b-0b0a4b1c2d3e"
WAS_KILLED = f"RequestId: {RUN} Error: Runtime exited with error: signal: killed\nRuntime.ExitError"
AT_ITS_END = f"REPORT RequestId: {RUN}\tDuration: 9 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory"
NO_MODULE = "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'requests'"
TOO_LONG = f"2026-11-24T09:00:00.000Z {RUN} Task timed out after 5.00 seconds"
FUNCTION = {"memory": 128, "timeout": 5, "handler": "app.handler", "log_group": None, "last_modified": "2026-11-24T08:00:00.000+0000",
            "metrics__duration": [], "environment": None}  # fmt: skip


def written(line: str, at: str = "2026-11-24T09:00:00+00:00") -> list[dict[str, Any]]:
    return [{"timestamp": int(datetime.fromisoformat(at).timestamp() * 1000), "message": line, "logStreamName": "a"}]


@pytest.mark.parametrize(
    ("changes", "errors", "expected"),
    [
        ({}, written(WAS_KILLED), {"lambda.memory-exhausted"}),
        ({}, written(f"INFO a customer wrote: {WAS_KILLED}"), set()),
        ({}, written(WAS_KILLED, "2026-11-24T07:00:00+00:00"), set()),
        ({}, [*written(WAS_KILLED), *written(AT_ITS_END)], {"lambda.memory-exhausted"}),
        ({"memory": 256}, [*written(WAS_KILLED), *written(AT_ITS_END)], set()),
        ({}, written(NO_MODULE), {"lambda.code-not-loadable"}),
        ({"handler": "src/app.handler"}, written(NO_MODULE), set()),
        ({}, written(NO_MODULE.replace("'app'", "'index'")), set()),
        ({}, written(TOO_LONG), {"lambda.times-out"}),
        ({"timeout": 60}, written(TOO_LONG), set()),
        ({}, written("‹redacted:string:40:7f3a0000›"), set()),
        ({}, None, set()),
    ],
)
def test_the_log_of_a_function_is_held_against_its_settings(changes: Mapping[str, Any], errors: Any, expected: set[str]) -> None:
    others = {("logs:log-group", "/aws/lambda/pay"): {"errors": errors}}
    assert told("lambda:function", "pay", "pay fails for every customer", {**FUNCTION, **changes}, others) == expected


REST = {"title": "partners", "stages": [{"stageName": "live"}]}
GUARDED = [{"path": "/quotes", "resourceMethods": {"POST": {"apiKeyRequired": True, "methodIntegration": {"type": "MOCK"}}}}]
PLANS = {("apigateway:usage-plans", f"{ACCOUNT}/{REGION}"): {"plans": [{"apiStages": [{"apiId": "abc", "stage": "live"}]}]}}


@pytest.mark.parametrize(
    ("text", "keys", "found"),
    [
        ("northwind gets 403 from partners", [("northwind", False), ("acme", True)], {"apigateway.key-disabled"}),
        ("everybody gets 403 from partners", [("northwind", False)], {"apigateway.key-disabled"}),
        ("acme gets 403 from partners", [("northwind", False), ("acme", True)], set()),
        ("somebody gets 403 from partners", [("northwind", False), ("acme", True)], set()),
        ("northwind gets 403 from partners", [("northwind", True)], set()),
        ("northwind gets 403 on POST /orders of partners", [("northwind", False)], set()),
    ],
)
def test_a_key_that_is_switched_off(text: str, keys: list[tuple[str, bool]], found: set[str]) -> None:
    listed = {
        ("apigateway:keys", f"{ACCOUNT}/{REGION}/keys"): {"keys": [{"id": f"k{i}", "name": name, "enabled": on} for i, (name, on) in enumerate(keys)]}
    }
    assert told("apigateway:rest-api", "abc", text, {**REST, "resources": GUARDED}, {**PLANS, **listed}) == found


def expiring(**filters: Any) -> list[dict[str, Any]]:
    return [{"ID": "tidy", "Status": "Enabled", "Expiration": {"Days": 3}, "Filter": filters}]


@pytest.mark.parametrize(
    ("text", "rules", "found"),
    [
        ("files vanish from docs", expiring(Prefix=""), {"s3.lifecycle-expires"}),
        ("files in tmp/ vanish from docs", expiring(Prefix="tmp/"), {"s3.lifecycle-expires"}),
        ("our exports vanish from docs", expiring(Prefix="export/"), {"s3.lifecycle-expires"}),
        ("manuals vanish from docs", expiring(Prefix="tmp/"), set()),
        ("files in manuals/ vanish from docs", expiring(Prefix="tmp/"), set()),
        ("files vanish from docs", expiring(Tag={"Key": "a", "Value": "b"}), set()),
    ],
)
def test_a_rule_for_a_folder_that_nobody_spoke_of_proves_nothing(text: str, rules: list[dict[str, Any]], found: set[str]) -> None:
    assert told("s3:bucket", "docs", text, {"lifecycle": rules}) == found


GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/pay:*"


@pytest.mark.parametrize(
    ("text", "days", "found"),
    [
        ("logs of pay from last week are missing", 3, {"logs.retention-too-short"}),
        ("no logs for pay older than a week", 3, {"logs.retention-too-short"}),
        ("no logs for pay older than a week", 365, set()),
        ("old orders of pay are missing", 3, set()),
    ],
)
def test_the_log_group_of_a_function_is_its_own(text: str, days: int, found: set[str]) -> None:
    more = {"log_groups": [GROUP, GROUP.replace("/pay:", "/pay-large:")]}
    groups = {
        ("logs:log-group", name): {"exists": True, "retention_days": kept} for name, kept in (("/aws/lambda/pay", days), ("/aws/lambda/pay-large", 1))
    }
    assert told("lambda:function", "pay", text, {**more, "environment": None}, groups) == found


@pytest.mark.parametrize(
    ("state", "target", "found"), [("DISABLED", "purge", {"scheduler.disabled"}), ("ENABLED", "purge", set()), ("DISABLED", "other", set())]
)
def test_the_schedule_of_a_function_is_judged_with_it(state: str, target: str, found: set[str]) -> None:
    schedule = thing("scheduler:schedule", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/housekeeping")
    shown = {
        "exists": True,
        "state": state,
        "target": thing("lambda:function", target).native_id,
        "expression": "rate(1 day)",
        "end": None,
        "start": None,
        "zone": "UTC",
    }
    listed = fact(inventory_ref("aws", "scheduler:schedule", REGION, ACCOUNT), "complete", [schedule.native_id])
    others = {("scheduler:schedule", schedule.native_id): shown}
    assert told("lambda:function", "purge", "purge has not run for weeks", {"environment": None}, others, [listed]) == found
