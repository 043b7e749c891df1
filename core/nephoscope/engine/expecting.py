"""A script's test: facts that must come out on mock data, and the mock data changed so that they must not. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from nephoscope.interfaces import Estate
from nephoscope.knowledge import paths
from nephoscope.models import Expected, JsonValue, Reply, Sample, Script, texts
from nephoscope.store import canonical
from nephoscope.validation.requests import operations
from nephoscope.validation.syntax import tree_of

_NAMING = re.compile(r"(name|id|arn|identifier|url)s?$", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")
_DEEPEST = 5


def named(script: Script, estate: Estate) -> tuple[str, ...]:
    """``service:Operation`` of everything the script would ask, as far as its text shows."""
    found = []
    for asked in operations(script, estate.environment()):
        own = {_plain(name): name for name in estate.operations_of(asked.service)} if asked.service else {}
        if name := own.get(_plain(asked.name)):
            found.append(f"{asked.service}:{name}")
    return tuple(dict.fromkeys(found))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def words(script: Script) -> set[str]:
    """Texts that stand in a script or are given to it: on the stage, everything it names is the account's own."""
    constants = (node.value for node in ast.walk(tree_of(script.source)) if isinstance(node, ast.Constant))
    return {text for value in (*constants, dict(script.check.params)) for text in texts(value)}


def expected(sample: Sample) -> Expected | None:
    """The fact that shows best whether a reply was read, and read to its end; ``None`` where it holds nothing that can be told apart."""
    document = _whole(sample)
    candidates = [(_worth(expr, value, len(sample.pages)), -number, expr, value) for number, (expr, value) in enumerate(_leaves(document))]
    worth, _, expr, value = max(candidates, default=(0, 0, "", None))
    return Expected(operation=sample.operation, expr=expr, value=value) if worth > 0 else None


def _whole(sample: Sample) -> Any:
    """All pages joined in the order in which they are asked for: the one without a token first."""
    return paths.joined([page.document for page in sorted(sample.pages, key=lambda page: bool(page.params))])


def _leaves(document: Any, expr: str = "", depth: int = 0) -> Iterator[tuple[str, JsonValue]]:
    """Expressions that lead to plain values, or to lists of them."""
    if depth > _DEEPEST or not isinstance(document, dict):
        return
    for key, value in document.items():
        here = f"{expr}.{_quoted(key)}" if expr else _quoted(key)
        if isinstance(value, dict):
            yield from _leaves(value, here, depth + 1)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for name, member in value[0].items():
                if not isinstance(member, dict | list):
                    yield f"{here}[].{_quoted(name)}", [one.get(name) for one in value]
        else:
            yield here, value


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_]\w*", key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _worth(expr: str, value: JsonValue, pages: int) -> int:
    """Names before other texts before numbers; nothing where the value is the same on every page, or of no kind that can be changed."""
    last = expr.rpartition(".")[2].strip('"')
    first = value[0] if isinstance(value, list) and value else value
    if pages > 1 and not (isinstance(value, list) and len(value) > 1):
        return 0
    if isinstance(first, bool) or not isinstance(first, str | int) or (isinstance(first, str) and _MOMENT.match(first)):
        return 0
    naming = 2 if _NAMING.search(last) else 0
    return naming + (2 if isinstance(first, str) and not first.startswith("{") else 1)


def changed(sample: Sample, fact: Expected) -> Sample:
    """The same reply with the fact's values changed, wherever they stand."""
    values: set[str | int] = set(texts([fact.value])) | set(_numbers(fact.value))

    def other(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: other(member) for key, member in value.items()}
        if isinstance(value, list | tuple):
            return [other(member) for member in value]
        if isinstance(value, bool) or value not in values:
            return value
        return f"{value}-changed" if isinstance(value, str) else value + 1000

    return sample.model_copy(update={"pages": tuple(page.model_copy(update={"document": other(page.document)}) for page in sample.pages)})


def _numbers(value: JsonValue) -> Iterator[int]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, int) and not isinstance(one, bool):
            yield one


def holds(fact: Expected, replies: Sequence[Reply]) -> bool:
    """Whether one reading of the operation, all its pages joined, shows the fact."""
    return any(seen(fact.expr, pages) == canonical(fact.value) for pages in readings(fact.operation, replies))


def seen(expr: str, pages: Sequence[Reply]) -> str | None:
    """What an expression gives over pages, as canonical text; ``None`` where it gives nothing."""
    try:
        value = jmespath.search(expr, paths.joined([page.document for page in pages]))
    except (JMESPathError, ValueError, TypeError, RecursionError):
        return None
    return None if value is None else canonical(value)


def readings(operation: str, replies: Sequence[Reply]) -> list[list[Reply]]:
    """The answered readings of an operation, each with its pages."""
    chains: dict[str, list[Reply]] = {}
    for reply in replies:
        if reply.call.name == operation and not reply.error:
            chains.setdefault(reply.chain or reply.call.id, []).append(reply)
    return list(chains.values())
