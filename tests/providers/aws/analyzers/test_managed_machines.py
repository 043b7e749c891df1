"""Machines that nobody can open a session on: without credentials, with a role that may not register, or registered and in order."""

from __future__ import annotations

from typing import Any

import pytest
from harness import ACCOUNT, IDENTITY, NOW, REGION, known_facts

from nephoscope.knowledge.symptoms import classify
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Finding, Problem, ResourceRef
from nephoscope_aws.access.identity import grants_ref
from nephoscope_aws.access.things import ref
from nephoscope_aws.analyzers.implied import ImpliedPermissionsAnalyzer
from nephoscope_aws.analyzers.settings import SettingsAnalyzer

BOX = ref("ec2:instance", "i-0a1b2c3d4e5f60718", "archive", ACCOUNT, REGION)
PROFILE = ref("iam:instance-profile", f"arn:aws:iam::{ACCOUNT}:instance-profile/box", "box", ACCOUNT)
ROLE = ref("iam:role", f"arn:aws:iam::{ACCOUNT}:role/box", "box", ACCOUNT)
GRANTS, INLINE = grants_ref("role", "box", ACCOUNT), ref("iam:role-policy", f"{ACCOUNT}:role/box#own", "own", ACCOUNT)
WORDS = "archive does not show up in Session Manager"
AGENT = ["ssm:UpdateInstanceInformation", "ssmmessages:*"]


def told(text: str, facts: dict[tuple[ResourceRef, str], Any]) -> list[Finding]:
    ranked = classify(text)
    known = known_facts(facts)
    problem = Problem(text=text, symptom=ranked[0], symptoms=ranked[1:], entities=(Entity(text="archive", matches=(BOX,), named=True),), now=NOW)
    view = Evidence(problem, known, identities=[IDENTITY])
    return [*SettingsAnalyzer().analyze(view), *ImpliedPermissionsAnalyzer().analyze(view)]


def machine(managed: str | None, profile: bool, *allowed: str) -> dict[tuple[ResourceRef, str], Any]:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(allowed), "Resource": "*"}]}
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}
    return {
        (BOX, "exists"): True, (BOX, "managed"): managed, (BOX, "profile"): PROFILE.native_id if profile else None,
        (PROFILE, "role"): ROLE.native_id, (ROLE, "exists"): True, (ROLE, "trust"): trust, (ROLE, "boundary"): None,
        (GRANTS, "inline"): [INLINE.native_id], (GRANTS, "attached"): [], (INLINE, "document"): policy,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "held", "seen"),
    [
        (machine(None, False), {"aws.ssm.instance-without-profile"}, "no"),
        (machine(None, True, "s3:*"), {"aws.iam.identity-allow-missing"}, "no"),
        (machine(None, True, *AGENT), set(), "no"),
        (machine("ConnectionLost", True, *AGENT), set(), "no"),
        (machine("Online", True, *AGENT), set(), "yes"),
        (machine("Online", False), set(), "yes"),
    ],
    ids=["no profile", "role may not", "no agent", "gone silent", "in order", "managed by default"],
)
def test_why_a_machine_is_not_managed(facts: dict[tuple[ResourceRef, str], Any], held: set[str], seen: str) -> None:
    found = told(WORDS, facts)
    assert {one.cause for one in found if one.role == "cause" and one.holds == "yes"} == held
    assert {one.holds for one in found if one.cause == "aws.ec2.seen-instance-working"} == {seen}


def test_where_no_word_is_about_it_nothing_is_asked() -> None:
    assert told("archive cannot reach the internet", machine(None, False)) == []
