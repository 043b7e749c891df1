"""Which executor runs the scripts here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nephoscope.boundary.sandbox.memory import FOLDER, remember, remembered
from nephoscope.boundary.sandbox.self_test import contained, self_test
from nephoscope.interfaces import Executor, IsolationError

AUTO = "auto"
HINT = "do what is asked for there, or see what holds here: nephoscope doctor"


async def choose_executor(candidates: Sequence[Executor], name: str = AUTO, memory: Path | None = FOLDER, preloads: Sequence[str] = ()) -> Executor:
    """The executor of that name, or with ``auto`` the first that contains scripts; opened. Executors of level ``none`` only by name.

    What was found is kept in the folder ``memory`` until the next boot; with ``None`` everything is tried anew.
    Raises :class:`IsolationError` naming what each candidate lacks.
    """
    wanted = [executor for executor in candidates if (executor.name == name if name != AUTO else executor.level != "none")]
    if not wanted:
        known = ", ".join(executor.name for executor in candidates) or "none"
        missing = "no executor here can contain a script" if name == AUTO else f"there is no executor {name!r}"
        raise IsolationError(f"{missing}; there is: {known}", HINT)
    reasons = []
    for executor in wanted:
        reason = await _objection(executor, memory, preloads)
        if reason is None:
            return executor
        reasons.append(f"{executor.name}: {reason}")
    raise IsolationError("nothing here can contain a script: " + "; ".join(reasons), HINT)


async def _objection(executor: Executor, memory: Path | None, preloads: Sequence[str]) -> str | None:
    """Why this executor cannot be used; it stays open only if it can."""
    reason = executor.available()
    if reason is not None:
        return reason
    await executor.open(preloads)
    if executor.level == "none" or (memory and remembered(executor, memory)):
        return None
    try:
        promises = await self_test(executor)
    except IsolationError as error:
        promises, reason = [], f"{error.message} {error.hint}".strip()
    if contained(promises):
        if memory:
            remember(executor, memory)
        return None
    await executor.close()
    broken = "; ".join(f"{promise.name}: {promise.detail}" for promise in promises if not promise.held)
    return reason or f"does not contain scripts ({broken})"
