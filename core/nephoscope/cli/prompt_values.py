"""The values of a prompt, as a command line gives them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nephoscope.interfaces.errors import UsageError
from nephoscope.prompting import PromptTemplate


def gathered(prompt: PromptTemplate, words: Sequence[str], file: Path | None, test: str | None) -> dict[str, Any]:
    """A test's values, over them a file's, over them those given one by one. Raises ``UsageError``."""
    return {**(_of_test(prompt, test) if test else {}), **(_of_file(file) if file else {}), **dict(_given(prompt, each) for each in words)}


def _of_test(prompt: PromptTemplate, name: str) -> dict[str, Any]:
    for test in prompt.tests:
        if test.name == name:
            return dict(test.values)
    names = ", ".join(test.name for test in prompt.tests)
    raise UsageError(f"Prompt {prompt.id} has no test {name!r}.", f"use one of {names}" if names else "give values with --value")


def _of_file(file: Path) -> dict[str, Any]:
    try:
        read = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"The values in {file} cannot be read: {error}", "give a JSON object of variables") from None
    if not isinstance(read, dict):
        raise UsageError(f"{file} holds {type(read).__name__}, not an object.", 'write {"name": value, ...}')
    return read


def _given(prompt: PromptTemplate, words: str) -> tuple[str, Any]:
    name, equals, text = words.partition("=")
    if not equals:
        raise UsageError(f"{words!r} is no NAME=VALUE.", "write --value name=value")
    if any(variable.name == name and variable.type == "text" for variable in prompt.variables):
        return name, text
    try:
        return name, json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"The value of {name} is no JSON: {text}", "only texts may be given as plain words") from None
