"""Bandit, in this process. What it could not look at is rejected: silence is no clearance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nephoscope.models import Script, ScriptEnvironment, Violation


class Security:
    """Judge: medium and high findings reject, low ones are remarks. Comments in the script cannot silence it."""

    name = "security"

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """One violation for each of Bandit's findings."""
        manager = _scanned(script.source)
        skipped = manager.get_skipped()
        if skipped or len(manager.files_list) != 1:
            reason = skipped[0][1] if skipped else "no file was scanned"
            message = f"Bandit could not look at the script: {reason}"
            return [Violation(rule="bandit-skipped", severity="error", message=message, hint="write it in plainer Python")]
        return [_violation(issue) for issue in manager.results]


def _scanned(source: str) -> Any:
    from bandit.core.config import BanditConfig
    from bandit.core.manager import BanditManager

    # debug: a check that crashes must raise (and so skip the file), not be left out with a log line
    manager = BanditManager(BanditConfig(), "file", debug=True, ignore_nosec=True)
    with TemporaryDirectory(prefix="nephoscope-") as folder:
        path = Path(folder) / "script.py"
        path.write_bytes(source.encode())
        manager.files_list = [str(path)]
        manager.run_tests()
    return manager


def _violation(issue: Any) -> Violation:
    return Violation(
        rule=f"bandit-{issue.test_id}",
        severity="warning" if issue.severity in ("LOW", "UNDEFINED") else "error",
        line=issue.lineno,
        message=str(issue.text),
        hint="scripts only ask the cloud and state what it answered; do this without it",
    )
