"""A validator: scripts do not sleep for long."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from nephoscope.models import Script, ScriptEnvironment, Violation


class NoNaps:
    """Judge: refuses ``time.sleep`` for longer than ``longest`` seconds, or for a time that cannot be seen."""

    name = "no-naps"

    def __init__(self, longest: float = 2.0) -> None:
        self.longest = longest

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """One error for each nap."""
        return [
            Violation(
                rule="nap",
                severity="error",
                line=node.lineno,
                message=f"may sleep longer than {self.longest:g} s",
                hint="return, and let the next check look again",
            )
            for node in ast.walk(ast.parse(script.source))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep") and not self._short(node)
        ]

    def _short(self, node: ast.Call) -> bool:
        seconds = node.args[0] if node.args else None
        return isinstance(seconds, ast.Constant) and isinstance(seconds.value, int | float) and seconds.value <= self.longest
