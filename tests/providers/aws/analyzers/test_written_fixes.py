"""Commands that are written from what was read: there where every value is known and only one could be meant, else not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from harness import ACCOUNT, IDENTITY, NOW, REGION, known_facts

from nephoscope.knowledge.tables import inventory_ref
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Problem, ResourceRef
from nephoscope_aws.analyzers.setting.alarms import topic_unheard
from nephoscope_aws.analyzers.setting.buses import rule_on_other_bus
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging
from nephoscope_aws.analyzers.setting.filters import _as_term
from nephoscope_aws.analyzers.setting.interfaces import api_audience_unknown, api_pool_deleted
from nephoscope_aws.analyzers.setting.platforms import api_key_useless
from nephoscope_aws.analyzers.setting.watchers import recorder_leaves_out, trail_lacks_data_events, trail_leaves_out
from nephoscope_aws.looking.look import Look
from nephoscope_aws.looking.referring import estate

HIDDEN = "‹redacted:string:9:abcd›"


def thing(native_type: str, name: str) -> ResourceRef:
    ref = estate().named(native_type, name, IDENTITY, REGION)
    assert ref is not None
    return ref


Facts = Mapping[tuple[ResourceRef, str], Any]


def judged(judge: Judge, subject: ResourceRef, facts: Facts, text: str = "", about: tuple[ResourceRef, ...] = ()) -> tuple[Any, dict[str, Any]]:
    """What a judge says, and the values that it gives to the fix."""
    entities = [Entity(text=one.label, matches=(one,), native_types=(one.native_type,)) for one in about]
    problem = Problem(text=text, symptom="missing", entities=tuple(entities), now=NOW)
    judging = Judging(Look(Evidence(problem, known_facts(facts), identities=[IDENTITY])), subject)
    return judge(judging), judging.details


def complete(native_type: str) -> tuple[ResourceRef, str]:
    return inventory_ref("aws", native_type, REGION, ACCOUNT), "complete"


TRAIL, SCANS = thing("cloudtrail:trail", "company"), thing("s3:bucket", "scans")
OTHERS = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::other/"]}
OWN = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::scans/"]}
WRITES = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}


@pytest.mark.parametrize(
    ("plain", "chosen"),
    [
        ([], [{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [OWN]}]),
        (
            [{"ReadWriteType": "All", "IncludeManagementEvents": False, "DataResources": [OTHERS]}],
            [{"ReadWriteType": "All", "IncludeManagementEvents": False, "DataResources": [OTHERS, OWN]}],
        ),
        ([WRITES], [WRITES, {"ReadWriteType": "All", "IncludeManagementEvents": False, "DataResources": [OWN]}]),
        ([WRITES] * 5, None),  # a trail has no more
        ([{**WRITES, "ExcludeManagementEventSources": [HIDDEN]}], None),
    ],
)
def test_a_trail_takes_down_one_thing_more(plain: list[Any], chosen: list[Any] | None) -> None:
    facts = {(TRAIL, "selectors"): plain, (TRAIL, "selectors.advanced"): []}
    found, details = judged(trail_lacks_data_events, TRAIL, facts, about=(SCANS,))
    assert found is True
    assert details.get("selecting") == (chosen and {"TrailName": TRAIL.native_id, "EventSelectors": chosen})


def test_fine_selectors_stay_and_nothing_is_chosen_where_nothing_is_named() -> None:
    former = {"Name": "m", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}
    facts = {(TRAIL, "selectors"): [], (TRAIL, "selectors.advanced"): [former]}
    selectors = judged(trail_lacks_data_events, TRAIL, facts, about=(SCANS,))[1]["selecting"]["AdvancedEventSelectors"]
    assert selectors[0] == former
    assert {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::scans/"]} in selectors[1]["FieldSelectors"]
    assert "selecting" not in judged(trail_lacks_data_events, TRAIL, facts)[1]


@pytest.mark.parametrize(
    ("selector", "text", "whole"),
    [
        (WRITES, "who listed our roles", [{"ReadWriteType": "All", "IncludeManagementEvents": True}]),
        (
            {**WRITES, "ExcludeManagementEventSources": ["kms.amazonaws.com"]},  # nobody misses those
            "reads are missing",
            [{"ReadWriteType": "All", "IncludeManagementEvents": True, "ExcludeManagementEventSources": ["kms.amazonaws.com"]}],
        ),
        (
            {"ReadWriteType": "All", "IncludeManagementEvents": True, "ExcludeManagementEventSources": ["kms.amazonaws.com"]},
            "who used decrypt",
            [{"ReadWriteType": "All", "IncludeManagementEvents": True}],
        ),
        (
            {**WRITES, "DataResources": [OTHERS]},  # reads of objects are not taken down with it
            "reads are missing",
            [{"ReadWriteType": "All", "IncludeManagementEvents": True}, {**WRITES, "IncludeManagementEvents": False, "DataResources": [OTHERS]}],
        ),
        ({**WRITES, "DataResources": [HIDDEN]}, "reads are missing", None),
    ],
)
def test_a_selector_takes_down_what_is_missed_and_nothing_more(selector: dict[str, Any], text: str, whole: list[Any] | None) -> None:
    found, details = judged(trail_leaves_out, TRAIL, {(TRAIL, "selectors"): [selector]}, text)
    assert found is True
    assert details.get("whole") == whole


RECORDER, WORKER = thing("config:recorder", "default"), thing("lambda:function", "worker")
KIND = "AWS::Lambda::Function"


@pytest.mark.parametrize(
    ("group", "followed"),
    [
        ({"allSupported": False, "resourceTypes": ["AWS::S3::Bucket"]}, {"allSupported": False, "resourceTypes": ["AWS::S3::Bucket", KIND]}),
        (
            {"allSupported": False, "resourceTypes": [], "exclusionByResourceTypes": {"resourceTypes": [KIND, "AWS::EC2::VPC"]}},
            {"allSupported": False, "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::VPC"]}},
        ),
        ({"allSupported": False, "exclusionByResourceTypes": {"resourceTypes": [KIND]}}, None),  # what is told without an exclusion is a choice
        ({"allSupported": False, "resourceTypes": ["AWS::S3::Bucket", HIDDEN]}, None),
    ],
)
def test_a_recorder_follows_one_kind_more(group: dict[str, Any], followed: dict[str, Any] | None) -> None:
    settings = {"name": "default", "roleARN": "arn:r", "arn": "arn:own", "recordingGroup": group}
    names = {"all_types": "allSupported", "types": "resourceTypes", "global_types": "includeGlobalResourceTypes"}
    facts: dict[tuple[ResourceRef, str], Any] = {(RECORDER, name): group.get(path) for name, path in names.items()}
    facts |= {(RECORDER, "types.excluded"): group.get("exclusionByResourceTypes", {}).get("resourceTypes"), (RECORDER, "settings"): settings}
    found, details = judged(recorder_leaves_out, RECORDER, facts, about=(WORKER,))
    assert found is True
    assert details.get("recorder") == (followed and {"name": "default", "roleARN": "arn:r", "recordingGroup": followed})


@pytest.mark.parametrize(
    ("pattern", "lines", "value", "fitting"),
    [
        ('{ $.level = "ERROR" }', ["10:00 ERROR a", "10:01 INFO b"], "1", "ERROR"),
        ("{ $.level = ERROR }", ["10:00 ERROR a"], "1", "ERROR"),
        ('{ $.level = "ERROR" }', ["10:00 INFO b"], "1", None),  # no line holds it
        ('{ ($.level = "ERROR") && ($.code = 5) }', ["10:00 ERROR 5"], "1", None),
        ('{ $.level != "ERROR" }', ["10:00 ERROR a"], "1", None),
        ('{ $.level = "ERROR" }', ["10:00 ERROR a"], "$.bytes", None),  # what is counted is a field
    ],
)
def test_a_field_that_equals_a_word_becomes_a_term(pattern: str, lines: list[str], value: str, fitting: str | None) -> None:
    written = {"logGroupName": "g", "filterName": "f", "filterPattern": pattern, "metricTransformations": [{"metricValue": value}]}
    put = _as_term(written, pattern, lines)
    assert put.get("filter") == (fitting and {**written, "filterPattern": fitting})


API, GONE, NOW_USED = (
    thing("apigateway:rest-api", "abc"),
    thing("cognito-idp:user-pool", "eu-west-1_Gone"),
    thing("cognito-idp:user-pool", "eu-west-1_New"),
)
POOL = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/"
STAGES = [{"stageName": "prod"}]


@pytest.mark.parametrize(
    ("pools", "stages", "arn", "fresh"),
    [
        (["eu-west-1_New"], STAGES, f"{POOL}eu-west-1_Gone", f"{POOL}eu-west-1_New"),
        (["eu-west-1_New", "eu-west-1_Newer"], STAGES, f"{POOL}eu-west-1_Gone", None),
        ([], STAGES, f"{POOL}eu-west-1_Gone", None),
        (["eu-west-1_New"], [*STAGES, {"stageName": "test"}], f"{POOL}eu-west-1_Gone", None),
        (["eu-west-1_New"], STAGES, f"arn:aws:cognito-idp:{REGION}:999999999999:userpool/eu-west-1_Gone", None),  # somebody else's
    ],
)
def test_the_only_pool_there_is_stands_in(pools: list[str], stages: list[Any], arn: str, fresh: str | None) -> None:
    facts: dict[tuple[ResourceRef, str], Any] = {(thing("cognito-idp:user-pool", one), "exists"): True for one in pools}
    facts |= {(API, "authorizers"): [{"id": "a1", "name": "customers", "providerARNs": [arn]}], (API, "stages"): stages, (GONE, "exists"): None}
    found, details = judged(api_pool_deleted, API, {**facts, complete("cognito-idp:user-pool"): True})
    assert found is True
    assert details.get("new_pool") == fresh
    assert judged(api_pool_deleted, API, facts)[0] is None  # it waits for the list


@pytest.mark.parametrize(("clients", "wanted"), [(["web"], ["id-web"]), (["web", "mobile"], None), ([], None)])
def test_the_only_client_of_a_pool_is_wanted(clients: list[str], wanted: list[str] | None) -> None:
    api = thing("apigatewayv2:api", "def")
    settings = {"Audience": ["id-old"], "Issuer": f"https://cognito-idp.{REGION}.amazonaws.com/eu-west-1_New"}
    facts = {
        (api, "authorizers"): [{"AuthorizerId": "a1", "Name": "customers", "JwtConfiguration": settings}],
        (NOW_USED, "exists"): True,
        (NOW_USED, "clients"): [{"ClientId": f"id-{one}", "ClientName": one} for one in clients],
    }
    found, details = judged(api_audience_unknown, api, facts)
    assert found is True
    assert details.get("tokens") == (wanted and {**settings, "Audience": wanted})


@pytest.mark.parametrize(
    ("stages", "keys", "told"),
    [
        (STAGES, [], {"new_key": "orders-callers", "stage": "prod"}),
        (STAGES, [{"id": "k1", "name": "acme", "enabled": True}], {"only_key": "acme", "only_key_id": "k1", "stage": "prod"}),
        (STAGES, [{"id": "k1", "name": "acme", "enabled": False}], {"stage": "prod"}),
        (STAGES, [{"id": "k1", "enabled": True}, {"id": "k2", "enabled": True}], {}),  # whose it is, nobody knows
        ([*STAGES, {"stageName": "test"}], [], {}),
    ],
)
def test_a_plan_holds_the_only_stage_and_key(stages: list[Any], keys: list[Any], told: dict[str, str]) -> None:
    method = {"apiKeyRequired": True, "methodIntegration": {"type": "MOCK"}}
    facts = {
        (API, "resources"): [{"path": "/", "resourceMethods": {"POST": method}}],
        (API, "title"): "orders",
        (API, "stages"): stages,
        (thing("apigateway:usage-plans", f"{ACCOUNT}/{REGION}"), "plans"): [],
        (thing("apigateway:keys", f"{ACCOUNT}/{REGION}/keys"), "keys"): keys,
    }
    found, details = judged(api_key_useless, API, facts, "partners get 403")
    assert found is True
    assert {name: details[name] for name in ("stage", "new_key", "only_key", "only_key_id") if name in details} == told


TOPIC = thing("sns:topic", "on-call-new")


@pytest.mark.parametrize(
    ("ends", "endpoint"),
    [
        ({"on-call": [("email", "ops@example.com")]}, "ops@example.com"),
        ({"on-call": [("email", "ops@example.com")], "pages": [("email", "ops@example.com")]}, "ops@example.com"),
        ({"on-call": [("email", "ops@example.com")], "pages": [("sms", "+100")]}, None),
        ({"on-call": [("lambda", "arn:aws:lambda:f")]}, None),  # it would have to let the topic in
        ({"on-call": [("email", HIDDEN)]}, None),
        ({}, None),
    ],
)
def test_who_is_told_of_other_alarms_is_subscribed(ends: dict[str, list[tuple[str, str]]], endpoint: str | None) -> None:
    facts: dict[tuple[ResourceRef, str], Any] = {(TOPIC, "subscriptions.listed"): []}
    for name, listed in ends.items():
        facts[thing("cloudwatch:alarm", f"of-{name}"), "actions.alarm"] = [thing("sns:topic", name).native_id]
        facts[thing("sns:topic", name), "subscriptions.listed"] = [{"Protocol": how, "Endpoint": end} for how, end in listed]
    found, details = judged(topic_unheard, TOPIC, facts)
    assert found is True
    assert details.get("endpoint") == endpoint
    assert judged(topic_unheard, TOPIC, {(TOPIC, "subscriptions.listed"): [{"Protocol": "sqs"}]})[0] is False


RULE, QUEUE = thing("events:rule", "score"), thing("sqs:queue", "scoring")
TARGET = RULE.model_copy(update={"native_type": "events:target", "kind": "messaging.rule-target", "native_id": f"{RULE.native_id}#q", "name": "q"})


def _letting(**condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": QUEUE.native_id}
    return {"Version": "2012-10-17", "Statement": [{**statement, **condition}]}


@pytest.mark.parametrize(
    ("policy", "there", "found", "moved"),
    [
        (_letting(), None, True, True),
        (_letting(Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/shop/score"}}), None, True, False),
        (None, None, True, False),
        (_letting(), {"pattern": {"source": ["aws.ec2"]}, "state": "ENABLED", "targets": ["t"]}, False, False),  # it is made already
        (_letting(), {"pattern": {"source": ["aws.s3"]}, "state": "ENABLED", "targets": ["t"]}, True, False),  # another one is called so
    ],
)
def test_a_rule_is_made_on_the_other_bus_where_its_targets_let_it_in(policy: Any, there: dict[str, Any] | None, found: bool, moved: bool) -> None:
    own = RULE.model_copy(update={"native_id": RULE.native_id.replace("rule/", "rule/shop/")})
    fresh = RULE
    facts: dict[tuple[ResourceRef, str], Any] = {(own, name): value for name, value in {
        "pattern": {"source": ["aws.ec2"]}, "bus": "shop", "metrics.triggered_there": [], "targets": [TARGET.native_id], "state": "ENABLED",
    }.items()}  # fmt: skip
    facts |= {(TARGET, "settings"): {"Id": "q", "Arn": QUEUE.native_id, "Input": "{}"}, (QUEUE, "policy"): policy}
    facts |= {(fresh, "exists"): True if there else None, **{(fresh, name): value for name, value in (there or {}).items()}}
    said, details = judged(rule_on_other_bus, own, facts)
    assert said is found
    assert details.get("new_rule") == ({"Name": "score", "EventPattern": {"source": ["aws.ec2"]}, "State": "ENABLED"} if moved else None)
    assert ("new_targets" in details) is moved
