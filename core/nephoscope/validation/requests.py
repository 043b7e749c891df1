"""What a script asks of a cloud, as far as it can be seen beforehand: operations, and parameters that change from run to run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from nephoscope.models import Script, ScriptEnvironment, Violation
from nephoscope.validation.flow import Flow, Operation
from nephoscope.validation.imports import HELPER
from nephoscope.validation.syntax import tree_of

CHANGING = frozenset(
    """
    create delete put update terminate modify remove attach detach reboot purge revoke deregister disassociate untag invoke publish upload
    """.split()
)
"""Verbs that no read begins with, in any SDK."""


class Operations:
    """Judge: lists the operations a script would ask for; one that changes something is an error before it is a refusal."""

    name = "operations"

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """An ``info`` for each operation seen, an error for each that changes something."""
        return [_told(operation) for operation in Flow(tree_of(script.source), environment).operations()]


class Determinism:
    """Judge: parameters of calls depend on neither clock nor chance, or a resumed run could not be answered from its own record."""

    name = "determinism"

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """One error for each call with such a parameter."""
        flow = Flow(tree_of(script.source), environment)
        return [
            Violation(
                rule="clock-in-parameters",
                severity="error",
                line=call.lineno,
                message="a parameter of this call depends on the clock or on chance, so no two runs would ask the same",
                hint=f"take the time from NOW, the step's own time: from {HELPER} import now",
            )
            for call in flow.calls()
            if any(flow.depends_on_clock(argument) for argument in [*call.args, *(keyword.value for keyword in call.keywords)])
        ]


class Contract:
    """Judge: a script asks a cloud something, and states what it states in a form that can be evaluated again."""

    name = "contract"

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """An error where nothing is asked or a statement lacks its source."""
        flow = Flow(tree_of(script.source), environment)
        found = list(_statements(flow.tree))
        if environment.imports and next(flow.calls(), None) is None:
            hint = f"ask with {', '.join(environment.imports)}; facts come from the recorded replies alone"
            found.append(Violation(rule="asks-nothing", severity="error", message="the script makes no call, so nothing can come of it", hint=hint))
        return found


def operations(script: Script, environment: ScriptEnvironment) -> list[Operation]:
    """Every operation seen in a script that parses, best effort."""
    return list(Flow(tree_of(script.source), environment).operations())


def _told(operation: Operation) -> Violation:
    words = operation.name.removeprefix("batch_").partition("_")[0]
    called = f"{operation.service}:{operation.name}" if operation.service else operation.name
    if words in CHANGING:
        message = f"{called} changes something; scripts only read and the broker would refuse it"
        return Violation(
            rule="changes-something", severity="error", line=operation.line, message=message, hint="read the setting that it would change"
        )
    return Violation(rule="operation", severity="info", line=operation.line, message=f"asks {called}")


def _statements(tree: ast.Module) -> Iterator[Violation]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_state(node.func):
            given = dict(zip(("subject", "attribute", "value", "operation", "expr", "params"), node.args, strict=False))
            given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            starred = any(isinstance(arg, ast.Starred) for arg in node.args) or any(keyword.arg is None for keyword in node.keywords)
            missing = {"subject", "attribute", "value", "operation", "expr"} - set(given)
            if missing and not starred:
                yield _bad_statement(node, f"the statement lacks {', '.join(sorted(missing))}")
            operation = given.get("operation")
            if isinstance(operation, ast.Constant) and not (isinstance(operation.value, str) and operation.value.count(":") == 1):
                yield _bad_statement(node, f"{operation.value!r} is no operation")


def _is_state(func: ast.expr) -> bool:
    if isinstance(func, ast.Attribute):
        return func.attr == "state" and isinstance(func.value, ast.Name) and func.value.id == HELPER
    return isinstance(func, ast.Name) and func.id == "state"


def _bad_statement(node: ast.Call, message: str) -> Violation:
    hint = "state(subject, attribute, value, 'service:Operation', expr): expr is evaluated again over the replies to that operation"
    return Violation(rule="statement", severity="error", line=node.lineno, message=message, hint=hint)
