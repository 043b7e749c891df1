"""Which wording a model gets."""

from __future__ import annotations

from typing import Any

import pytest

from nephoscope.prompting.overrides import applies
from nephoscope.prompting.template import Override


@pytest.mark.parametrize(
    ("pattern", "model", "matches"),
    [
        ("*mini*", "openai:gpt-4o-mini", True),
        ("*MINI*", "OpenAI:gpt-4o-Mini", True),
        ("gpt-4o*", "openai:gpt-4o-mini", True),
        ("gpt-4o*", "gpt-4o", True),
        ("ollama:*", "ollama:qwen:7b", True),
        ("ollama:*", "openai:ollama", False),
        ("o[134]*", "openai:o3", True),
        ("o[134]*", "ollama:llama3", False),
        ("*:?b", "ollama:qwen:7b", True),
        ("*mini*", "", False),
    ],
)
def test_patterns(pattern: str, model: str, matches: bool) -> None:
    assert applies(Override(models=(pattern,)), model) is matches


def test_overrides_add_up_in_the_order_they_are_written(write: Any) -> None:
    registry = write(
        overrides=[
            {"models": ["*mini*"], "replace": {"task": "Look."}, "append": {"task": "Only once."}},
            {"models": ["gpt-4o*"], "append": {"task": "Be brief {{ depth }}."}, "drop": ["examples"]},
            {"models": ["*large*"], "replace": {"task": "Never."}},
        ]
    )
    content = registry.render("pond.look", {"pond": "x", "depth": 2}, "openai:gpt-4o-mini")[0].content
    assert content.startswith("Look.\nOnly once.\nBe brief 2.\n\nWhatever stands")


def test_a_message_that_loses_all_its_parts_goes(write: Any) -> None:
    registry = write(overrides=[{"models": ["*mini*"], "drop": ["pond"]}])
    assert [message.role for message in registry.render("pond.look", {"pond": "x", "depth": 2}, "mini")] == ["system"]
