"""Whose fault a failed rehearsal is."""

from __future__ import annotations

import pytest

from nephoscope.engine import blame
from nephoscope.engine.rehearsing import Performance, _endless
from nephoscope.models import ExecutionResult, Failure


@pytest.mark.parametrize(("limit_hit", "endless"), [("calls", True), ("seconds", False), (None, False)])
def test_a_script_that_uses_up_its_calls_does_not_end(limit_hit: str | None, endless: bool) -> None:
    failure = Failure(kind="timeout", message="still running after 60 s")
    assert _endless(Performance(ExecutionResult(status="killed", failure=failure, limit_hit=limit_hit), [], [])) is endless


def test_how_long_it_takes_is_the_machines_matter() -> None:
    wrong, unsure = blame.crash(Failure(kind="timeout", message="still running after 60 s"), [])
    assert (wrong, "still running" in unsure) == (blame.NOTHING, True)
    assert blame.crash(Failure(kind="crash", message="TypeError: 'NoneType' object is not subscriptable"), [])[0] == blame.NOTHING
    assert blame.crash(Failure(kind="crash", message="NameError: name 'x' is not defined"), [])[0] != blame.NOTHING
