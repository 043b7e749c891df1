"""Every field of the data formats is on their reference page, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from nephoscope.comparison.scenario import Scenario, Truth, Variant
from nephoscope.knowledge.playbooks import Condition, Playbook
from nephoscope.knowledge.table_format import AbsenceSpec, AskSpec, AttributeSpec, OperationSpec, SubjectSpec, TableFile, TypeSpec
from nephoscope.models import CauseCard
from nephoscope.reporting import progress
from nephoscope.testing.front import Rules

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
FORMATS: list[tuple[str, str, type[BaseModel]]] = [
    ("reply-tables.md", "File", TableFile),
    ("reply-tables.md", "Type", TypeSpec),
    ("reply-tables.md", "Operation", OperationSpec),
    ("reply-tables.md", "Subject", SubjectSpec),
    ("reply-tables.md", "Ask", AskSpec),
    ("reply-tables.md", "Attribute", AttributeSpec),
    ("reply-tables.md", "Absence", AbsenceSpec),
    ("playbooks.md", "Condition", Condition),
    ("scenarios.md", "Scenario", Scenario),
    ("scenarios.md", "Variant", Variant),
    ("scenarios.md", "Truth", Truth),
    ("scenarios.md", "Front", Rules),
]


def keys(page: str, section: str) -> set[str]:
    """First cells of the tables of a section."""
    text = (REFERENCE / page).read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


def names(model: type[BaseModel]) -> set[str]:
    """Keys as a file writes them."""
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize(("page", "section", "model"), FORMATS, ids=[f"{page}:{section}" for page, section, _ in FORMATS])
def test_every_field_is_documented(page: str, section: str, model: type[BaseModel]) -> None:
    assert keys(page, section) == names(model)


def test_every_key_of_a_cause_is_documented() -> None:
    assert keys("playbooks.md", "Cause") == names(CauseCard) | (names(Playbook) - {"card", "source"})


def test_every_event_is_documented() -> None:
    read = set(re.findall(r"^(\w+)  ", progress.__doc__ or "", re.MULTILINE))
    page = (REFERENCE / "events.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == read
