"""A prompt as a person reads it: its variables, then every message part by part, for one model."""

from __future__ import annotations

from collections.abc import Iterator

from nephoscope.prompting.overrides import messages_for
from nephoscope.prompting.template import PromptTemplate, Variable


def wording(prompt: PromptTemplate, model: str = "") -> str:
    """One text, the same for the same prompt and model, so that two can be compared line by line."""
    return "\n".join(_lines(prompt, model)) + "\n"


def _lines(prompt: PromptTemplate, model: str) -> Iterator[str]:
    for variable in prompt.variables:
        yield f"{variable.name}: {_told(variable)}"
    for message in messages_for(prompt, model):
        for name, text in message.parts.items():
            yield from ("", f"[{message.role}: {name}]", *text.rstrip().splitlines())


def _told(variable: Variable) -> str:
    need = "required" if variable.required else f"optional, default {variable.default!r}"
    told = f"{variable.type}, {variable.trust}, {need}, at most {variable.max_length} characters"
    return f"{told}: {variable.description}" if variable.description else told
