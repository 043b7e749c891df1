"""What a prompt file holds, and what can be wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from nephoscope.interfaces import UsageError
from nephoscope.models import Frozen, JsonValue

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Kebab = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([.-][a-z0-9]+)*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Type = Literal["text", "integer", "number", "boolean", "list", "object"]
MAX_DEPTH = 40
"""Of nested lists and objects; what clouds answer stays below 20."""


class Variable(Frozen):
    """A value a prompt takes. Untrusted ones are rendered as data blocks, cut at ``max_length`` characters; trusted ones may not be longer."""

    name: Name
    type: Type
    description: str = ""
    required: bool = True
    default: JsonValue = None
    trust: Literal["trusted", "untrusted"] = "untrusted"
    max_length: int = Field(default=8_000, gt=0)

    def accepts(self, value: object) -> bool:
        """Whether the value has the type, all the way down. ``None`` stands for an optional value that is not there."""
        if value is None:
            return not self.required
        return _TYPES[self.type](value) and json_shaped(value)


class PromptMessage(Frozen):
    """One message; its named parts are templates, rendered one by one and joined by blank lines."""

    role: Literal["system", "user"]
    parts: Mapping[Name, Text] = Field(min_length=1)


class Override(Frozen):
    """Other wording for the models whose names match one of the patterns."""

    models: tuple[str, ...]
    why: str = ""
    replace: Mapping[Name, Text] = Field(default_factory=dict)
    append: Mapping[Name, Text] = Field(default_factory=dict)
    drop: tuple[Name, ...] = ()


class Tags(Frozen):
    """What a prompt is for. ``services`` empty: for any."""

    role: Kebab
    services: tuple[str, ...] = ()


class PromptTest(Frozen):
    """Values, and what the prompt made with them must and must not contain."""

    name: Kebab
    model: str = ""
    values: Mapping[str, JsonValue] = Field(default_factory=dict)
    contains: tuple[Text, ...] = ()
    lacks: tuple[Text, ...] = ()


class PromptTemplate(Frozen):
    """One file. ``template`` is short for a single user message with the part ``body``."""

    id: Kebab
    version: int = Field(ge=1)
    description: Text
    tags: Tags
    variables: tuple[Variable, ...] = ()
    messages: tuple[PromptMessage, ...] = Field(min_length=1)
    overrides: tuple[Override, ...] = ()
    tests: tuple[PromptTest, ...] = ()
    source: str = ""
    """The file it was read from."""

    @model_validator(mode="before")
    @classmethod
    def _written_short(cls, raw: object) -> object:
        if not isinstance(raw, dict) or "template" not in raw:
            return raw
        if "messages" in raw:
            raise ValueError("a prompt has either template or messages")
        return {**{key: raw[key] for key in raw if key != "template"}, "messages": [{"role": "user", "parts": {"body": raw["template"]}}]}

    @property
    def untrusted(self) -> frozenset[str]:
        """Names of the variables that hold data of others."""
        return frozenset(variable.name for variable in self.variables if variable.trust == "untrusted")


class Fault(Frozen):
    """What is wrong with a prompt, where, and what mends it."""

    file: str
    prompt: str = ""
    where: str = ""
    what: str
    fix: str

    @property
    def message(self) -> str:
        """File, prompt, place and fault in one line."""
        return ": ".join(part for part in (self.file, self.prompt and f"prompt {self.prompt}", self.where, self.what) if part)

    def error(self) -> UsageError:
        """The same as an exception."""
        return UsageError(self.message, self.fix)


def fault(prompt: PromptTemplate, where: str, what: str, fix: str) -> Fault:
    """A fault of one prompt."""
    return Fault(file=prompt.source, prompt=prompt.id, where=where, what=what, fix=fix)


def json_shaped(value: object, depth: int = 0) -> bool:
    """Whether a value is JSON as it stands: text keys, finite numbers, not absurdly deep."""
    if isinstance(value, dict):
        return depth < MAX_DEPTH and all(isinstance(key, str) and json_shaped(item, depth + 1) for key, item in value.items())
    if isinstance(value, list):
        return depth < MAX_DEPTH and all(json_shaped(item, depth + 1) for item in value)
    return value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[object], bool]] = {
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
