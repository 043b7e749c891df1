"""What the access analyzer makes of facts laid before it by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import ACCOUNT, IDENTITY, NOW, suffices

import nephoscope_aws
from nephoscope.knowledge import reading
from nephoscope.knowledge.playbooks import load_playbooks, tell, values_for
from nephoscope.knowledge.tables import inventory_ref
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Fact, Gap, Problem
from nephoscope_aws.access.identity import Actor
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.things import ref
from nephoscope_aws.analyzers.access import AccessAnalyzer, _callers, _for_actor
from nephoscope_aws.analyzers.setting.environment import named_by
from nephoscope_aws.iam import Principal

ROLE = ref("iam:role", f"arn:aws:iam::{ACCOUNT}:role/app", "app")
BUCKET = ref("s3:bucket", "arn:aws:s3:::orders", "orders", ACCOUNT)
GRANTS = ref("iam:role-policies", f"{ACCOUNT}:role/app", "app", ACCOUNT)
INLINE = ref("iam:role-policy", f"{ACCOUNT}:role/app#own", "own", ACCOUNT)
NODE = ref("organizations:node", ACCOUNT, ACCOUNT, ACCOUNT)
SCP = ref("organizations:policy", "p-1", "p-1", ACCOUNT)


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action="s3:GetObject", resource="arn:aws:s3:::orders/*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def fact(subject, attribute, value):
    grounding = "absent" if value is None else "exact"
    return Fact(
        id=f"{subject.native_id}#{attribute}", subject=subject, attribute=attribute, value=value, grounding=grounding, calls=("s1.c1",),
        pointer="", identity=IDENTITY, observed_at=NOW,
    )  # fmt: skip


HEALTHY = {
    (ROLE, "exists"): True,
    (ROLE, "unique_id"): "AROAAPPAPPAPP1",
    (ROLE, "boundary"): None,
    (GRANTS, "inline"): [INLINE.native_id],
    (GRANTS, "attached"): [],
    (INLINE, "document"): document(allow()),
    (BUCKET, "policy"): None,
    (BUCKET, "encryption"): None,
    (NODE, "organization"): None,
}


def view(changes=(), text="role app gets access denied reading bucket orders", things=(ROLE, BUCKET), without=()):
    values = {key: value for key, value in {**HEALTHY, **dict(changes)}.items() if key not in without}
    entities = tuple(Entity(text=thing.name, role="sick", matches=(thing,)) for thing in things)
    problem = Problem(text=text, symptom="access_denied", entities=entities, now=NOW)
    return Evidence(problem=problem, facts=[fact(*key, value) for key, value in values.items()], identities=[IDENTITY])


def judged(evidence):
    return {finding.cause: finding for finding in AccessAnalyzer().analyze(evidence)}


def found(evidence):
    return {finding.cause for finding in AccessAnalyzer().analyze(evidence) if finding.holds == "yes" and finding.role == "cause"}


def test_healthy():
    findings = judged(view())
    assert {one.holds for one in findings.values() if one.role == "cause"} == {"no"}
    assert {one.holds for one in findings.values() if one.role == "observation"} == {"yes"}


@pytest.mark.parametrize("hidden", [key for key in HEALTHY if key[1] not in ("unique_id",)], ids=lambda key: f"{key[0].native_type}-{key[1]}")
def test_what_is_not_seen_is_asked_for_and_never_called_healthy(hidden):
    findings = judged(view(without=[hidden])).values()
    assert all(one.holds != "yes" for one in findings if one.role == "cause")
    open_ones = [one for one in findings if one.holds == "unknown"]
    assert f"{hidden[0].key}#{hidden[1]}" in {need.key for one in open_ones for need in one.needs}


def test_one_unreadable_policy_leaves_the_allow_of_another_open_to_a_deny():
    other = ref("iam:role-policy", f"{ACCOUNT}:role/app#other", "other", ACCOUNT)
    findings = judged(view({(GRANTS, "inline"): [INLINE.native_id, other.native_id]}))
    assert findings["aws.iam.identity-deny"].holds == "unknown"
    assert findings["aws.iam.identity-allow-missing"].holds == "no"
    assert findings["aws.s3.seen-allowed"].holds == "unknown"


def org(*policies):
    return {(NODE, "organization"): "o-1", (NODE, "manager"): "111111111111", (NODE, "scps"): [SCP.native_id], (NODE, "parents"): [],
            (SCP, "document"): document(*policies)}  # fmt: skip


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([allow("*", "*")], set()),
        ([allow("*", "*"), {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}], {"aws.organizations.scp-denies"}),
        ([allow("ec2:*", "*")], {"aws.organizations.scp-denies"}),
        ([allow("*", "*"), {"Effect": "Deny", "NotAction": ["s3:*", "iam:*"], "Resource": "*"}], set()),
    ],
)
def test_organisation_policies_where_they_are_visible(policies, expected):
    evidence = view(org(*policies))
    assert found(evidence) == expected
    for finding in AccessAnalyzer().analyze(evidence):
        if finding.role == "cause" and finding.holds == "yes":
            assert suffices([AccessAnalyzer()], evidence, finding)


def test_the_organisations_manager_is_bound_by_none():
    deny = org({"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert found(view({**deny, (NODE, "manager"): ACCOUNT})) == set()


def test_two_faults_are_both_told():
    both = {(INLINE, "document"): document(allow("sqs:*", "*")), (BUCKET, "policy"): document({**allow(), "Effect": "Deny", "Principal": "*"})}
    evidence = view(both)
    assert found(evidence) == {"aws.iam.identity-allow-missing", "aws.s3.bucket-policy-denies"}
    assert not any(suffices([AccessAnalyzer()], evidence, one) for one in AccessAnalyzer().analyze(evidence) if one.holds == "yes")


def test_a_part_of_the_bucket_is_not_the_bucket():
    part = {(INLINE, "document"): document(allow(resource="arn:aws:s3:::orders/in/*"))}
    assert judged(view(part))["aws.s3.seen-allowed"].holds == "unknown"
    assert found(view(part, text="role app gets access denied reading s3://orders/in/a.csv in bucket orders")) == set()
    assert found(view(part, text="role app gets access denied reading s3://orders/out/a.csv in bucket orders")) == {"aws.iam.identity-allow-missing"}


def test_the_bare_bucket_where_its_objects_are_meant_is_a_slip():
    finding = judged(view({(INLINE, "document"): document(allow(resource="arn:aws:s3:::orders"))}))["aws.iam.resource-arn-mismatch"]
    assert json.loads(finding.details["params"]["PolicyDocument"])["Statement"][0]["Resource"] == ["arn:aws:s3:::orders", "arn:aws:s3:::orders/*"]


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("role app gets access denied uploading to bucket orders", "s3:PutObject"),
        ("role app is not allowed to list bucket orders", "s3:ListBucket"),
        ("role app cannot delete from bucket orders, forbidden", "s3:DeleteObject"),
        ("AccessDenied in PutObject, role app, bucket orders", "s3:PutObject"),
        ("role app is not authorized to perform s3:PutObjectTagging on bucket orders", "s3:PutObjectTagging"),
    ],
)
def test_verbs_and_operations(text, action):
    words = tuple(word for word in ("PutObject", "s3:PutObjectTagging") if word in text.split() or f"{word}," in text)
    evidence = view(text=text)
    evidence.problem = evidence.problem.model_copy(update={"actions": words})
    assert judged(evidence)["aws.iam.identity-allow-missing"].details["action"] == action


def test_words_that_leave_the_action_open_need_one_way_only():
    assert found(view(text="role app: access denied on bucket orders")) == set()
    nothing = {(INLINE, "document"): document(allow("sqs:*", "*"))}
    assert found(view(nothing, text="role app: access denied on bucket orders")) == {"aws.iam.identity-allow-missing"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("role app gets access denied reading bucket orders from the office", {"aws.s3.bucket-policy-denies"}),
        ("role app gets access denied reading bucket orders through vpce-0a1b2c3d4e", set()),
    ],
)
def test_where_a_request_comes_from(text, expected):
    deny = {**allow(), "Effect": "Deny", "Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d4e"}}}
    assert found(view({(BUCKET, "policy"): document(deny)}, text=text)) == expected


ELSEWHERE = {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d4e"}}}
OWN_UNSEEN = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*", **ELSEWHERE}
UNSEEN = {**OWN_UNSEEN, "Principal": "*"}


def test_unsaid_circumstances_stay_open():
    findings = judged(view({(BUCKET, "policy"): document(UNSEEN)}, text="role app can't read bucket orders"))
    assert findings["aws.s3.bucket-policy-denies"].holds == "unknown"
    assert "aws:SourceVpce" in findings["aws.s3.seen-allowed"].note


ONLY_FROM = allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({(BUCKET, "policy"): document(UNSEEN)}, {"aws.s3.bucket-policy-denies"}),
        ({(INLINE, "document"): document(ONLY_FROM)}, {"aws.iam.condition-unmet"}),
        ({(INLINE, "document"): document(allow(), OWN_UNSEEN)}, {"aws.iam.identity-deny"}),
        ({(BUCKET, "policy"): document(UNSEEN), (INLINE, "document"): document(ONLY_FROM)}, set()),  # either may be it
        ({(BUCKET, "policy"): document(UNSEEN), (INLINE, "document"): document(allow("s3:PutObject"))}, {"aws.iam.identity-allow-missing"}),
    ],
)
def test_of_a_denial_that_was_seen_the_one_statement_left_is_the_likely_cause(changes, expected):
    findings = judged(view(changes))
    held = {name: one for name, one in findings.items() if one.role == "cause" and one.holds == "yes"}
    assert set(held) == expected
    assert all(not one.suppose and "is not seen" in one.note for name, one in held.items() if name != "aws.iam.identity-allow-missing")
    assert findings["aws.s3.seen-allowed"].holds != "yes"


def test_other_symptoms_are_left_to_others():
    evidence = view(text="uploads to bucket orders no longer trigger role app")
    evidence.problem = evidence.problem.model_copy(update={"symptom": "event_not_delivered"})
    assert AccessAnalyzer().analyze(evidence) == []


@pytest.mark.parametrize("poison", ["Deny everything", 7, [], {"Statement": "x"}, {"Statement": [{"Effect": "Allow"}]}])
def test_malformed_documents_decide_nothing(poison):
    findings = judged(view({(INLINE, "document"): poison})).values()
    assert all(one.holds != "yes" for one in findings if one.cause.startswith("aws.iam") and one.role == "cause")
    assert judged(view({(INLINE, "document"): poison}))["aws.s3.seen-allowed"].holds == "unknown"


def test_what_does_not_exist_cannot_be_allowed():
    assert found(view({(BUCKET, "exists"): None})) == {"aws.iam.target-missing"}


USER = ref("iam:user", f"arn:aws:iam::{ACCOUNT}:user/ci", "ci")
OWN = ref("iam:user-policies", f"{ACCOUNT}:user/ci", "ci", ACCOUNT)
DOCUMENT = ref("iam:user-policy", f"{ACCOUNT}:user/ci#own", "own", ACCOUNT)


def user(*statements):
    return {(USER, "exists"): True, (USER, "unique_id"): "AIDACICICICI12", (USER, "boundary"): None, (OWN, "inline"): [DOCUMENT.native_id],
            (OWN, "attached"): [], (OWN, "groups"): [], (OWN, "mfa_devices"): [], (DOCUMENT, "document"): document(*statements)}  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow("iam:PassRole", ROLE.native_id)], set()),
        ([allow("lambda:*", "*")], {"aws.iam.identity-allow-missing"}),
        ([allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/ap")], {"aws.iam.resource-arn-mismatch"}),
    ],
)
def test_passing_a_role_asks_the_user_alone(statements, expected):
    text = f"User: {USER.native_id} is not authorized to perform: iam:PassRole on resource: {ROLE.native_id}"
    assert found(view(user(*statements), text=text, things=(USER, ROLE))) == expected


def test_a_role_that_was_assumed_already_acts():
    nothing = {(INLINE, "document"): document(allow("sqs:*", "*"))}
    text = "role app, assumed by our batch job, gets access denied reading bucket orders"
    assert found(view(nothing, text=text)) == {"aws.iam.identity-allow-missing"}


def test_a_session_names_a_role_whose_path_only_the_listing_tells():
    listed = ref("iam:role", f"arn:aws:iam::{ACCOUNT}:role/team/app", "app")
    moved = {(listed, attribute): value for (subject, attribute), value in HEALTHY.items() if subject is ROLE}
    evidence = view(moved, without=[key for key in HEALTHY if key[0] is ROLE])
    assert found(evidence) == set()
    assert judged(evidence)["aws.s3.seen-allowed"].holds == "yes"


@pytest.mark.parametrize("cause", sorted({one.cause for one in AccessAnalyzer().analyze(view()) if one.role == "cause"}))
def test_every_cause_is_told_without_a_gap_in_its_words(cause):
    cards = load_playbooks([Path(nephoscope_aws.__file__).parent / "playbooks"])
    finding = judged(view())[cause]
    card = cards[cause].card
    for text in (card.title, card.ruled_out, card.impact):
        assert "{" not in tell(text, values_for(finding))


def test_names_the_words_leave_bare_are_looked_for():
    evidence = view(text="app gets access denied reading orders", things=(), without=HEALTHY)
    findings = AccessAnalyzer().analyze(evidence)
    assert {need.key for one in findings for need in one.needs} == {"iam:role#complete", "iam:user#complete"}
    assert judged(view(text="app gets access denied reading orders", things=()))["aws.s3.seen-allowed"].holds == "yes"


def test_a_refused_listing_does_not_stop_everything():
    evidence = view(text="app gets access denied reading bucket orders", things=(BUCKET,), without=[key for key in HEALTHY if key[0] is not BUCKET])
    refused = [
        Gap(what="roles", subject=inventory_ref("aws", name, "", ACCOUNT), attribute="complete", reason="access_denied")
        for name in ("iam:role", "iam:user")
    ]
    findings = {one.cause: one for one in AccessAnalyzer().analyze(Evidence(evidence.problem, evidence.all_facts(), refused, [IDENTITY]))}
    assert findings["aws.s3.bucket-policy-denies"].holds == "no"
    assert findings["aws.s3.seen-allowed"].holds == "unknown"


FOREIGN = ref("iam:role", "arn:aws:iam::999999999999:role/partner", "partner")


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("arn:aws:iam::999999999999:root", set()),
        (FOREIGN.native_id, set()),
        ("arn:aws:iam::999999999999:role/other", {"aws.s3.bucket-policy-lacks-principal"}),
        ("AROAGONEGONEGONE1", {"aws.s3.bucket-policy-names-deleted-principal"}),
    ],
)
def test_an_identity_of_another_account(principal, expected):
    policy = {(BUCKET, "policy"): document(allow(Principal={"AWS": principal}))}
    evidence = view(policy, text="role partner gets access denied reading bucket orders", things=(FOREIGN, BUCKET))
    findings = judged(evidence)
    assert found(evidence) == expected
    assert findings["aws.iam.other-account-allow-missing"].holds == "unknown"


FUNCTION = ref("lambda:function", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:price", "price")
DATABASE = ref("rds:db-instance", f"arn:aws:rds:eu-west-1:{ACCOUNT}:db:db-1", "db-1")
MACHINES = [ref("ec2:instance", f"i-0aaaaaaaaaaaaaaa{n}", f"web-{n}", ACCOUNT, "eu-west-1") for n in (1, 2)]


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("app gets access denied on UpdateFunctionCode for price", "lambda:UpdateFunctionCode"),
        ("app is not allowed to deploy price", "lambda:UpdateFunctionCode"),
        ("app gets access denied on PutFunctionConcurrency of price", "lambda:PutFunctionConcurrency"),
        ("since the last deploy app is denied to invoke price", "lambda:InvokeFunction"),
        ("app gets access denied on price", "lambda:InvokeFunction"),
    ],
)
def test_what_is_asked_of_a_function_is_what_the_words_say(said, action):
    changes = {(INLINE, "document"): document(allow(action, FUNCTION.native_id)), (FUNCTION, "policy"): None}
    actions = reading.first_reading(said, NOW).actions
    evidence = view(changes, said, (ROLE, FUNCTION))
    evidence = Evidence(evidence.problem.model_copy(update={"actions": actions}), evidence.all_facts(), identities=[IDENTITY])
    assert not found(evidence)
    other = view({**changes, (INLINE, "document"): document(allow("lambda:GetFunction", "*"))}, said, (ROLE, FUNCTION))
    other = Evidence(other.problem.model_copy(update={"actions": actions}), other.all_facts(), identities=[IDENTITY])
    assert judged(other)["aws.iam.identity-allow-missing"].details["action"] == action


def test_between_machines_nobody_is_denied_until_somebody_says_so():
    assert not AccessAnalyzer().analyze(view(text="web-1 can't fetch anything from web-2", things=MACHINES))
    assert not AccessAnalyzer().analyze(view(text="db-1 refuses connections from web-1", things=(MACHINES[0], DATABASE)))
    assert AccessAnalyzer().analyze(view(text="web-1 gets AccessDenied from web-2", things=MACHINES))
    assert AccessAnalyzer().analyze(view(text="web-1 can't fetch anything from orders", things=(*MACHINES[:1], BUCKET)))


USER = ref("iam:user", f"arn:aws:iam::{ACCOUNT}:user/uploader", "uploader")
OWN = ref("iam:user-policies", f"{ACCOUNT}:user/uploader", "uploader", ACCOUNT)
WRITES = ref("iam:user-policy", f"{ACCOUNT}:user/uploader#own", "own", ACCOUNT)
ACCESS_KEY = ref("iam:access-key", "AKIA1", "AKIA1", ACCOUNT)


@pytest.mark.parametrize(
    ("said", "status", "inactive"),
    [
        ("uploads by uploader to orders fail with InvalidAccessKeyId", "Inactive", True),
        ("uploader cannot put files into orders any more", "Inactive", True),
        ("uploader gets AccessDenied in the console of orders", "Inactive", False),
        ("uploader cannot put files into orders any more", "Active", False),
    ],
)
def test_a_user_whose_keys_are_all_inactive_can_do_nothing_by_them(said, status, inactive):
    more = {
        (USER, "exists"): True, (USER, "unique_id"): "AIDAX", (USER, "boundary"): None, (OWN, "inline"): [WRITES.native_id], (OWN, "attached"): [],
        (OWN, "groups"): [], (OWN, "access_keys"): ["AKIA1"], (OWN, "mfa_devices"): [], (ACCESS_KEY, "status"): status,
        (WRITES, "document"): document(allow("s3:PutObject")),
    }  # fmt: skip
    assert ("aws.iam.access-key-inactive" in found(view(more, said, (USER, BUCKET)))) is inactive


@pytest.mark.parametrize(("organization", "denied"), [(None, True), ("o-ours", False), ("o-other", True)])
def test_who_is_of_no_organisation_or_of_another_meets_a_condition_on_it(organization, denied):
    only = {**allow("s3:*", "arn:aws:s3:::orders/*"), "Effect": "Deny", "Principal": "*"}
    only["Condition"] = {"StringNotEquals": {"aws:PrincipalOrgID": "o-ours"}}
    facts = {(BUCKET, "policy"): document(only), (NODE, "organization"): organization, (NODE, "manager"): ACCOUNT}
    assert ("aws.s3.bucket-policy-denies" in found(view(facts))) is denied


def test_where_nobody_tells_who_assumes_a_role_it_may_be_the_service_that_it_trusts():
    trusting = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    assert not found(view({(ROLE, "trust"): document(trusting)}, "the role app cannot be assumed", (ROLE,)))


def test_passing_a_role_is_asked_of_whoever_passes_it():
    task = ref("iam:role", f"arn:aws:iam::{ACCOUNT}:role/cart-task", "cart-task")
    said, more = "app fails, it says something about passing cart-task", {(task, "exists"): True}
    assert found(view(more, said, (ROLE, task))) == {"aws.iam.identity-allow-missing"}
    assert not found(view({**more, (INLINE, "document"): document(allow("iam:PassRole", task.native_id))}, said, (ROLE, task)))


def test_whoever_cannot_do_something_to_a_thing_is_asked_about_permissions_whatever_else_the_words_hint_at():
    evidence = view({(INLINE, "document"): document()}, "app can't put messages into orders")
    hinted = evidence.problem.model_copy(update={"symptom": "event_not_delivered", "symptoms": ("access_denied",)})
    facts = list(evidence.all_facts())
    assert AccessAnalyzer().analyze(Evidence(hinted, facts, identities=[IDENTITY]))
    assert AccessAnalyzer().analyze(Evidence(hinted.model_copy(update={"symptoms": ()}), facts, identities=[IDENTITY])), "a role waits for no events"
    lost = hinted.model_copy(update={"symptoms": (), "text": "what app puts into orders never gets to the warehouse"})
    assert not AccessAnalyzer().analyze(Evidence(lost, facts, identities=[IDENTITY]))


WORKER = ref("lambda:function", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:partner-sync", "partner-sync", ACCOUNT)
SECRET = ref("secretsmanager:secret", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:partner/token-a1B2c3", "partner/token", ACCOUNT)
OTHER = ref("secretsmanager:secret", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:other-a1B2c3", "other", ACCOUNT)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("partner-sync gets access denied from secrets manager", {SECRET}),
        ("partner-sync gets access denied reading its secret", {SECRET}),
        ("partner-sync gets access denied from its queue", set()),
        ("partner-sync gets access denied", set()),
    ],
)
def test_what_is_asked_of_a_service_that_alone_is_named_stands_in_the_functions_settings(text, asked):
    changes = {
        (WORKER, "role"): ROLE.native_id, (WORKER, "environment"): {"TOKEN": "partner/token", "LEVEL": "info"},
        (SECRET, "exists"): True, (SECRET, "kms_key"): None, (SECRET, "policy"): None, (OTHER, "exists"): True,
    }  # fmt: skip
    lens = Lens(view(changes, text=text, things=(WORKER,)))
    assert {one.key for one in named_by(lens.view, WORKER, lens)} == {one.key for one in asked}
    assert named_by(lens.view, None, lens) == ()


INVOICES = ref("dynamodb:table", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/invoices", "invoices", ACCOUNT)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("partner-sync gets access denied when it saves an invoice", {INVOICES}),
        ("partner-sync can't read the partner's token", {SECRET}),
        ("partner-sync gets AccessDenied", {INVOICES, SECRET}),
        ("partner-sync gets access denied when it writes the report", set()),
        ("partner-sync can't open the report", set()),
    ],
)
def test_where_nothing_but_a_function_is_named_its_settings_tell_what_it_asks_for(text, asked):
    changes = {
        (WORKER, "environment"): {"TABLE": "invoices", "API_SECRET": "partner/token", "HMAC_SECRET": "s3cr3t", "QUEUE": "gone"},
        (SECRET, "exists"): True, (INVOICES, "exists"): True, (OTHER, "exists"): True,
    }  # fmt: skip
    lens = Lens(view(changes, text=text, things=(WORKER,)))
    assert {one.key for one in named_by(lens.view, WORKER, lens)} == {one.key for one in asked}


PARAMETER = ref("ssm:parameter", f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/mailer/smtp", "mailer/smtp", ACCOUNT)
VAULT = ref("kms:key", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0b5c7a52-27ff-4778-a823-b77bdd55ed79", "0b5c7a52-27ff-4778-a823-b77bdd55ed79", ACCOUNT)
OWNERS = document({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"})


@pytest.mark.parametrize(
    ("statements", "key", "lacking"),
    [
        ([allow("ssm:GetParameters", PARAMETER.native_id)], None, set()),
        ([allow("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/tax/*")], None, {"aws.iam.identity-allow-missing"}),
        ([allow("ssm:PutParameter", "*")], None, {"aws.iam.identity-allow-missing"}),
        ([allow("ssm:*", "*")], VAULT.native_id, {"aws.kms.identity-allow-missing"}),
        ([allow("ssm:*", "*"), allow("kms:Decrypt", VAULT.native_id)], VAULT.native_id, set()),
    ],
)
def test_a_parameter_is_read_by_any_of_several_operations_and_with_its_key(statements, key, lacking):
    changes = {
        (INLINE, "document"): document(*statements), (PARAMETER, "exists"): True, (PARAMETER, "key"): key, (VAULT, "policy"): OWNERS,
        (VAULT, "grants"): [], (VAULT, "state"): "Enabled", (VAULT, "manager"): "CUSTOMER", (VAULT, "exists"): True,
    }  # fmt: skip
    found = AccessAnalyzer().analyze(view(changes, text="app gets access denied on parameter mailer/smtp", things=(ROLE, PARAMETER)))
    assert {one.cause for one in found if one.holds == "yes" and one.role == "cause"} == lacking


def test_a_kind_that_assumes_a_role_is_its_service_and_none_of_its_things():
    other = ref("iam:role", f"arn:aws:iam::{ACCOUNT}:role/other", "other")
    trusting = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    facts = {
        **HEALTHY,
        (ROLE, "trust"): document(trusting),
        (FUNCTION, "role"): other.native_id,
        (other, "exists"): True,
        (other, "unique_id"): "AROAX",
    }
    entities = (Entity(text="app", role="sick", matches=(ROLE,)), Entity(text="lambda", role="sick", matches=(FUNCTION,), named=False))
    problem = Problem(text="the role app can't be assumed by lambda", symptom="access_denied", entities=entities, now=NOW)
    listed = [fact(inventory_ref("aws", one, "", ACCOUNT), "complete", True) for one in ("iam:role", "iam:user")]
    evidence = Evidence(problem=problem, facts=[*(fact(*key, value) for key, value in facts.items()), *listed], identities=[IDENTITY])
    assert not found(evidence)
    assert judged(evidence)["aws.iam.seen-trusted"].holds == "yes"


def test_what_a_role_was_given_is_what_it_asks_for_where_nothing_is_named() -> None:
    """A fault there is one; that all is well there shows nothing, for another thing may be meant."""
    key = ref("kms:key", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k-1", "k-1", ACCOUNT)
    locked = {
        (BUCKET, "encryption"): [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.native_id}}],
        (inventory_ref("aws", "s3:bucket", "", ACCOUNT), "complete"): [BUCKET.native_id],
        (key, "exists"): True, (key, "state"): "Enabled", (key, "manager"): "CUSTOMER", (key, "grants"): [],
        (key, "policy"): document({**allow("kms:*", "*"), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}),
    }  # fmt: skip
    words = "role app: AccessDenied on GetObject"

    def asked(*statements):
        changed = {**locked, (INLINE, "document"): document(*statements)}
        evidence = view(changed, text=words, things=(ROLE,))
        return evidence.__class__(
            problem=evidence.problem.model_copy(update={"actions": ("GetObject", "s3:GetObject")}), facts=evidence.all_facts(), identities=[IDENTITY]
        )

    assert found(asked(allow())) == {"aws.kms.identity-allow-missing"}
    assert found(asked(allow(), allow("kms:Decrypt", "*"))) == set()
    assert judged(asked(allow(), allow("kms:Decrypt", "*")))["aws.iam.seen-allowed"].holds == "unknown"
    assert found(asked(allow(), allow(resource="arn:aws:s3:::archive/*"))) == set()
    assert found(asked(allow(resource="*"))) == set()


FUNCTION = ref("lambda:function", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:charge", "charge", ACCOUNT, "eu-west-1")
FLOW = ref("stepfunctions:state-machine", f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:orders", "orders", ACCOUNT, "eu-west-1")


@pytest.mark.parametrize(
    ("named", "starts"),
    [
        (f"{FUNCTION.native_id}:live", False),
        (FUNCTION.native_id, False),
        ("charge", False),
        (f"{FUNCTION.native_id}-card", True),
        ("charge-card", True),
    ],
)
def test_a_workflow_that_calls_a_function_is_not_started_by_it(named: str, starts: bool) -> None:
    step = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": named}}
    defined, things = {(FLOW, "definition"): {"States": {"Charge": step}}}, (FLOW, FUNCTION)
    actor = Actor(Principal(arn=ROLE.native_id, account=ACCOUNT), role=ROLE, workload=FUNCTION, service="lambda.amazonaws.com")
    assert _callers(view(defined, things=things), actor) == (set() if starts else {FLOW.key})
    assert _callers(view(things=things), actor) is None
    assert bool([one for one in _for_actor(view(defined, things=things), actor) if one.cause == "aws.stepfunctions.seen-allowed"]) is starts
    assert [need.attribute for one in _for_actor(view(things=things), actor) for need in one.needs] == ["definition"]
