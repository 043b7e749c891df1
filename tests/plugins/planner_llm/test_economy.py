"""What a planning model is sent does not grow with the number of steps, and what was left out can be looked at."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from nephoscope.knowledge.claims import look
from nephoscope_planner_llm.briefing import briefing
from nephoscope_planner_llm.columns import brief, size


@pytest.fixture(scope="module")
def bench() -> Any:
    path = Path(__file__).parents[3] / "bench" / "context.py"
    spec = importlib.util.spec_from_file_location("bench_context", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules["bench_context"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_prompt_has_the_same_size_after_twenty_steps_as_after_six(bench: Any) -> None:
    rows = list(bench.measured(20, 40))
    assert rows[19]["sent"] < 1.3 * rows[5]["sent"]
    assert rows[19]["appended"] > 3 * rows[5]["appended"]
    assert rows[19]["sent"] < rows[19]["appended"] / 10


def test_what_is_left_out_is_named_and_can_be_looked_at(bench: Any) -> None:
    view = bench.view_after(list(bench.replies(12, 40)))
    text = json.dumps(briefing(view, final=False).values["facts"])
    first = view.all_facts()[0]
    assert "svc-1-39" not in text
    assert first.id in text
    assert look(first.value, "services[39].serviceName") == "svc-1-39"


@pytest.mark.parametrize("room", [60, 200, 1000])
def test_values_are_cut_to_their_room_and_say_so(room: int) -> None:
    value: Any = {"items": [{"name": f"n{number}", "text": "x" * 50, "more": [1, 2, 3]} for number in range(500)]}
    small = brief(value, room)
    assert size(small) <= room + 40
    assert "more" in json.dumps(small) or "cut" in json.dumps(small)
    assert brief({"a": 1}, room) == {"a": 1}


def test_like_items_are_columns_and_rows() -> None:
    table: Any = brief([{"a": number, "b": "x"} for number in range(4)], 1000)
    assert table == {"columns": ["a", "b"], "rows": [[0, "x"], [1, "x"], [2, "x"], [3, "x"]]}
