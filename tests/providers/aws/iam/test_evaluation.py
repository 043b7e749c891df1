"""The order of the layers, each rule with its counter-example."""

from __future__ import annotations

import pytest

from nephoscope_aws.iam import Context, Policy, PolicySet, Principal, Request, allows_service, evaluate

ACCOUNT, OTHER = "123456789012", "999999999999"
ROLE = Principal(f"arn:aws:iam::{ACCOUNT}:role/app", ACCOUNT, unique_id="AROAAPPAPPAPP1")
USER = Principal(f"arn:aws:iam::{ACCOUNT}:user/ann", ACCOUNT)
OBJECT = "arn:aws:s3:::orders/a.csv"


def statement(effect="Allow", action="s3:GetObject", resource="arn:aws:s3:::orders/*", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policies(*statements, name="p", version="2012-10-17"):
    return (Policy(name, {"Version": version, "Statement": list(statements)}),)


def ask(who=ROLE, action="s3:GetObject", on=OBJECT, owner=ACCOUNT, context=None, **layers):
    layers.setdefault("resource", ())
    layers.setdefault("identity", ())
    return evaluate(Request(who, action, on, owner, context or Context()), PolicySet(**layers))


ALLOW = policies(statement())
DENY = policies(statement("Deny", Sid="stop"), name="guard")


def test_identity_allow_and_its_absence():
    assert ask(identity=ALLOW).decision == "allow"
    denied = ask()
    assert (denied.decision, denied.lacking) == ("implicit_deny", ("identity",))


@pytest.mark.parametrize("layer", ["identity", "boundary", "session"])
def test_explicit_deny_in_any_layer_names_the_statement(layer):
    outcome = ask(**{"identity": ALLOW, "boundary": ALLOW, "session": ALLOW} | {layer: ALLOW + DENY})
    assert (outcome.decision, outcome.layer, outcome.policy, outcome.statement) == ("explicit_deny", layer, "guard", "“stop”")


def test_deny_in_scp_and_resource_policy():
    assert ask(identity=ALLOW, scps=(ALLOW, DENY)).layer == "scp"
    assert ask(identity=ALLOW, resource=policies(statement("Deny", Principal="*"))).layer == "resource"


def test_every_scp_level_must_allow():
    assert ask(identity=ALLOW, scps=(ALLOW, ALLOW)).allowed is True
    assert ask(identity=ALLOW, scps=(ALLOW, policies(statement(action="ec2:*", resource="*")))).lacking == ("scp",)


def test_boundary_limits_but_does_not_grant():
    assert ask(boundary=ALLOW).lacking == ("identity",)
    assert ask(identity=ALLOW, boundary=policies(statement(action="sqs:*", resource="*"))).lacking == ("boundary",)


def test_resource_policy_in_the_same_account_is_enough():
    grant = policies(statement(Principal={"AWS": ROLE.arn}))
    assert ask(resource=grant).allowed is True
    assert ask(resource=policies(statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}))).allowed is False


def test_boundary_limits_a_role_named_by_a_resource_but_not_a_user():
    narrow = policies(statement(action="sqs:*", resource="*"))
    assert ask(resource=policies(statement(Principal={"AWS": ROLE.arn})), boundary=narrow).lacking == ("boundary",)
    assert ask(who=USER, resource=policies(statement(Principal={"AWS": USER.arn})), boundary=narrow).allowed is True


