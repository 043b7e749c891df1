"""Worthless credentials, and the emulator put right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nephoscope_aws.emulator.amends import amend


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Clients of an empty emulated account."""
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    amend()
    amend()  # a second time changes nothing
    with mock_aws():
        yield boto3.client
