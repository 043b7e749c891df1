"""Which wording a model gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from nephoscope.prompting.template import Fault, Override, PromptMessage, PromptTemplate, fault


def messages_for(prompt: PromptTemplate, model: str) -> tuple[PromptMessage, ...]:
    """The messages of a prompt with every override that matches the model, in the order they are written."""
    return apply(prompt.messages, (override for override in prompt.overrides if applies(override, model)))


def applies(override: Override, model: str) -> bool:
    """Whether one of its patterns matches: ``provider:name`` as a whole, or the name alone where the pattern has no provider."""
    whole = model.lower()
    name = whole.partition(":")[2] or whole
    return bool(model) and any(fnmatchcase(whole if ":" in pattern else name, pattern.lower()) for pattern in override.models)


def apply(messages: tuple[PromptMessage, ...], overrides: Iterable[Override]) -> tuple[PromptMessage, ...]:
    """The messages with parts replaced, appended to and dropped; a message without parts goes."""
    for override in overrides:
        changed = (message.model_copy(update={"parts": dict(_parts(message, override))}) for message in messages)
        messages = tuple(message for message in changed if message.parts)
    return messages


def _parts(message: PromptMessage, override: Override) -> Iterator[tuple[str, str]]:
    for name, text in message.parts.items():
        if name not in override.drop:
            more = override.append.get(name, "")
            yield name, override.replace.get(name, text).rstrip() + (f"\n{more}" if more else "")


def faults(prompt: PromptTemplate) -> Iterator[Fault]:
    """Patterns that match nothing or everything, and parts that are not there."""
    parts = {name for message in prompt.messages for name in message.parts}
    for number, override in enumerate(prompt.overrides, 1):
        where = f"override {number}"
        if not override.models:
            yield fault(prompt, where, "it is for no model", 'name models, such as models: ["*mini*"]')
        for pattern in override.models:
            if trouble := _trouble(pattern):
                yield fault(prompt, where, f"the pattern {pattern!r} {trouble}", "write provider:name or name; * and ? stand for what varies")
        if not (override.replace or override.append or override.drop):
            yield fault(prompt, where, "it changes nothing", "replace, append or drop a part, or take it out")
        named = [*override.replace, *override.append, *override.drop]
        for name in sorted({*named} - parts):
            yield fault(prompt, where, f"there is no part {name!r}", f"use one of {', '.join(sorted(parts))}")
        for name in sorted({name for name in override.drop if named.count(name) > 1}):
            yield fault(prompt, where, f"the part {name!r} is dropped and changed, or dropped twice", "do one of them")


def _trouble(pattern: str) -> str:
    if not pattern.strip("*?: "):
        return "matches every model" if pattern.strip() else "is empty"
    if pattern != "".join(pattern.split()):
        return "has blanks, which no model's name has"
    if pattern.count("[") != pattern.count("]"):
        return "opens a bracket that it does not close"
    return ""
