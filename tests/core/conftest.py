"""A made-up cloud, described by one reply table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nephoscope.models import Call, Identity, Json, Reply
from nephoscope.testing.fakes import FakeEstate


@pytest.fixture
def who() -> Identity:
    return Identity(cloud="brook", account="4711", principal="reader", regions=("north", "south"))


@pytest.fixture
def ponds() -> FakeEstate:
    return FakeEstate(Path(__file__).parent / "brook")


@pytest.fixture
def reply(who: Identity) -> Callable[..., Reply]:
    """Replies of the made-up cloud, numbered as they are made."""
    made: list[str] = []

    def make(operation: str, document: Json = None, params: dict[str, Json] | None = None, **more: object) -> Reply:
        made.append(operation)
        call = Call(id=f"s1.c{len(made)}", identity=who, region="north", service="ponds", operation=operation, params=params or {})
        return Reply.model_validate({"call": call, "status": 200, "document": document, "observed_at": "t", **more})

    return make
