"""``nephoscope policy``: judgements in words and as documents, for a cloud nobody has."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.models import Judged, OperationAccess, ServiceCoverage, Tier

ROWS = {
    "ponds:ListPonds": OperationAccess(
        operation="ponds:ListPonds", tier=Tier.CONFIG, reason="reads configuration", judged=Judged.DATA, needs=("p.List",)
    ),
    "ponds:GetFish": OperationAccess(
        operation="ponds:GetFish",
        tier=Tier.DATA,
        reason="reads fish",
        judged=Judged.REVIEWED,
        needs=("p.Get",),
        verified=True,
        changes=("Limit up to 5: data",),
    ),
    "ponds:GetKey": OperationAccess(operation="ponds:GetKey", tier=Tier.SECRET, reason="gives out a key", judged=Judged.REVIEWED, verified=True),
}


def nobody(operation: str) -> OperationAccess:
    return OperationAccess(operation=operation, tier=Tier.MUTATION, reason="unknown", judged=Judged.UNKNOWN, known=False)


def baseline(tiers: Any, form: str) -> str:
    if form != "json":
        raise UsageError(f"no {form} here", "use json")
    return "a role\n"


@pytest.fixture(autouse=True)
def pond(application: Any) -> None:
    row = ServiceCoverage(service="ponds", operations=9, reviewed=3, proposed=2, suspected=1, unknown=3, usable=4, by_tier={"config": 9})
    application.policies = {
        "pond": SimpleNamespace(
            cloud="pond",
            explain=lambda operation: ROWS.get(operation) or nobody(operation),
            coverage=lambda service: [row] if service in ("", "ponds") else [],
            session=lambda tiers: {"only": sorted(tiers)},
            baseline=baseline,
        )
    }


def test_an_operation_is_explained_in_four_lines(nephoscope: Any) -> None:
    assert nephoscope("policy", "explain", "ponds:GetFish").stdout.splitlines() == [
        "ponds:GetFish  data: only with --grant data",
        "  why      reads fish (reviewed by hand)",
        "  needs    p.Get",
        "  unless   Limit up to 5: data",
    ]


@pytest.mark.parametrize(("operation", "wishes", "allowed"), [
    ("ponds:ListPonds", {}, "allowed"),
    ("ponds:ListPonds", {"reviewed_only": True}, "switched off here: reviewed_only"),
    ("ponds:GetFish", {"grants": ("data",)}, "granted here"),
    ("ponds:GetKey", {}, "never allowed"),
])  # fmt: skip
def test_whether_it_may_be_used_depends_on_the_settings(operation: str, wishes: Any, allowed: str, nephoscope: Any, application: Any) -> None:
    application.wishes = wishes
    document = nephoscope.document("policy", "explain", operation)
    assert (document["schema"], document["allowed"]) == ("nephoscope.access/1", allowed)


def test_an_action_nobody_verified_is_called_so(nephoscope: Any) -> None:
    assert "p.List (unverified action)" in nephoscope("policy", "explain", "ponds:ListPonds").stdout


@pytest.mark.parametrize("operation", ["ponds:Nothing", "ponds", ":", "a:b:c"])
def test_what_no_cloud_has_is_a_usage_error(operation: str, nephoscope: Any) -> None:
    assert nephoscope("policy", "explain", operation).exit_code == 2


def test_coverage_is_a_row_a_service(nephoscope: Any) -> None:
    assert nephoscope.document("policy", "coverage")["services"][0]["unknown"] == 3
    assert "ponds" in nephoscope("policy", "coverage", "ponds").stdout
    assert nephoscope("policy", "coverage", "seas").exit_code == 2


def test_session_and_role_follow_the_grants(nephoscope: Any, application: Any) -> None:
    application.wishes = {"telemetry": False}
    assert json.loads(nephoscope("policy", "session").stdout)["sessions"] == {"pond": {"only": ["config", "identity"]}}
    assert nephoscope("policy", "baseline", "--as", "json").stdout == "a role\n"
    assert nephoscope("policy", "baseline").exit_code == 2


def test_the_policy_of_a_run_may_be_asked_for_by_its_id_alone(nephoscope: Any) -> None:
    short, long = nephoscope("policy", "r-7k2zzz"), nephoscope("policy", "show", "r-7k2zzz")
    assert (short.exit_code, short.output) == (long.exit_code, long.output)
    assert "r-7k2zzz" in short.output
    assert nephoscope("policy", "explian").exit_code == 2
