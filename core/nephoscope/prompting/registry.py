"""The prompts of all packs, by id."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from nephoscope.interfaces import UsageError
from nephoscope.prompting import rendering
from nephoscope.prompting.template import Fault, PromptTemplate


@dataclass(frozen=True)
class PromptRegistry:
    """``faults``: of files that could not be read, and of ids that several files claim; none of those prompts is used."""

    prompts: Mapping[str, PromptTemplate]
    faults: Sequence[Fault] = ()

    def get(self, prompt_id: str) -> PromptTemplate:
        """Raises ``UsageError`` with the nearest id, or with what is wrong with the prompt."""
        if prompt_id in self.prompts:
            return self.prompts[prompt_id]
        for each in self.faults:
            if each.prompt == prompt_id:
                raise each.error()
        near = difflib.get_close_matches(prompt_id, self.prompts, n=1) or sorted(self.prompts)
        raise UsageError(f"There is no prompt {prompt_id!r}.", f"use {' or '.join(near)}" if near else "install nephoscope-prompts")

    def render(self, prompt_id: str, values: Mapping[str, Any], model: str = "") -> list[rendering.Message]:
        """The messages of a prompt for a model. Raises ``UsageError`` naming prompt, variable, file and fix."""
        return rendering.render(self.get(prompt_id), values, model)

    def find(self, role: str, service: str = "") -> list[PromptTemplate]:
        """The prompts for a role, those made for the service first, then those for any."""
        chosen = [prompt for prompt in self.prompts.values() if prompt.tags.role == role]
        fitting = [prompt for prompt in chosen if not prompt.tags.services or service in prompt.tags.services]
        return sorted(fitting, key=lambda prompt: (not prompt.tags.services, prompt.id))


def load_prompts(folders: Iterable[Path]) -> PromptRegistry:
    """Every ``*.yaml`` of the folders and below. Never raises for what a file holds: it becomes a fault."""
    found: dict[str, list[PromptTemplate]] = {}
    faults: list[Fault] = []
    for folder in dict.fromkeys(folders):
        for path in sorted(folder.rglob("*.yaml")):
            read = read_prompt(path)
            if isinstance(read, Fault):
                faults.append(read)
            else:
                found.setdefault(read.id, []).append(read)
    for prompt_id, rivals in found.items():
        if len(rivals) > 1:
            files = " and ".join(prompt.source for prompt in rivals)
            what, fix = f"the id is used by {files}; none of them is used", "give each its own id, or switch off the pack that brings one"
            faults += [Fault(file=prompt.source, prompt=prompt_id, what=what, fix=fix) for prompt in rivals]
    return PromptRegistry({prompt_id: rivals[0] for prompt_id, rivals in sorted(found.items()) if len(rivals) == 1}, tuple(faults))


def read_prompt(path: Path) -> PromptTemplate | Fault:
    """The prompt of a file, or why there is none."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, ValueError, RecursionError) as error:
        return Fault(file=str(path), what=f"it is no YAML: {' '.join(str(error).split())}", fix="mend the file")
    if not isinstance(raw, dict):
        return Fault(file=str(path), what="it holds no prompt", fix="write id, version, description, tags, variables, messages and tests")
    try:
        return PromptTemplate.model_validate({**raw, "source": str(path)})
    except (ValidationError, TypeError) as error:
        what = "; ".join(_wrong(error)) if isinstance(error, ValidationError) else str(error)
        return Fault(file=str(path), prompt=str(raw.get("id", "")), what=what, fix="mend these fields")


def _wrong(error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        yield f"{'.'.join(str(step) for step in each['loc']) or 'the prompt'}: {each['msg']}"
