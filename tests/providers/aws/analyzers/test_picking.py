"""The one thing that a fix may name, on hand-made facts: of several none, and none while one was not seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from test_settings_judges import ACCOUNT, ME, NOW, REGION, fact, thing, told

from nephoscope.knowledge.tables import inventory_ref
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Problem, ResourceRef
from nephoscope_aws.analyzers.setting.conditions import Judging
from nephoscope_aws.analyzers.setting.copies import _expiring_former
from nephoscope_aws.analyzers.setting.functions import _dead_letters
from nephoscope_aws.analyzers.setting.picking import MOST_ASKED, PICKS
from nephoscope_aws.analyzers.settings import SettingsAnalyzer
from nephoscope_aws.looking.look import Look

Facts = Mapping[str, Any]
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = KEY.replace("1111", "9999")
PLAIN: Facts = {"exists": True, "location": REGION, "encryption": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
KEYED: list[dict[str, Any]] = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}]


def lets(service: str, action: str, resource: str, **condition: Any) -> dict[str, Any]:
    more = {"Condition": condition} if condition else {}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": resource, **more}],
    }


def logs(bucket: str, folder: str = "*", **condition: Any) -> dict[str, Any]:
    return lets("logging.s3.amazonaws.com", "s3:PutObject", f"arn:aws:s3:::{bucket}/{folder}", **condition)


def known(subject: ResourceRef, facts: Facts) -> list[Any]:
    return [fact(subject, name.replace("__", "."), value) for name, value in facts.items()]


def judging(subject: ResourceRef, facts: Facts, others: Mapping[tuple[str, str], Facts], named: tuple[ResourceRef, ...] = ()) -> Judging:
    everything = known(subject, facts)
    for (kind, name), values in others.items():
        everything += known(thing(kind, name), values)
    for kind in {subject.native_type, *(kind for kind, _ in others)} - {"iam:role"}:
        everything.append(fact(inventory_ref("aws", kind, subject.region, ACCOUNT), "complete", [1]))
    entities = tuple(Entity(text=ref.label, matches=(ref,), native_types=(ref.native_type,)) for ref in (subject, *named))
    return Judging(Look(Evidence(Problem(text="x", symptom="suspicion", entities=entities, now=NOW), everything, identities=[ME])), subject)


@pytest.mark.parametrize(
    ("others", "picked"),
    [
        ({"lines": {**PLAIN, "policy": logs("lines")}, "shop": {**PLAIN, "policy": None}}, "lines"),
        ({"lines": {**PLAIN, "policy": logs("lines", StringEquals={"aws:SourceAccount": ACCOUNT})}}, "lines"),
        ({"lines": {**PLAIN, "policy": logs("lines", StringEquals={"aws:SourceAccount": "999999999999"})}}, ""),
        ({"lines": {**PLAIN, "policy": logs("lines", "orders/*")}}, ""),
        ({"lines": {**PLAIN, "policy": logs("lines"), "location": "us-east-2"}}, ""),
        ({"lines": {**PLAIN, "policy": logs("lines"), "encryption": KEYED}}, ""),  # the log service writes under no key
        ({"lines": {**PLAIN, "policy": logs("lines")}, "more": {**PLAIN, "policy": logs("more")}}, ""),
        ({"lines": {**PLAIN, "policy": logs("lines")}, "shop": PLAIN}, ""),  # its policy was not seen
        ({"lines": {"exists": None, "policy": logs("lines")}}, ""),
        ({f"b-{number}": {**PLAIN, "policy": logs("b-0")} for number in range(MOST_ASKED + 1)}, ""),
    ],
)
def test_a_bucket_for_logs(others: Mapping[str, Facts], picked: str) -> None:
    found = judging(thing("s3:bucket", "payslips"), PLAIN, {("s3:bucket", name): facts for name, facts in others.items()})
    assert PICKS["log_bucket"](found).get("log_bucket", "") == picked


ROTATES = lets("secretsmanager.amazonaws.com", "lambda:InvokeFunction", "*")


@pytest.mark.parametrize(
    ("former", "others", "picked"),
    [
        (None, {"rotate": {"exists": True, "policy": ROTATES}, "pay": {"exists": True, "policy": None}}, {"function": "rotate"}),
        (None, {"rotate": {"exists": True, "policy": ROTATES}, "turn": {"exists": True, "policy": ROTATES}}, {}),
        (None, {"rotate": {"exists": True, "policy": lets("s3.amazonaws.com", "lambda:InvokeFunction", "*")}}, {}),
        (None, {"rotate": {"exists": True}}, {}),
        ("old", {"old": {"exists": True, "policy": None}, "rotate": {"exists": True, "policy": ROTATES}}, {"former": "old"}),
        ("old", {"old": {"exists": None}, "rotate": {"exists": True, "policy": ROTATES}}, {"function": "rotate"}),
        ("old", {"rotate": {"exists": True, "policy": ROTATES}}, {"function": "rotate"}),  # the listing does not have it
    ],
)
def test_a_function_that_rotates(former: str | None, others: Mapping[str, Facts], picked: Facts) -> None:
    arn = thing("lambda:function", former).native_id if former else None
    found = judging(
        thing("secretsmanager:secret", "login"), {"rotation_function": arn}, {("lambda:function", name): facts for name, facts in others.items()}
    )
    told_of = PICKS["rotation_function"](found)
    assert {name: value for name, value in told_of.items() if not name.endswith("_arn")} == picked


KEEPS: Facts = {**PLAIN, "versioning": "Enabled"}
NO_ROLE: Facts = {"exists": None}


@pytest.mark.parametrize(
    ("own", "others", "role", "named", "picked"),
    [
        (KEEPS, {"copy": KEEPS}, NO_ROLE, (), "copy"),
        (KEEPS, {"copy": KEEPS, "shop": KEEPS}, NO_ROLE, (), ""),
        (KEEPS, {"copy": KEEPS, "shop": KEEPS}, NO_ROLE, ("copy",), "copy"),
        (KEEPS, {"copy": {**KEEPS, "versioning": None}}, NO_ROLE, (), ""),
        ({**KEEPS, "versioning": "Suspended"}, {"copy": KEEPS}, NO_ROLE, (), ""),
        ({**KEEPS, "encryption": KEYED}, {"copy": KEEPS}, NO_ROLE, (), ""),
        (KEEPS, {"copy": KEEPS}, {"exists": True}, (), ""),  # somebody else's role of that name
        (KEEPS, {"copy": KEEPS}, {}, (), ""),
    ],
)
def test_a_bucket_for_copies(own: Facts, others: Mapping[str, Facts], role: Facts, named: tuple[str, ...], picked: str) -> None:
    beside: dict[tuple[str, str], Facts] = {("s3:bucket", name): facts for name, facts in others.items()}
    beside[("iam:role", "media-replication")] = role
    found = judging(thing("s3:bucket", "media"), own, beside, tuple(thing("s3:bucket", name) for name in named))
    assert PICKS["copy_bucket"](found).get("copy", "") == picked


RULE = {"ID": "all", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""}, "Destination": {"Bucket": "arn:aws:s3:::copy"}}
OFF = {**RULE, "ID": "off", "Status": "Disabled"}


@pytest.mark.parametrize(
    ("rules", "copy", "key"),
    [
        ([RULE], PLAIN, KEY),
        ([RULE], {**PLAIN, "location": "us-east-2"}, ""),  # a key serves its own region
        ([RULE], {**PLAIN, "encryption": json.loads(json.dumps(KEYED).replace("1111", "9999"))}, OTHER_KEY),
        ([RULE], {**PLAIN, "encryption": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}, ""),
        ([RULE], {"exists": True}, ""),
        ([RULE, OFF], PLAIN, KEY),
        ([RULE, {**RULE, "ID": "two"}], PLAIN, ""),
        ([{**RULE, "Destination": {**RULE["Destination"], "Account": "999999999999"}}], PLAIN, ""),  # type: ignore[dict-item]
    ],
)
def test_a_key_for_copies(rules: list[dict[str, Any]], copy: Facts, key: str) -> None:
    held = {"Role": f"arn:aws:iam::{ACCOUNT}:role/service/copier", "Rules": rules}
    own = {**PLAIN, "encryption": KEYED, "replication": held}
    picked = PICKS["copy_key"](judging(thing("s3:bucket", "scans"), own, {("s3:bucket", "copy"): copy}))
    if not key:
        assert not picked
        return
    first, *others = picked["settings"]["Rules"]  # type: ignore[index, call-overload]
    assert others == rules[1:]
    assert first == {
        **RULE,
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": {"Bucket": "arn:aws:s3:::copy", "EncryptionConfiguration": {"ReplicaKmsKeyID": key}},
    }
    assert picked["role"] == "copier"
    assert [one["Resource"] for one in json.loads(str(picked["uses"]))["Statement"]] == [KEY, key]


def waits(*names: str, **more: Any) -> list[dict[str, Any]]:
    record = {"Type": "CNAME", "Value": "_9.acm-validations.aws."}
    return [{"ValidationStatus": "PENDING_VALIDATION", "ResourceRecord": {"Name": f"_1.{name}.", **record, **more}} for name in names]


PUBLIC, PRIVATE = {"exists": True, "private": False}, {"exists": True, "private": True}


@pytest.mark.parametrize(
    ("validation", "zones", "picked"),
    [
        (waits("shop.example.com"), {"example.com.": PUBLIC, "example.net.": PUBLIC}, "example.com"),
        (waits("shop.example.com"), {"example.com.": PUBLIC, "shop.example.com.": PUBLIC}, "shop.example.com"),
        (waits("shop.example.com"), {"example.com.": PUBLIC, "shop.example.com.": PRIVATE}, "example.com"),
        (waits("shop.example.com", "example.net"), {"example.com.": PUBLIC, "example.net.": PUBLIC}, ""),  # two zones
        (waits("shop.badexample.com"), {"example.com.": PUBLIC}, ""),
        (waits("shop.example.com"), {"example.com.": {"exists": True}}, ""),
        (waits("shop.example.com", Value="‹redacted:string:9:abcd›"), {"example.com.": PUBLIC}, ""),
        ([{"ValidationStatus": "PENDING_VALIDATION"}], {"example.com.": PUBLIC}, ""),  # it is proven by mail
        ([], {"example.com.": PUBLIC}, ""),
    ],
)
def test_a_zone_for_the_records_of_a_certificate(validation: list[dict[str, Any]], zones: Mapping[str, Facts], picked: str) -> None:
    certificate = thing("acm:certificate", "11111111-2222-3333-4444-555555555555")
    facts = [*known(certificate, {"validation": validation}), fact(inventory_ref("aws", "route53:hosted-zone", "", ACCOUNT), "complete", [1])]
    for number, (name, values) in enumerate(zones.items()):
        facts += known(thing("route53:hosted-zone", f"Z{number}").model_copy(update={"name": name}), values)
    found = Judging(Look(Evidence(Problem(text="x", symptom="suspicion", now=NOW), facts, identities=[ME])), certificate)
    told_of = PICKS["validation_records"](found)
    assert told_of.get("zone", "") == picked
    if picked:
        assert [one["ResourceRecordSet"]["Name"] for one in told_of["records"]] == ["_1.shop.example.com."]  # type: ignore[index, union-attr, call-overload]


def test_what_a_fix_may_name_is_asked_for_and_the_verdict_does_not_wait() -> None:
    secret = thing("secretsmanager:secret", "login")
    text, facts = "secret login is never rotated", {"exists": True, "rotation": None, "rotation_function": None}
    assert told("secretsmanager:secret", "login", text, facts) == {"secretsmanager.rotation-off"}
    entity = Entity(text="login", matches=(secret,), native_types=("secretsmanager:secret",))
    view = Evidence(Problem(text=text, symptom="nothing_happens", entities=(entity,), now=NOW), known(secret, facts), identities=[ME])
    asking = [one for one in SettingsAnalyzer().analyze(view) if one.needs and not one.on_path]
    assert [need.kind for one in asking for need in one.needs] == ["lambda:function"]
    assert all(one.role == "observation" for one in asking)


MONTH = {"ID": "month", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}


@pytest.mark.parametrize(
    ("rules", "expiring", "put"),
    [
        ([MONTH, {"ID": "cold", "Status": "Enabled"}], [MONTH], True),
        ([{**MONTH, "Filter": {"Prefix": "tmp/"}}], [{**MONTH, "Filter": {"Prefix": "tmp/"}}], False),
        ([MONTH, {**MONTH, "ID": "two"}], [MONTH, {**MONTH, "ID": "two"}], False),
        ([], [], False),
    ],
)
def test_former_versions_expire_as_their_bucket_has_it(rules: list[dict[str, Any]], expiring: list[dict[str, Any]], put: bool) -> None:
    found = _expiring_former(rules, [next(one for one in rules if one == each) for each in expiring])
    assert bool(found) is put
    if put:
        assert found["rules"] == [{**MONTH, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}, rules[1]]


@pytest.mark.parametrize(
    ("name", "key", "settings"),
    [
        ("drafts", None, {"MessageRetentionPeriod": "1209600"}),
        ("drafts.fifo", None, {"MessageRetentionPeriod": "1209600", "FifoQueue": "true"}),
        ("drafts", KEY, {"MessageRetentionPeriod": "1209600", "KmsMasterKeyId": KEY}),
        ("d" * 80, None, None),
    ],
)
def test_a_queue_for_what_fails_is_of_the_same_kind(name: str, key: str | None, settings: Facts | None) -> None:
    made = _dead_letters(judging(thing("sqs:queue", name), {"key": key}, {}))
    assert made.get("dead_settings") == settings
    if settings:
        assert str(made["dead_letters"]) == name.replace("drafts", "drafts-dead-letters")
        assert json.loads(str(made["redrive_policy"]))["deadLetterTargetArn"].endswith(f":{made['dead_letters']}")
