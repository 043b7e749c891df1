"""A round that is planned again after a kill says the same as before, so that what was answered is found and not paid for twice."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nephoscope.engine.nodes.plan import _left_at_first
from nephoscope.models import Budget, Check
from nephoscope.store.run import RunStore


def told(store: RunStore, left: Budget, total: Budget) -> tuple[int, float]:
    context: Any = SimpleNamespace(store=store, budget=total)
    view: Any = SimpleNamespace(budget=left)
    found = _left_at_first(context, view)
    return found.tokens, round(found.usd, 6)


def test_what_a_round_was_told_of_its_budget_it_is_told_again(tmp_path: Path) -> None:
    total = Budget(tokens=1000, usd=1.0)
    (tmp_path / "r").mkdir()
    store = RunStore(tmp_path / "r")
    assert told(store, Budget(tokens=900, usd=0.9), total) == (900, 0.9)
    assert told(store, Budget(tokens=700, usd=0.7), total) == (900, 0.9), "an answer was recorded, then it was killed"
    assert told(store, Budget(tokens=700, usd=0.7), Budget(tokens=5000, usd=2.0)) == (4900, 1.9), "gone on with a larger budget"
    store.plan_step(1, Check(id="c", cloud="toy", intent="look", reads=(), decided_by="t"))
    assert told(store, Budget(tokens=700, usd=0.7), total) == (700, 0.7), "the next round has its own"
    store.close()
