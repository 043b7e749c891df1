"""A script's run through the real bubblewrap, as a plain function."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from nephoscope.boundary.sandbox import BubblewrapExecutor, UsernsExecutor
from nephoscope.interfaces import Executor
from nephoscope.models import ExecutionResult, Limits, Surroundings

EXECUTORS = {executor.name: executor for executor in (BubblewrapExecutor(), UsernsExecutor())}


async def closing(descriptor: int) -> None:
    os.close(descriptor)


async def execute(executor: Executor, source: str, surroundings: Surroundings, params: dict[str, object], limits: Limits) -> ExecutionResult:
    await executor.open(())
    return await executor.execute(source, surroundings, params, limits, closing)


@pytest.fixture(params=sorted(EXECUTORS))
def executor(request: pytest.FixtureRequest) -> Executor:
    """Each executor that isolates, where it works."""
    chosen = EXECUTORS[request.param]
    reason = chosen.available()
    if reason:
        pytest.skip(reason)
    return chosen


@pytest.fixture
def run(executor: Executor) -> Callable[..., ExecutionResult]:
    def go(source: str, params: dict[str, object] | None = None, surroundings: Surroundings | None = None, **limits: Any) -> ExecutionResult:
        return asyncio.run(execute(executor, source, surroundings or Surroundings(), params or {}, Limits(**{"seconds": 20, **limits})))

    return go
