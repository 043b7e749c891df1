"""Faults that can be seen without running: names nobody defines, formats that do not match."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.models import Script, ScriptEnvironment, Violation
from nephoscope.validation.syntax import tree_of

HARMLESS = frozenset(
    """
    UnusedImport ImportShadowedByLoopVar RedefinedWhileUnused UnusedVariable UnusedAnnotation FStringMissingPlaceholders IsLiteral
    MultiValueRepeatedKeyLiteral MultiValueRepeatedKeyVariable UnusedIndirectAssignment
    """.split()
)
"""Messages about style; all others mean that the script fails or does something else than it says."""


class Lint:
    """Judge: pyflakes."""

    name = "lint"

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """Errors for what would fail at run time, warnings for the rest."""
        from pyflakes.checker import Checker

        found = Checker(tree_of(script.source), filename="script.py").messages
        return [
            Violation(
                rule=f"lint-{type(message).__name__}",
                severity="warning" if type(message).__name__ in HARMLESS else "error",
                line=message.lineno,
                message=str(message.message % message.message_args),
                hint="define it, import it, or take it out",
            )
            for message in found
        ]
