"""The page on prompts lists every key of the files, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nephoscope.models import Frozen
from nephoscope.prompting.rendering import FILTERS
from nephoscope.prompting.template import Override, PromptTemplate, PromptTest, Variable

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "prompts.md").read_text()


@pytest.mark.parametrize(("section", "model"), [("Prompt", PromptTemplate), ("Variable", Variable), ("Override", Override), ("Test", PromptTest)])
def test_every_key_is_on_the_page(section: str, model: type[Frozen]) -> None:
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [name for name in model.model_fields if name != "source"]


def test_every_filter_is_on_the_page() -> None:
    assert set(re.findall(r"`(\w+)`", PAGE.split("filters ")[1].split(".\n")[0])) == set(FILTERS)
