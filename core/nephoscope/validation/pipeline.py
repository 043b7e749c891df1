"""Runs the validators. Whatever text comes in and whatever a validator does, the answer is a verdict and never an exception."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nephoscope.interfaces import Judge, Rewriter
from nephoscope.models import Script, ScriptEnvironment, Violation
from nephoscope.validation.syntax import Syntax, one_at_a_time

FORMATTER = "format:"
"""Rewriters whose names begin so are alternatives: one is chosen by the setting ``formatter``."""


@dataclass(frozen=True)
class Validated:
    """``script``: the bytes that were judged. ``violations`` by line; one ``error`` among them means not accepted."""

    script: Script
    violations: tuple[Violation, ...]

    @property
    def accepted(self) -> bool:
        """Whether the script may run."""
        return all(violation.severity != "error" for violation in self.violations)


def chosen(rewriters: Iterable[Rewriter], formatter: str) -> list[Rewriter]:
    """The rewriters without the formatters that were not chosen."""
    return [rewriter for rewriter in rewriters if not rewriter.name.startswith(FORMATTER) or rewriter.name == FORMATTER + formatter]


def validate(script: Script, environment: ScriptEnvironment, rewriters: Sequence[Rewriter], judges: Sequence[Judge]) -> Validated:
    """Rewrite, then judge. Text that does not parse is judged at once, for nothing else can be said of it."""
    with one_at_a_time:
        return _validate(script, environment, rewriters, judges)


def _validate(script: Script, environment: ScriptEnvironment, rewriters: Sequence[Rewriter], judges: Sequence[Judge]) -> Validated:
    gate = Syntax()
    found = _judged(gate, script, environment)
    for rewriter in rewriters if not found else ():
        script, trouble = _rewritten(rewriter, script, environment)
        found = trouble or _judged(gate, script, environment)
        if found:
            break
    if not found:
        found = [violation for judge in judges for violation in _judged(judge, script, environment)]
    return Validated(script, tuple(sorted(dict.fromkeys(found), key=lambda violation: (violation.line, violation.rule))))


def _rewritten(rewriter: Rewriter, script: Script, environment: ScriptEnvironment) -> tuple[Script, list[Violation]]:
    try:
        source = rewriter.rewrite(script, environment).source
        return script.model_copy(update={"source": str(source)}), []  # a rewriter cannot change whose script it is
    except (Exception, SystemExit) as error:
        return script, [_crashed("rewriter", rewriter, error)]


def _judged(judge: Judge, script: Script, environment: ScriptEnvironment) -> list[Violation]:
    try:
        violations = list(judge.judge(script, environment))
        if not all(isinstance(violation, Violation) for violation in violations):
            raise TypeError("returned something that is no Violation")
        return violations
    except (Exception, SystemExit) as error:
        return [_crashed("judge", judge, error)]


def _crashed(role: str, validator: Rewriter | Judge, error: BaseException) -> Violation:
    told = str(error).encode("utf-8", "replace").decode()[:300]
    return Violation(
        rule=f"{role}-crashed",
        severity="error",
        message=f"the {role} {validator.name} could not cope with the script: {type(error).__name__}: {told}",
        hint="write it in plainer Python; if it is plain already, report this, or switch off the pack that brought the " + role,
    )
