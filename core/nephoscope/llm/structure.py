"""Replies of a given shape: how they are asked for, found in what came, checked, and asked for again."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from nephoscope.llm.card import ModelCard
from nephoscope.llm.request import Way
from nephoscope.llm.shapes import loosened, plain, strict
from nephoscope.models import JsonValue

MOST_REPAIRS = 2
_MOST_ERRORS = 8
_MOST_SCANNED = 40
MOST_MENDED = 100_000
_BROKEN = "it is no JSON"
_FENCED = re.compile(r"```[\w+-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)

Clear = Callable[[JsonValue], JsonValue]
"""Puts real identifiers back into a value."""


class Unusable(Exception):
    """A reply that does not have the shape. ``faults``: for the model."""

    def __init__(self, faults: str) -> None:
        super().__init__(faults)
        self.faults = faults


def ways(card: ModelCard) -> tuple[Way, ...]:
    """How this model may be asked for a shape, the strictest first; plain text always works."""
    can: list[tuple[str, Way]] = [("json_schema", "json_schema"), ("tools", "tool"), ("json_mode", "json_mode")]
    return (*(way for capability, way in can if capability in card.capabilities), "text")


def held(shape: dict[str, Any], way: Way) -> dict[str, Any] | None:
    """The schema that is sent beside the words: strict where the provider holds the reply to it, none where only words tell."""
    return strict(shape) if way == "json_schema" else shape if way == "tool" else None


def instruction(schema: dict[str, Any], way: Way) -> str:
    """What is added to the words where the provider does not hold the reply to the schema."""
    if way in ("json_schema", "tool"):
        return ""
    shape = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    return f"Answer with one JSON object and nothing else. It must fit this JSON Schema:\n{shape}"


UNUSABLE = "Your answer cannot be used:"
"""How a model is told that an answer did not fit."""


def again(faults: str) -> str:
    """What a model is told about a reply that does not fit."""
    return f"{UNUSABLE}\n{faults}\nAnswer once more: the whole corrected JSON object and nothing else."


def read(text: str, schema: type[BaseModel], clear: Clear) -> JsonValue:
    """The value in a reply, validated. Raises ``Unusable``."""
    shape = plain(schema)
    faults = ""
    for candidate in _candidates(text):
        for value in (candidate, *_wrapped(candidate)):
            try:
                return _validated(clear(loosened(value, shape)), schema)
            except ValidationError as error:
                faults = faults or _faults(error)
    broken = _not_json(text)
    raise Unusable(f"{broken}\n{faults}" if faults and _BROKEN in broken else faults or broken)


def _wrapped(value: JsonValue) -> Iterator[JsonValue]:
    """What stands in an envelope: a list of one, or an object around it, as of a tool call that was written out."""
    members = value if isinstance(value, list) and len(value) == 1 else value.values() if isinstance(value, dict) else ()
    for member in members:
        if isinstance(member, dict):
            yield member
        elif isinstance(member, str) and member.lstrip().startswith("{"):
            with contextlib.suppress(ValueError, RecursionError):
                yield _loads(member)


def _validated(value: JsonValue, schema: type[BaseModel]) -> JsonValue:
    dumped: JsonValue = schema.model_validate(value).model_dump(mode="json", by_alias=True)
    return dumped


def _candidates(text: str) -> Iterator[JsonValue]:
    """JSON in the text, each once: all of it, then what stands in fences, then whatever begins with a brace."""
    seen: set[str] = set()
    for part in (text, *_FENCED.findall(text)):
        try:
            value = _loads(part)
        except (ValueError, RecursionError):
            continue
        yield from _fresh(value, seen)
    for value in _scanned(text):
        yield from _fresh(value, seen)
    for value in _mended(text):
        yield from _fresh(value, seen)


def _fresh(value: JsonValue, seen: set[str]) -> Iterator[JsonValue]:
    key = json.dumps(value, sort_keys=True)
    if key not in seen:
        seen.add(key)
        yield value


def _scanned(text: str) -> Iterator[JsonValue]:
    decoder = json.JSONDecoder(strict=False, parse_constant=_refuse)
    position, tried = text.find("{"), 0
    while position >= 0 and tried < _MOST_SCANNED:
        tried += 1
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            yield _sound(value)
        position = text.find("{", end)


def _mended(text: str) -> Iterator[JsonValue]:
    """What nearly is JSON, made into it: single quotes, commas too many or too few, comments, words of Python. What does not close stays as it is."""
    import json_repair

    for part in (*_FENCED.findall(text), text[max(0, text.find("{")) : text.rfind("}") + 1]):
        if 0 < part.count("{") == part.count("}") and part.count("[") == part.count("]") and len(part) < MOST_MENDED:
            with contextlib.suppress(ValueError, RecursionError, IndexError, TypeError):
                value = json_repair.loads(part)
                if isinstance(value, dict | list) and value:
                    yield _loads(json.dumps(value))


def _loads(text: str) -> JsonValue:
    return _sound(json.loads(text, strict=False, parse_constant=_refuse))


def _sound(value: Any) -> JsonValue:
    """Without lone surrogates, which no file or database takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_sound(item) for item in value]
    if isinstance(value, dict):
        return {_sound(key): _sound(item) for key, item in value.items()}  # type: ignore[misc]
    return value  # type: ignore[no-any-return]


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _faults(error: ValidationError) -> str:
    rows = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"- {'.'.join(str(step) for step in row['loc']) or 'the object'}: {row['msg']}" for row in rows[:_MOST_ERRORS]]
    return "\n".join([*lines, *([f"- and {len(rows) - _MOST_ERRORS} more"] if len(rows) > _MOST_ERRORS else [])])


def _not_json(text: str) -> str:
    if not text.strip():
        return "- it is empty"
    start = text.find("{")
    if start < 0:
        return "- it holds no JSON object"
    try:
        json.JSONDecoder(strict=False).raw_decode(text, start)
    except ValueError as error:
        return f"- {_BROKEN}: {error}"
    except RecursionError:
        return "- it is nested too deep"
    return "- it holds no JSON object that fits"
