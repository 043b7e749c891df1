"""The published reference is the commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from nephoscope.cli.main import app
from nephoscope.cli.options import _SETTINGS
from nephoscope.cli.reference import markdown
from nephoscope.settings.layer import FLAGS, known_keys

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"
PROMISED = "cloud region endpoint-url planner executor ask max-steps max-seconds max-calls max-usd allow-resource grant json out quiet plain"
COMMANDS = [
    "inspect",
    "investigate",
    "demo",
    "resume",
    "runs list",
    "runs show",
    "runs stats",
    "runs export",
    "runs import",
    "runs purge",
    "replay",
    "why",
    "verify",
    "exec",
    "doctor",
    "bench",
    "compare",
    "models",
    "models explain",
    "plugins",
    "policy explain",
    "policy coverage",
    "policy show",
    "policy diff",
    "policy session",
    "policy baseline",
    "prompts list",
    "prompts show",
    "prompts render",
    "prompts lint",
    "prompts diff",
    "settings",
    "facts list",
    "facts show",
    "facts forget",
    "skills list",
    "skills show",
    "skills forget",
    "skills export",
]


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == markdown(), "run: python -m nephoscope.cli.reference > docs/reference/cli.md"


def test_every_command_is_on_it() -> None:
    assert sorted(re.findall(r"^## nephoscope (.+)$", markdown(), re.MULTILINE)) == sorted(COMMANDS)


@pytest.mark.parametrize("option", PROMISED.split())
def test_investigate_has_the_promised_options(option: str) -> None:
    section = markdown().split("## nephoscope investigate")[1].split("\n## ")[0]
    assert f"`--{option}" in section


@pytest.mark.parametrize("setting", sorted(_SETTINGS))
def test_every_flag_is_a_setting(setting: str) -> None:
    assert FLAGS.get(setting, setting) in known_keys()


def test_everything_has_a_sentence() -> None:
    def check(command: Any) -> None:
        assert command.help
        for parameter in command.params:
            assert parameter.help, (command.name, parameter.name)
        for each in getattr(command, "commands", {}).values():
            check(each)

    check(typer.main.get_command(app))
