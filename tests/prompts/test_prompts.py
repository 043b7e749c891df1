"""The prompts that ship: sound, with wording for models, and examples that keep the contracts they teach."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from nephoscope import builtin
from nephoscope.models import Check, Failure, Predicate, Script, ScriptEnvironment
from nephoscope.plugin.manager import load_plugins
from nephoscope.prompting import PromptRegistry, PromptTemplate, lint, load_prompts
from nephoscope.prompting.overrides import applies
from nephoscope.validation import chosen, validate
from nephoscope_planner_llm.said import Reply

ROOT = Path(__file__).parents[2] / "prompts"
FILES = sorted(path.name for path in ROOT.rglob("*.yaml"))


@pytest.fixture(scope="module")
def registry() -> PromptRegistry:
    return load_prompts(load_plugins().prompts)


def own(registry: PromptRegistry) -> Iterator[PromptTemplate]:
    return (prompt for prompt in registry.prompts.values() if Path(prompt.source).is_relative_to(ROOT))


def part(prompt: PromptTemplate, name: str) -> str:
    return next(message.parts[name] for message in prompt.messages if name in message.parts)


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_they_are_registered_and_without_fault(registry: PromptRegistry) -> None:
    assert lint(registry) == []
    assert {prompt.tags.role for prompt in own(registry)} == {"planner", "generator", "repairer", "explainer", "judge"}


def test_each_has_wording_for_some_models_and_says_why(registry: PromptRegistry) -> None:
    for prompt in own(registry):
        assert prompt.overrides
        assert all(override.why for override in prompt.overrides)


def test_every_override_is_tried_by_a_test_or_only_drops(registry: PromptRegistry) -> None:
    for prompt in own(registry):
        for override in prompt.overrides:
            tried = any(applies(override, test.model) for test in prompt.tests)
            assert tried or not (override.replace or override.append), (prompt.id, override.models)


@pytest.mark.parametrize("model", ["google:gemini-3-pro", "openai:gpt-4o", "x:llama3.3-70b", "mistral:mistral-large", "x:phoenix-3"])
def test_a_name_that_only_looks_like_a_family_gets_the_plain_wording(registry: PromptRegistry, model: str) -> None:
    assert [prompt.id for prompt in own(registry) for override in prompt.overrides if applies(override, model)] == []


def test_whatever_a_cloud_or_a_model_wrote_is_untrusted(registry: PromptRegistry) -> None:
    theirs = {"problem", "findings", "needs", "facts", "gaps", "steps", "check", "script", "violations", "failure", "known", "causes", "ruled_out"}
    for prompt in own(registry):
        assert {variable.name for variable in prompt.variables} & theirs <= prompt.untrusted


def test_the_planner_is_shown_decisions_that_are_decisions(registry: PromptRegistry) -> None:
    examples = [json.loads(text) for text in fenced(part(registry.get("planner.next-step"), "examples"), "json")]
    assert {example["decision"] for example in examples} == set(get_args(Reply.model_fields["decision"].annotation))
    for example in examples:
        assert getattr(Reply.model_validate(example), example["decision"])


def test_the_planner_is_told_every_predicate(registry: PromptRegistry) -> None:
    told = part(registry.get("planner.next-step"), "decision")
    assert all(re.search(rf"\b{name}\b", told) for name in get_args(Predicate.model_fields["is_"].annotation))


def test_the_repairer_is_told_every_kind_of_failure(registry: PromptRegistry) -> None:
    told = part(registry.get("repairer.script"), "kinds")
    assert all(re.search(rf"\b{name}\b", told) for name in get_args(Failure.model_fields["kind"].annotation))


def test_the_generator_is_shown_a_script_that_would_be_accepted(registry: PromptRegistry) -> None:
    (source,) = fenced(part(registry.get("generator.check-script"), "examples"), "python")
    script = Script(source=source, check=Check(id="c", intent="look", cloud="sky"), cloud="sky", author="model:x")
    rewriters = chosen(builtin.nephoscope_register_rewriters(), "black")
    result = validate(script, ScriptEnvironment(imports=("sky",)), rewriters, builtin.nephoscope_register_judges())
    assert result.accepted, result.violations
    assert [violation for violation in result.violations if violation.severity == "warning"] == []
    assert [violation.message for violation in result.violations] == ["asks gates:describe_gate", "asks gates:get_gate_policy"]


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_built_distribution_holds_every_prompt(tmp_path: Path, kind: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (built,) = tmp_path.iterdir()
    with zipfile.ZipFile(built) if kind == "wheel" else tarfile.open(built) as archive:
        names = archive.namelist() if isinstance(archive, zipfile.ZipFile) else archive.getnames()
    assert FILES
    assert sorted(Path(name).name for name in names if name.endswith(".yaml")) == FILES
    assert any(name.endswith("entry_points.txt" if kind == "wheel" else "pyproject.toml") for name in names)
