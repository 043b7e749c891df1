"""The reference says what the code says: every hook with its arguments, every setting with its default."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from nephoscope.plugin import specs
from nephoscope.plugin.pack import HOOKS
from nephoscope.plugin.role import ROLES, Role
from nephoscope.settings import Settings
from nephoscope.settings.layer import flat, known_keys
from nephoscope.settings.load import HARMLESS
from nephoscope.settings.organisation import Organisation
from nephoscope.testing import conformance

DOCS = Path(__file__).parents[2] / "docs"


def rows(page: str) -> dict[str, list[str]]:
    """Table rows of a reference page: first cell without back-ticks → the other cells."""
    lines = [line.strip() for line in (DOCS / "reference" / page).read_text().splitlines()]
    table = [line.removeprefix("|").removesuffix("|").split("|") for line in lines if line.startswith("| `")]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in table}


def test_every_hook_is_documented_with_its_arguments() -> None:
    text = (DOCS / "reference" / "hooks.md").read_text()
    written = set(re.findall(r"`(nephoscope_\w+\([^)]*\))`", text))
    assert written == {f"{name}({', '.join(inspect.signature(getattr(specs, name)).parameters)})" for name in HOOKS}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_role_is_described_as_it_is(role: Role[Any]) -> None:
    returns, unique, process, suite = rows("hooks.md")[f"{role.hook}()"]
    assert role.interface.__name__ in returns
    assert unique == role.key
    assert process == ("boundary" if role.name in ("wires", "executors", "preloads") else "engine")
    assert bool(suite) == bool(role.key)
    if suite:
        assert getattr(conformance, suite.strip("`")).interface is role.interface


def test_every_setting_is_documented_with_its_default() -> None:
    documented = rows("settings.md")
    assert list(documented) == known_keys()
    defaults = dict(flat(Settings().model_dump(mode="json")))
    for key, (default, meaning) in documented.items():
        assert meaning
        value = defaults.get(key)
        if key != "home" and value not in ("", [], None):
            assert default == f"`{value:g}`" if isinstance(value, float) else default == f"`{str(value).lower()}`"


def test_what_a_project_and_an_organisation_may_set_is_documented() -> None:
    text = (DOCS / "reference" / "settings.md").read_text()
    project, organisation = text.split("## A project's file")[1].split("## An organisation's file")
    assert all(f"`{key}`" in project for key in HARMLESS)
    assert all(f"`{key}`" in organisation for key in Organisation.model_fields)
