"""A script's run through the real bubblewrap, as a plain function."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from nephoscope.boundary.sandbox import BubblewrapExecutor
from nephoscope.interfaces import Executor
from nephoscope.models import ExecutionResult, Limits, Surroundings

BUBBLEWRAP = BubblewrapExecutor()


async def closing(descriptor: int) -> None:
    os.close(descriptor)


async def execute(executor: Executor, source: str, surroundings: Surroundings, params: dict[str, object], limits: Limits) -> ExecutionResult:
    await executor.open(())
    return await executor.execute(source, surroundings, params, limits, closing)


@pytest.fixture
def bubblewrap() -> BubblewrapExecutor:
    reason = BUBBLEWRAP.available()
    if reason:
        pytest.skip(reason)
    return BUBBLEWRAP


@pytest.fixture
def run(bubblewrap: BubblewrapExecutor) -> Callable[..., ExecutionResult]:
    def go(source: str, params: dict[str, object] | None = None, surroundings: Surroundings | None = None, **limits: Any) -> ExecutionResult:
        return asyncio.run(execute(bubblewrap, source, surroundings or Surroundings(), params or {}, Limits(**{"seconds": 20, **limits})))

    return go
