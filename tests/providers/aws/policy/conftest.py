"""Calls of one identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nephoscope.models import Call, Identity

READER = Identity(cloud="aws", account="123456789012", principal="arn:aws:iam::123456789012:role/r", regions=("eu-west-1",))


@pytest.fixture
def call() -> Callable[..., Call]:
    """``call("s3:ListBuckets", {})``."""

    def make(name: str, params: dict[str, Any]) -> Call:
        service, _, operation = name.partition(":")
        return Call(identity=READER, region="eu-west-1", service=service, operation=operation, params=params)

    return make
