"""Which AWS-managed policies an emulated account has."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("moto")

from nephoscope_aws.emulator.managed import keep_managed_policies, policies_named


def kept() -> set[str]:
    from moto.iam import models

    return set(json.loads(models.aws_managed_policies_data))  # type: ignore[attr-defined, unused-ignore]


def test_each_account_gets_what_its_own_seed_names_whatever_those_before_it_had() -> None:
    keep_managed_policies(policies_named("arn:aws:iam::aws:policy/AmazonSNSFullAccess"))
    assert "AmazonSNSFullAccess" in kept()
    keep_managed_policies(policies_named("arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"))
    assert "AWS_ConfigRole" in kept()
    assert "AmazonSNSFullAccess" not in kept()
    assert "ReadOnlyAccess" in kept()
