"""``nephoscope prompts`` as a person or a pipeline uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

PROMPT = """\
id: pond.look
version: 1
description: Looks into a pond
tags: {role: planner}
variables: [{name: pond, type: text}, {name: depth, type: integer, required: false, default: 2, trust: trusted}]
messages:
  - {role: system, parts: {task: "Look {{ depth }} deep.", examples: "Example."}}
  - {role: user, parts: {pond: "{{ pond }}"}}
overrides: [{models: ["*mini*"], drop: [examples]}]
tests: [{name: plain, values: {pond: lily}, contains: ["Look 2 deep."]}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one prompt, which is all the packs have."""
    from nephoscope.plugin.manager import Plugins

    made = tmp_path / "files"
    made.mkdir()
    (made / "pond.yaml").write_text(PROMPT)
    monkeypatch.setattr(Plugins, "prompts", property(lambda plugins: [made]))
    return made


def test_list(nephoscope: Any, folder: Path) -> None:
    assert "pond.look" in nephoscope("prompts").stdout
    document = nephoscope.document("prompts", "list")
    assert document["schema"] == "nephoscope.prompts/1"
    assert [(row["id"], row["tags"]["role"]) for row in document["prompts"]] == [("pond.look", "planner")]
    assert nephoscope.document("prompts", "list", "--role", "repairer")["prompts"] == []


def test_show_gives_the_wording_for_a_model(nephoscope: Any, folder: Path) -> None:
    shown = nephoscope("prompts", "show", "pond.look").stdout
    assert "Look {{ depth }} deep." in shown
    assert "depth: integer, trusted, optional, default 2" in shown
    assert "Example." not in nephoscope.document("prompts", "show", "pond.look", "--model", "x:mini")["wording"]


def test_render_takes_values_from_test_file_and_options_the_nearest_first(nephoscope: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text('{"pond": "carp", "depth": 5}')
    values = ["--test", "plain", "--values", str(tmp_path / "values.json"), "--value", "depth=7"]
    rendered = nephoscope("prompts", "render", "pond.look", *values).stdout
    assert "Look 7 deep." in rendered
    assert '<data name="pond" type="text">\ncarp\n</data>' in rendered
    words = ["--value", "pond=three = 3\x1b[2J"]
    messages = nephoscope.document("prompts", "render", "pond.look", *words, "--model", "mini")["messages"]
    assert messages[1] == {"role": "user", "content": '<data name="pond" type="text">\nthree = 3[2J\n</data>'}
    assert "Look 2 deep." in nephoscope("prompts", "render", "pond.look", "--values", "-", stdin='{"pond": "x"}').stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pond.lok"], "There is no prompt 'pond.lok'."),
        (["pond.look"], "variable pond: it is required"),
        (["pond.look", "--value", "pond"], "'pond' is no NAME=VALUE"),
        (["pond.look", "--value", "pond=x", "--value", "depth=deep"], "The value of depth is no JSON"),
        (["pond.look", "--test", "plane"], "has no test 'plane'"),
        (["pond.look", "--values", "missing.json"], "cannot be read"),
    ],
)
def test_render_says_what_is_wrong(nephoscope: Any, folder: Path, words: list[str], said: str) -> None:
    result = nephoscope("prompts", "render", *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "do:" in result.stderr
    assert result.stdout == ""


def test_lint_ends_with_1_on_a_fault(nephoscope: Any, folder: Path, tmp_path: Path) -> None:
    assert nephoscope("prompts", "lint").exit_code == 0
    (folder / "pond.yaml").write_text(PROMPT.replace("{{ depth }}", "{{ dept }}"))
    result = nephoscope("prompts", "lint", str(folder))
    assert result.exit_code == 1
    assert "part task, variable dept: it is used and not declared" in result.stdout
    document = json.loads(nephoscope("prompts", "lint", "--json").stdout)
    assert {fault["where"] for fault in document["faults"]} == {"part task, variable dept", "variable depth"}
    assert nephoscope("prompts", "lint", str(tmp_path / "nowhere")).exit_code == 2


def test_diff_compares_models_and_files(nephoscope: Any, folder: Path, tmp_path: Path) -> None:
    between = nephoscope("prompts", "diff", "pond.look", "pond.look@openai:gpt-4o-mini").stdout.splitlines()
    assert [line for line in between if line.startswith(("-", "+"))][2:] == ["-[system: examples]", "-Example.", "-"]
    newer = tmp_path / "newer.yaml"
    newer.write_text(PROMPT.replace("deep.", "deeper."))
    changed = nephoscope("prompts", "diff", "pond.look", str(newer)).stdout
    assert "-Look {{ depth }} deep.\n+Look {{ depth }} deeper." in changed
    assert nephoscope("prompts", "diff", "pond.look", "pond.look").stdout == ""
    assert nephoscope("prompts", "diff", "pond.look", "absent.yaml").exit_code == 2
