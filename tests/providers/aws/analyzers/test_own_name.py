"""Services in their own name: a trail's files, a bucket's access logs, what a distribution may read. Facts laid before it by hand."""

from __future__ import annotations

import pytest
from harness import ACCOUNT, IDENTITY
from test_access import NOW, document, fact

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Problem
from nephoscope_aws.access.things import ref
from nephoscope_aws.analyzers.own_name import OwnNameAnalyzer

TRAIL = ref("cloudtrail:trail", f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/audit", "audit")
FILES = ref("s3:bucket", "arn:aws:s3:::audit-files", "audit-files", ACCOUNT)
KEY = ref("kms:key", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k-1", "k-1")
SITE = ref("s3:bucket", "arn:aws:s3:::site", "site", ACCOUNT)
CDN = ref("cloudfront:distribution", f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1", "E1", ACCOUNT)
OAI = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity EABC"


def lets(service, action, resource, **more):
    who = {"AWS": service} if service.startswith("arn:") or service == "*" else {"Service": service}
    return {"Effect": "Allow", "Principal": who, "Action": action, "Resource": resource, **more}


CHECK = lets("cloudtrail.amazonaws.com", "s3:GetBucketAcl", FILES.native_id)
OWNED = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": TRAIL.native_id}}
WRITE = lets("cloudtrail.amazonaws.com", "s3:PutObject", f"{FILES.native_id}/AWSLogs/{ACCOUNT}/*", Condition=OWNED)
OF_TRAIL = {
    (TRAIL, "bucket"): FILES.name, (TRAIL, "prefix"): None, (TRAIL, "topic"): None, (TRAIL, "key"): None, (TRAIL, "logging"): True,
    (TRAIL, "delivery_error"): None, (TRAIL, "delivered"): NOW, (FILES, "policy"): document(CHECK, WRITE),
}  # fmt: skip
OF_BUCKET = {
    (SITE, "logging.bucket"): FILES.name, (SITE, "logging.prefix"): "site/", (FILES, "ownership"): [{"ObjectOwnership": "BucketOwnerEnforced"}],
    (FILES, "policy"): document(lets("logging.s3.amazonaws.com", "s3:PutObject", f"{FILES.native_id}/*")), (FILES, "acl"): [],
}  # fmt: skip
CONTROL = {"DomainName": "site.s3.eu-west-1.amazonaws.com", "OriginAccessControlId": "E2", "S3OriginConfig": {"OriginAccessIdentity": ""}}
IDENTIFIED = {"DomainName": "site.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": "origin-access-identity/cloudfront/EABC"}}
ELSEWHERE = {"DomainName": "app.example.org"}


def judged(facts, thing, text="it delivers nothing", symptom="suspicion"):
    problem = Problem(text=text, symptom=symptom, entities=(Entity(text=thing.name, role="sick", matches=(thing,)),), now=NOW)
    view = Evidence(problem=problem, facts=[fact(*key, value) for key, value in facts.items()], identities=[IDENTITY])
    found = OwnNameAnalyzer().analyze(view)
    causes = {one.cause for one in found if one.role == "cause" and one.holds == "yes"}
    return causes, {one.holds for one in found if one.role == "observation"}


LACKS, UNMET = {"aws.s3.bucket-policy-lacks-principal"}, {"aws.s3.bucket-policy-condition-unmet"}


@pytest.mark.parametrize(
    ("changes", "causes", "seen"),
    [
        ({}, set(), {"yes"}),
        ({(FILES, "policy"): document(CHECK)}, LACKS, {"no"}),
        ({(FILES, "policy"): document(WRITE)}, LACKS, {"no"}),
        ({(FILES, "policy"): document(CHECK, lets("config.amazonaws.com", "s3:PutObject", f"{FILES.native_id}/*"))}, LACKS, {"no"}),
        ({(TRAIL, "prefix"): "logs"}, LACKS, {"no"}),
        (
            {(FILES, "policy"): document(CHECK, {**WRITE, "Condition": {"StringEquals": {"aws:SourceArn": f"{TRAIL.native_id}-old"}}})},
            UNMET, {"no"},
        ),
        (
            {(FILES, "policy"): document(CHECK, WRITE, {**WRITE, "Effect": "Deny", "Principal": "*", "Condition": {}})},
            {"aws.s3.bucket-policy-denies"}, {"no"},
        ),
        ({(FILES, "policy"): None}, set(), {"unknown"}),
        ({(FILES, "policy"): None, (TRAIL, "delivery_error"): "AccessDenied"}, LACKS, {"no"}),
        ({(FILES, "policy"): None, (TRAIL, "logging"): False}, set(), {"unknown"}),
        ({(FILES, "exists"): None, (FILES, "policy"): None}, set(), set()),
    ],
)  # fmt: skip
def test_a_trail_is_let_write_or_not(changes, causes, seen):
    assert judged({**OF_TRAIL, **changes}, TRAIL) == (causes, seen)


def test_a_trails_key_lets_it_encrypt():
    context = {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}}
    opened = document(lets("cloudtrail.amazonaws.com", "kms:GenerateDataKey*", "*", Condition=context))
    shut = document(lets(f"arn:aws:iam::{ACCOUNT}:root", "kms:*", "*"))
    of_key = {**OF_TRAIL, (TRAIL, "key"): KEY.native_id, (KEY, "grants"): []}
    assert judged({**of_key, (KEY, "policy"): opened}, TRAIL) == (set(), {"yes"})
    assert judged({**of_key, (KEY, "policy"): shut}, TRAIL) == ({"aws.kms.key-policy-lacks-principal"}, {"yes", "no"})


@pytest.mark.parametrize("hidden", [(TRAIL, "bucket"), (TRAIL, "key"), (FILES, "policy")], ids=lambda key: key[1])
def test_what_is_not_seen_of_a_trail_is_never_called_healthy(hidden):
    causes, seen = judged({key: value for key, value in OF_TRAIL.items() if key != hidden}, TRAIL)
    assert not causes
    assert "unknown" in seen


def test_access_logs_are_let_in_by_policy_or_by_list():
    words = {"text": "no access logs of site", "symptom": "missing"}
    listed = [{"Grantee": {"URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": "WRITE"}]
    bare = {**OF_BUCKET, (FILES, "policy"): None}
    assert judged(OF_BUCKET, SITE, **words) == (set(), set()), "let in, but nobody saw a line"
    assert judged(bare, SITE, **words) == (LACKS, {"no"})
    assert judged({**bare, (FILES, "ownership"): None, (FILES, "acl"): listed}, SITE, **words) == (set(), {"unknown"})
    assert judged({**bare, (FILES, "acl"): listed}, SITE, **words)[0] == LACKS, "the list does not count"
    assert judged(bare, SITE, text="site is slow", symptom="slow") == (set(), set())


@pytest.mark.parametrize(
    ("origin", "statement", "causes"),
    [
        (CONTROL, lets("cloudfront.amazonaws.com", "s3:GetObject", f"{SITE.native_id}/*"), set()),
        (CONTROL, lets(OAI, "s3:GetObject", f"{SITE.native_id}/*"), LACKS),
        (
            CONTROL,
            lets(
                "cloudfront.amazonaws.com", "s3:GetObject", f"{SITE.native_id}/*", Condition={"StringEquals": {"aws:SourceArn": f"{CDN.native_id}2"}}
            ),
            UNMET,
        ),
        (IDENTIFIED, lets(OAI, "s3:GetObject", f"{SITE.native_id}/*"), set()),
        (IDENTIFIED, lets(f"{OAI}X", "s3:GetObject", f"{SITE.native_id}/*"), LACKS),
        (IDENTIFIED, {**lets("*", "s3:GetObject", f"{SITE.native_id}/*"), "Principal": {"CanonicalUser": "0a1b"}}, set()),
        (ELSEWHERE, lets("logs.amazonaws.com", "s3:GetObject", f"{SITE.native_id}/*"), set()),
    ],
)
def test_a_distribution_reads_its_bucket_or_not(origin, statement, causes):
    facts = {(CDN, "origins"): [origin], (SITE, "policy"): document(statement)}
    assert judged(facts, CDN, text="E1 answers 403", symptom="access_denied")[0] == causes


def test_no_files_for_the_auditors_is_a_matter_of_the_trail_too():
    shut = {**OF_TRAIL, (FILES, "policy"): document(CHECK)}
    assert judged(shut, TRAIL, text="audit: no audit files since the audit", symptom="exposed") == (LACKS, {"no"})
