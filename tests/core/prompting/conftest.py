from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from nephoscope.prompting import PromptRegistry, load_prompts

Write = Callable[..., PromptRegistry]


def _prompt(**changes: Any) -> dict[str, Any]:
    """A sound prompt file, with changes; a change to ``None`` takes the key out."""
    sound = {
        "id": "pond.look",
        "version": 1,
        "description": "Looks into a pond",
        "tags": {"role": "planner"},
        "variables": [{"name": "pond", "type": "text", "max_length": 200}, {"name": "depth", "type": "integer", "trust": "trusted"}],
        "messages": [
            {"role": "system", "parts": {"task": "Look {{ depth }} deep.", "examples": "Example: a pond."}},
            {"role": "user", "parts": {"pond": "{{ pond }}"}},
        ],
        "overrides": [{"models": ["*mini*"], "drop": ["examples"]}],
        "tests": [{"name": "plain", "values": {"pond": "lily", "depth": 3}, "contains": ["Look 3 deep."]}],
    }
    return {key: value for key, value in {**sound, **changes}.items() if value is not None}


@pytest.fixture
def a_prompt() -> Callable[..., dict[str, Any]]:
    """Makes the content of a prompt file."""
    return _prompt


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A registry of prompt files made from changes to a sound one: ``write(version=2)``, or ``write({...}, {...})`` for several."""

    def made(*prompts: dict[str, Any], **changes: Any) -> PromptRegistry:
        for number, prompt in enumerate(prompts or [_prompt(**changes)]):
            (tmp_path / f"prompt{number}.yaml").write_text(yaml.safe_dump(prompt, sort_keys=False))
        return load_prompts([tmp_path])

    return made
