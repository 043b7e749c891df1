"""What a script costs its clouds beyond need: calls in loops where one would do, windows without a beginning, everything read to keep a little."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nephoscope.models import Script, ScriptEnvironment, Violation
from nephoscope.validation.flow import Flow, Operation
from nephoscope.validation.syntax import tree_of

PER_LOOP = 20
"""Assumed rounds of a loop whose number nobody can tell beforehand."""
_TELEMETRY = re.compile(r"(?:log_events|log_entries|events|query|logs)$")
_BEGINNING = re.compile(r"start.?time|start.?query|^filter$|filter_?expression|^start", re.IGNORECASE)
_ONE_METRIC = re.compile(r"^get_(?:metric_statistics|metric)$")
_NARROWS = re.compile(r"filter|prefix|names?$|ids?$|arns?$|query|status", re.IGNORECASE)
_LISTS = ("list_", "describe_")


@dataclass(frozen=True)
class _Asked:
    """A call to a cloud as written. ``loops``: how many loops stand around it, those over pages not counted; ``names``: what they count through."""

    operation: Operation
    call: ast.Call
    loops: int
    names: frozenset[str]


class Economy:
    """Judge: warnings with an estimate of the calls before and after. Waste is no danger: the purse ends it, this tells the writer early."""

    name = "economy"

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """One warning for each habit that costs more than it must; a window without a beginning is an error."""
        tree = tree_of(script.source)
        flow = Flow(tree, environment)
        asked = list(_asked(tree, {(one.line, one.name): one for one in flow.operations()}))
        found = [violation for one in asked for violation in _habits(one)]
        lines = {violation.line for violation in found}
        found += _kept_by_hand(tree, asked)
        if found:
            now = sum(PER_LOOP ** min(one.loops, 2) for one in asked)
            then = sum(1 if one.call.lineno in lines else PER_LOOP ** min(one.loops, 2) for one in asked)
            found.append(_told("calls-estimate", 0, "info", f"about {now} calls as written, about {then} with these hints", ""))
        return found


def _asked(tree: ast.Module, operations: dict[tuple[int, str], Operation]) -> Iterator[_Asked]:
    paged = {id(node.func.value): node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}

    def walk(node: ast.AST, loops: tuple[ast.AST, ...]) -> Iterator[_Asked]:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            own = next((operations[key] for key in ((node.lineno, node.func.attr), (node.lineno, _first(node))) if key in operations), None)
            if own is not None:
                real = [loop for loop in loops if not _over_pages(loop)]
                call = paged.get(id(node), node) if "paginat" in node.func.attr else node
                yield _Asked(own, call, len(real), frozenset(name for loop in real for name in _targets(loop)))
        around = loops
        if isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            around = (*loops, node)
        for field, value in ast.iter_fields(node):
            inner = loops if isinstance(node, ast.For | ast.AsyncFor) and field == "iter" else around
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from walk(child, inner)

    yield from walk(tree, ())


def _first(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _iterated(loop: ast.AST) -> list[ast.expr]:
    if isinstance(loop, ast.For | ast.AsyncFor):
        return [loop.iter]
    return [part.iter for part in getattr(loop, "generators", ())]


def _over_pages(loop: ast.AST) -> bool:
    """A loop over a paginator, or one that asks for the next page by hand."""
    if isinstance(loop, ast.While):
        return any(isinstance(part, ast.Constant | ast.Name | ast.Attribute) and "oken" in ast.unparse(part) for part in ast.walk(loop))
    return any("paginat" in ast.unparse(one) or "pages" in ast.unparse(one) for one in _iterated(loop))


def _targets(loop: ast.AST) -> Iterator[str]:
    places = [loop.target] if isinstance(loop, ast.For | ast.AsyncFor) else [part.target for part in getattr(loop, "generators", ())]
    return (part.id for place in places for part in ast.walk(place) if isinstance(part, ast.Name))


def _habits(one: _Asked) -> Iterator[Violation]:
    name, line = one.operation.name, one.call.lineno
    given = {keyword.arg or "" for keyword in one.call.keywords}
    if _TELEMETRY.search(name) and given and not any(_BEGINNING.search(key) for key in given if key):
        hint = "give the beginning of the window, computed from now(); without one everything ever written is read, and paid for"
        yield _told("open-window", line, "error", f"{name} has no beginning", hint)
    if not one.loops:
        return
    if _ONE_METRIC.search(name):
        yield _told(
            "metric-by-metric", line, "warning", f"{name} is asked once per metric", "ask for many metrics in one call, such as get_metric_data"
        )
    elif _single(one):
        hint = "hand the whole list to one call (a list or batch operation, or a list parameter)"
        yield _told("call-in-loop", line, "warning", f"{name} is asked once per item, about {PER_LOOP} times; one call may do", hint)


def _single(one: _Asked) -> bool:
    """A list parameter given one item at a time, or a describing call for each."""
    for keyword in one.call.keywords:
        if isinstance(keyword.value, ast.List | ast.Tuple) and len(keyword.value.elts) == 1 and _names(keyword.value) & one.names:
            return True
    return one.operation.name.startswith(_LISTS) and any(_names(keyword.value) & one.names for keyword in one.call.keywords)


def _kept_by_hand(tree: ast.Module, asked: Sequence[_Asked]) -> Iterator[Violation]:
    """Everything is listed, and the script keeps what equals a constant."""
    wide = [one for one in asked if one.operation.name.startswith(_LISTS) and not any(_NARROWS.search(key.arg or "") for key in one.call.keywords)]
    for one in wide:
        held = {name for target in _holders(tree, one.call) for name in _names(target)}
        for node in ast.walk(tree):
            if any(_names(each) & held for each in _iterated(node)) and _chooses(node):
                hint = "let the server choose, by the filter or name parameter of the operation, where it has one"
                yield _told(
                    "no-filter", one.call.lineno, "warning", f"{one.operation.name} reads everything and the script keeps a little of it", hint
                )
                break


def _holders(tree: ast.Module, call: ast.Call) -> Iterator[ast.expr]:
    """What the reply gets its name from: an assignment, or a loop over its pages."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and call in ast.walk(node.value):
            yield from node.targets
        elif isinstance(node, ast.For | ast.AsyncFor) and call in ast.walk(node.iter):
            yield node.target


def _chooses(loop: ast.AST) -> bool:
    tests = [part.test for part in getattr(loop, "body", ()) if isinstance(part, ast.If)] if isinstance(loop, ast.For | ast.AsyncFor) else []
    tests += [test for part in getattr(loop, "generators", ()) for test in part.ifs]
    return any(
        isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.NotEq) and isinstance(test.comparators[0], ast.Constant)
        for test in tests
    )


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _told(rule: str, line: int, severity: str, message: str, hint: str) -> Violation:
    return Violation.model_validate({"rule": rule, "severity": severity, "line": line, "message": message, "hint": hint})
