"""From a prompt and values to messages. One pass: what a value holds is never looked at as a template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from nephoscope.models import Frozen
from nephoscope.prompting.data import RULE, block
from nephoscope.prompting.overrides import messages_for
from nephoscope.prompting.template import PromptMessage, PromptTemplate, Variable, fault

FILTERS = ("join", "length", "lower", "upper", "tojson", "indent")


class Message(Frozen):
    """What a model is sent."""

    role: Literal["system", "user"]
    content: str


class Block:
    """An untrusted value, already a data block. It can be printed and asked whether it is there; it is no text that could be worked on."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        raise TypeError("an untrusted value can only be printed as it is")


@lru_cache(maxsize=1)
def environment() -> ImmutableSandboxedEnvironment:
    """Jinja without loaders, globals and surprises."""
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_printed)
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in FILTERS}
    return made


def render(prompt: PromptTemplate, values: Mapping[str, Any], model: str = "") -> list[Message]:
    """The messages for a model. Raises ``UsageError`` naming prompt, variable, file and fix."""
    context = dict(_context(prompt, values))
    messages = [_message(prompt, message, context) for message in messages_for(prompt, model)]
    return _with_rule(messages) if prompt.untrusted else messages


def _printed(value: Any) -> Any:
    return value._text if isinstance(value, Block) else value


def _context(prompt: PromptTemplate, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    declared = [variable.name for variable in prompt.variables]
    for name in values:
        if name not in declared:
            fix = f"leave it out, or declare it; declared: {', '.join(declared) or 'none'}"
            raise fault(prompt, f"variable {name}", "the prompt has no such variable", fix).error()
    for variable in prompt.variables:
        yield variable.name, _value(prompt, variable, values)


def _value(prompt: PromptTemplate, variable: Variable, values: Mapping[str, Any]) -> Any:
    where = f"variable {variable.name}"
    if variable.required and variable.name not in values:
        raise fault(prompt, where, "it is required and was not given", f"give a value of type {variable.type}").error()
    value = values.get(variable.name, variable.default)
    if not variable.accepts(value):
        raise fault(prompt, where, f"expected {variable.type}, got {_shown(value)}", f"give JSON of type {variable.type}").error()
    if variable.trust == "untrusted":
        return Block(block(variable, value))
    if (size := _size(value)) > variable.max_length:
        fix = "give less of it, or raise max_length"
        raise fault(prompt, where, f"has {size} characters, more than the {variable.max_length} allowed", fix).error()
    return value


def _message(prompt: PromptTemplate, message: PromptMessage, context: Mapping[str, Any]) -> Message:
    parts = [_part(prompt, name, text, context).strip() for name, text in message.parts.items()]
    return Message(role=message.role, content="\n\n".join(part for part in parts if part))


def _part(prompt: PromptTemplate, name: str, text: str, context: Mapping[str, Any]) -> str:
    try:
        return environment().from_string(text).render(context)
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        fix = "mend the template; nephoscope prompts lint says what else is wrong"
        raise fault(prompt, f"part {name}", f"it cannot be rendered: {error}", fix).error() from error


def _with_rule(messages: list[Message]) -> list[Message]:
    """The messages with the word on data in the first system message, or in one of its own."""
    for number, message in enumerate(messages):
        if message.role == "system":
            return [*messages[:number], Message(role="system", content=f"{message.content}\n\n{RULE}"), *messages[number + 1 :]]
    return [Message(role="system", content=RULE), *messages]


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(key) + _size(item) for key, item in value.items())
    return sum(map(_size, value)) if isinstance(value, list) else len(str(value))


def _shown(value: object) -> str:
    return "a value that is not JSON all the way down" if isinstance(value, list | dict | float) else type(value).__name__
