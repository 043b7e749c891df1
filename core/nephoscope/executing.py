"""``exec``: somebody's own script or command behind the boundary, no engine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nephoscope.interfaces import UsageError
from nephoscope.models import Check, ExecutionResult, Script
from nephoscope.store.run import RunStore

if TYPE_CHECKING:
    from nephoscope.boundary.client import Boundary

REFUSED = 125
KILLED = 137
MOST_BYTES = 1_000_000
_PYTHON = """\
import sys

sys.argv = {argv!r}
SOURCE = {source!r}
exec(compile(SOURCE, sys.argv[0], "exec"))
"""
_COMMAND = """\
import os

ARGV = {argv!r}
os.execvp(ARGV[0], ARGV)
"""


def run_command(argv: Sequence[str], store: RunStore, boundary: Boundary) -> int:
    """Run it in the sandbox, print what it prints, answer with its exit status. Raises :class:`UsageError` for what cannot be run."""
    if not argv:
        raise UsageError("there is nothing to run", "nephoscope exec -- python script.py")
    source = _source(argv)
    check = Check(id="exec", intent=" ".join(argv)[:200], cloud="")
    script = Script(source=source, check=check, cloud="", author="person")
    store.plan_step(1, check)
    name = store.intend(1, 1, script)
    result = boundary.execute(1, 1, name, script.author)
    store.executed(1, 1, result)
    store.end_step(1, "done")
    _show(result)
    return _status(result)


def _source(argv: Sequence[str]) -> str:
    """Python files are read here, because the sandbox does not see the caller's folders; other commands must exist inside it."""
    interpreter, *rest = argv
    if not Path(interpreter).name.startswith("python"):
        return _COMMAND.format(argv=list(argv))
    if rest[:1] == ["-c"] and len(rest) > 1:
        return _PYTHON.format(argv=["-c", *rest[2:]], source=rest[1])
    if not rest or (rest[0].startswith("-") and rest[0] != "-"):
        raise UsageError("only `python FILE ...`, `python -c CODE ...` and `python -` run behind the boundary", "put the code into a file")
    try:
        code = sys.stdin.read(MOST_BYTES) if rest[0] == "-" else Path(rest[0]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{rest[0]} cannot be read: {error}", "give the path of a Python file") from error
    if len(code) > MOST_BYTES:
        raise UsageError(f"{rest[0]} is larger than {MOST_BYTES} bytes", "run a smaller script")
    return _PYTHON.format(argv=list(rest), source=code)


def _show(result: ExecutionResult) -> None:
    sys.stdout.write(result.output)
    if result.output and not result.output.endswith("\n"):
        sys.stdout.write("\n")
    sys.stdout.flush()
    if result.limit_hit:
        sys.stderr.write(f"nephoscope: ended by the limit on {result.limit_hit}\n")


def _status(result: ExecutionResult) -> int:
    if result.exit_code is not None and result.exit_code >= 0:
        return result.exit_code
    return 0 if result.status == "ok" else KILLED if result.status == "killed" else 1
