"""A script's run through the real bubblewrap, as a plain function."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nephoscope.boundary.sandbox import BubblewrapExecutor, UsernsExecutor
from nephoscope.boundary.sandbox.walled import WalledExecutor
from nephoscope.models import ExecutionResult, Limits, Surroundings

EXECUTORS = {"bubblewrap": BubblewrapExecutor(), "bubblewrap cold": BubblewrapExecutor(warm=False), "userns": UsernsExecutor()}


async def closing(descriptor: int) -> None:
    os.close(descriptor)


async def execute(executor: WalledExecutor, source: str, surroundings: Surroundings, params: dict[str, object], limits: Limits) -> ExecutionResult:
    await executor.open(())
    assert executor.note == "warm" or "cold" in executor.note
    return await executor.execute(source, surroundings, params, limits, closing)


@pytest.fixture(params=sorted(EXECUTORS))
def executor(request: pytest.FixtureRequest) -> WalledExecutor:
    """Each executor that isolates, where it works, opened."""
    chosen = EXECUTORS[request.param]
    reason = chosen.available()
    if reason:
        pytest.skip(reason)
    asyncio.run(chosen.open(()))
    return chosen


@pytest.fixture(scope="session", autouse=True)
def closed_at_the_end() -> Iterator[None]:
    yield
    for each in EXECUTORS.values():
        asyncio.run(each.close())


@pytest.fixture
def run(executor: WalledExecutor) -> Callable[..., ExecutionResult]:
    def go(source: str, params: dict[str, object] | None = None, surroundings: Surroundings | None = None, **limits: Any) -> ExecutionResult:
        return asyncio.run(execute(executor, source, surroundings or Surroundings(), params or {}, Limits(**{"seconds": 20, **limits})))

    return go