def test_cross_account_needs_both_sides():
    grant = policies(statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    assert ask(identity=ALLOW, owner=OTHER).lacking == ("resource",)
    assert ask(resource=grant, owner=OTHER).lacking == ("identity",)
    assert ask(identity=ALLOW, resource=grant, owner=OTHER).allowed is True


def test_key_policy_decides_whether_identity_policies_count():
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
    uses = policies(statement(action="kms:Decrypt", resource=key))
    root = policies(statement(action="kms:*", resource="*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    other = policies(statement(action="kms:*", resource="*", Principal={"AWS": USER.arn}))
    direct = policies(statement(action="kms:Decrypt", resource="*", Principal={"AWS": ROLE.arn}))
    question = {"action": "kms:Decrypt", "on": key, "resource_required": True}
    assert ask(**question, identity=uses, resource=root).allowed is True
    assert ask(**question, identity=(), resource=root).lacking == ("identity",)
    assert ask(**question, identity=uses, resource=other).lacking == ("resource",)
    assert ask(**question, identity=(), resource=direct).allowed is True


def test_trust_of_a_deleted_principal():
    trust = policies({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "AROAOLDOLDOLD1"}})
    target = f"arn:aws:iam::{ACCOUNT}:role/target"
    assert ask(action="sts:AssumeRole", on=target, resource=trust, resource_required=True).lacking == ("resource",)
    again = Principal(ROLE.arn, ACCOUNT, unique_id="AROAOLDOLDOLD1")
    assert ask(who=again, action="sts:AssumeRole", on=target, resource=trust, resource_required=True).allowed is True


def test_unknown_layers_make_an_allow_unknown_but_not_a_denial_known_already():
    assert ask(identity=ALLOW, scps=None).decision == "unknown"
    assert ask(identity=None).decision == "unknown"
    assert ask(identity=ALLOW, resource=None).missing == ("the resource policies",)
    assert ask(identity=DENY, resource=None, scps=None).decision == "explicit_deny"


def test_not_action_and_not_resource():
    assert ask(identity=policies({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})).allowed is True
    assert ask(identity=policies({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})).allowed is False
    assert ask(identity=policies({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::orders/*"})).allowed is False


def test_not_principal_leaves_sessions_of_an_excepted_role_open():
    spared = policies(statement("Deny", NotPrincipal={"AWS": [ROLE.arn]}))
    assert ask(identity=ALLOW, resource=spared).decision == "unknown"
    assert ask(who=USER, identity=ALLOW, resource=spared).decision == "explicit_deny"
    assert ask(who=USER, identity=ALLOW, resource=policies(statement("Deny", NotPrincipal={"AWS": USER.arn}))).allowed is True


def test_a_set_of_objects_may_be_covered_in_part():
    every = "arn:aws:s3:::orders/*"
    assert ask(resource=(), identity=ALLOW).allowed is True
    part = policies(statement(resource="arn:aws:s3:::orders/in/*"))
    assert evaluate(Request(ROLE, "s3:GetObject", every, ACCOUNT), PolicySet(identity=part, resource=())).decision == "unknown"
    assert evaluate(Request(ROLE, "s3:GetObject", every, ACCOUNT), PolicySet(identity=ALLOW, resource=())).allowed is True


def test_policy_variables():
    own = policies(statement(resource="arn:aws:s3:::orders/${aws:username}/*"))
    assert ask(who=USER, on="arn:aws:s3:::orders/ann/x", identity=own, owner=ACCOUNT).allowed is True
    assert evaluate(Request(USER, "s3:GetObject", "arn:aws:s3:::orders/bob/x", ACCOUNT), PolicySet(identity=own, resource=())).allowed is False
    assert evaluate(Request(ROLE, "s3:GetObject", "arn:aws:s3:::orders/app/x", ACCOUNT), PolicySet(identity=own, resource=())).allowed is False
    team = policies(statement(resource="arn:aws:s3:::orders/${aws:PrincipalTag/team}/*"))
    assert evaluate(Request(ROLE, "s3:GetObject", "arn:aws:s3:::orders/a/x", ACCOUNT), PolicySet(identity=team, resource=())).decision == "unknown"
    old = policies(statement(resource="arn:aws:s3:::orders/${aws:username}/*"), version="2008-10-17")
    assert evaluate(Request(USER, "s3:GetObject", "arn:aws:s3:::orders/ann/x", ACCOUNT), PolicySet(identity=old, resource=())).allowed is False


def test_near_misses_say_which_part_fails():
    typo = ask(identity=policies(statement(resource="arn:aws:s3:::order/*")))
    assert [(match.failed, match.where) for match in typo.near] == [(("resource",), "p, statement 1")]
    elsewhere = policies(statement(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    unmet = ask(identity=elsewhere, context=Context({"aws:requestedregion": ("us-east-1",)}))
    assert unmet.near[0].conditions[0].sentence == "aws:RequestedRegion must satisfy StringEquals eu-west-1; it is “us-east-1”"


@pytest.mark.parametrize(
    "document",
    [None, 7, "{", "[]", {}, {"Statement": "x"}, {"Statement": [1]}, {"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]},
     {"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}}, {"Statement": {"Effect": "Allow", "Action": {"a": 1}}},
     {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": []}}, {"Statement": {"Effect": "Deny", "Action": "*", "Principal": 3}}],  # noqa: E501
)  # fmt: skip
def test_malformed_documents_leave_the_outcome_open(document):
    outcome = ask(identity=(Policy("broken", document),))
    assert outcome.decision == "unknown"
    assert "broken" in outcome.reason


def test_a_redacted_pattern_matches_perhaps():
    hidden = policies(statement(resource="arn:aws:s3:::‹redacted:string:6:7f3a›/*"))
    assert ask(identity=hidden).decision == "unknown"
    assert ask(identity=policies(statement(resource="arn:aws:sqs:‹redacted:string:6:7f3a›"))).allowed is False


FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:resize"


def grant(**more):
    entry = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION, "Principal": {"Service": "s3.amazonaws.com"}, **more}
    return {"Version": "2012-10-17", "Statement": [entry]}


@pytest.mark.parametrize(
    ("document", "allowed"),
    [
        (None, False),
        (grant(), True),
        (grant(Principal={"Service": "sns.amazonaws.com"}), False),
        (grant(Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::orders"}, "StringEquals": {"AWS:SourceAccount": ACCOUNT}}), True),
        (grant(Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::other"}}), False),
        (grant(Condition={"StringEquals": {"AWS:SourceAccount": OTHER}}), False),
        (grant(Resource=FUNCTION + ":live"), False),
        (grant(Principal={"AWS": "*"}, Condition={"StringEquals": {"AWS:SourceOwner": ACCOUNT}}), False),
        (grant(Principal="*"), True),
        (grant(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), False),
        ("nonsense", None),
    ],
)
def test_services(document, allowed):
    assert allows_service(document, "s3.amazonaws.com", "lambda:InvokeFunction", FUNCTION, "arn:aws:s3:::orders", ACCOUNT).allowed is allowed


def test_an_unknown_source_stays_unknown():
    narrow = grant(Condition={"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::orders"}})
    assert allows_service(narrow, "s3.amazonaws.com", "lambda:InvokeFunction", FUNCTION).allowed is None
