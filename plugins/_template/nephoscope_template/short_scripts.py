"""An example: a validator that keeps scripts short enough to be read before they run."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.models import Script, ScriptEnvironment, Violation


class ShortScripts:
    """Judge: rejects scripts of more than ``most`` lines."""

    name = "short-scripts"

    def __init__(self, most: int = 200) -> None:
        self.most = most

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """One error, or none."""
        lines = len(script.source.splitlines())
        if lines <= self.most:
            return []
        message = f"the script has {lines} lines; more than {self.most} are hard to read before it runs"
        return [Violation(rule="too-long", severity="error", message=message, hint="split the check into smaller ones")]
