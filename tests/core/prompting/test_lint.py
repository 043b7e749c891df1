"""Every fault is found, named and told how to mend; a sound prompt has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.prompting import lint, load_prompts

POND = {"name": "pond", "type": "text"}
DEPTH = {"name": "depth", "type": "integer", "trust": "trusted"}


def messages(system: str = "{{ depth }}", user: str = "{{ pond }}") -> list[dict[str, Any]]:
    return [{"role": "system", "parts": {"task": system, "examples": "x"}}, {"role": "user", "parts": {"pond": user}}]


def test_a_sound_prompt_has_no_fault(write: Any) -> None:
    assert lint(write()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"variables": [POND]}, "part task, variable depth: it is used and not declared"),
        ({"variables": [POND, DEPTH, {"name": "width", "type": "integer"}]}, "variable width: no part uses it"),
        ({"variables": [POND, DEPTH, DEPTH]}, "variable depth: it is declared more than once"),
        ({"variables": [POND, {**DEPTH, "default": 3}]}, "variable depth: it is required and has a default"),
        ({"variables": [POND, {**DEPTH, "required": False, "default": "3"}]}, "variable depth: its default is not of type integer"),
        ({"messages": messages("{{ depth")}, "part task: it is no template"),
        ({"messages": messages("{{ depth | nonsense }}")}, "part task: it is no template"),
        ({"messages": messages("{{ range(depth) }}")}, "part task, variable range: it is used and not declared"),
        ({"messages": messages("{% macro m() %}{{ depth }}{% endmacro %}")}, "Macro has no place in a prompt"),
        ({"messages": messages("{% include 'x' %}{{ depth }}")}, "Include has no place in a prompt"),
        ({"messages": messages("{{ depth.bit_length() }}")}, "Call has no place in a prompt"),
        ({"messages": messages("{{ depth }} {{ pond }}", "x")}, "part task, variable pond: data of others stands in a system message"),
        ({"messages": messages(user="{{ pond }} {{ pond }}")}, "variable pond: it is printed more than once"),
        ({"messages": messages(user="{{ pond | upper }}")}, "part pond, variable pond: data of others can only be printed as it is"),
        ({"messages": messages(user="{% for x in pond %}{{ x }}{% endfor %}")}, "variable pond: data of others can only be printed as it is"),
        ({"messages": messages(user="{% for x in [1, 2] %}{{ pond }}{% endfor %}")}, "variable pond: data of others can only be printed as it is"),
        ({"messages": messages(user="{% if pond == 'x' %}{{ pond }}{% endif %}")}, "variable pond: data of others can only be printed as it is"),
        ({"overrides": [{"models": []}]}, "override 1: it is for no model"),
        ({"overrides": [{"models": ["mini"]}]}, "override 1: it changes nothing"),
        ({"overrides": [{"models": ["*"], "drop": ["examples"]}]}, "the pattern '*' matches every model"),
        ({"overrides": [{"models": [""], "drop": ["examples"]}]}, "the pattern '' is empty"),
        ({"overrides": [{"models": ["gpt 4"], "drop": ["examples"]}]}, "the pattern 'gpt 4' has blanks"),
        ({"overrides": [{"models": ["o[13*"], "drop": ["examples"]}]}, "the pattern 'o[13*' opens a bracket"),
        ({"overrides": [{"models": ["mini"], "drop": ["example"]}]}, "override 1: there is no part 'example'"),
        ({"overrides": [{"models": ["mini"], "drop": ["task"], "append": {"task": "x"}}]}, "the part 'task' is dropped and changed"),
        ({"overrides": [{"models": ["mini"], "replace": {"task": "{{ dept }}"}}]}, "part task, variable dept: it is used and not declared"),
        ({"overrides": [{"models": ["mini"], "append": {"task": "{{ pond }}"}}]}, "variable pond: data of others stands in a system message"),
        ({"tests": []}, "tests: it has none"),
        ({"tests": [{"name": "t", "values": {"pond": "x", "depth": 1}}]}, "test t: it cannot fail"),
        ({"tests": [{"name": "t", "values": {"pond": "x", "depth": 1}, "contains": ["deeper"]}]}, "test t: 'deeper' is missing"),
        ({"tests": [{"name": "t", "values": {"pond": "x", "depth": 1}, "lacks": ["Look 1"]}]}, "test t: 'Look 1' must not be there"),
        ({"tests": [{"name": "t", "values": {"pond": 1, "depth": 1}, "contains": ["L"]}]}, "variable pond: expected text, got int"),
        ({"version": "one"}, "version: Input should be a valid integer"),
        ({"template": "x"}, "a prompt has either template or messages"),
        ({"tags": {"role": "planner", "service": ["x"]}}, "tags.service: Extra inputs are not permitted"),
        ({"variables": [{"name": "pond", "type": "string"}]}, "variables.0.type: Input should be 'text'"),
    ],
)
def test_faults(write: Any, changes: dict[str, Any], said: str) -> None:
    found = lint(write(**changes))
    assert any(said in each.message for each in found), [each.message for each in found]
    assert all(each.fix and each.prompt == "pond.look" and each.file.endswith("prompt0.yaml") for each in found)


def test_asking_whether_data_is_there_is_sound(write: Any) -> None:
    optional = [{**POND, "required": False}, DEPTH]
    assert (
        lint(
            write(
                variables=optional,
                messages=messages(user="{% if not pond %}none{% else %}{{ pond }}{% endif %}"),
                tests=[
                    {"name": "none", "values": {"depth": 1}, "contains": ["none"]},
                ],
            )
        )
        == []
    )


def test_an_id_of_two_files_is_a_fault_of_both_and_neither_is_used(write: Any, a_prompt: Any) -> None:
    registry = write(a_prompt(), a_prompt(version=2))
    assert [each.prompt for each in lint(registry)] == ["pond.look", "pond.look"]
    assert "prompt0.yaml and" in registry.faults[0].message
    with pytest.raises(UsageError, match="the id is used by"):
        registry.render("pond.look", {})


@pytest.mark.parametrize("text", ["id: [", "- a list", "", "\x00", "id: !!python/object:os.system x", "!!binary /w=="])
def test_a_file_that_is_no_prompt_is_a_fault_and_no_crash(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    registry = load_prompts([tmp_path])
    assert registry.prompts == {}
    assert [each.file for each in lint(registry)] == [str(tmp_path / "x.yaml")]


def test_an_unknown_prompt_is_told_with_the_nearest(write: Any) -> None:
    with pytest.raises(UsageError) as caught:
        write().get("pond.lok")
    assert caught.value.hint == "use pond.look"


def test_prompts_are_found_by_role_those_for_the_service_first(write: Any, a_prompt: Any) -> None:
    def tagged(name: str, **tags: Any) -> dict[str, Any]:
        return a_prompt(id=name, tags={"role": "planner", **tags})

    registry = write(
        tagged("any"), tagged("gates", services=["gates"]), tagged("other", services=["wells"]), a_prompt(id="x", tags={"role": "repairer"})
    )
    assert [prompt.id for prompt in registry.find("planner", "gates")] == ["gates", "any"]
    assert [prompt.id for prompt in registry.find("planner")] == ["any"]
