"""A result that is there however the command ends: room for it is taken before anything runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from nephoscope.interfaces.errors import UsageError
from nephoscope.models.execution import Execution
from nephoscope.models.report import Trouble

ROOM = 32_768
"""Bytes kept free for a shortened result on a disk that fills up meanwhile."""
_FEW = 20
_HINT = "give --result a file in a folder you may write, on a disk with some room"


class ResultFile:
    """The file of ``--result``. From the start on it holds a whole document: that the command did not end, then what it came to."""

    def __init__(self, path: Path) -> None:
        """Take the room. Raises ``UsageError`` where nothing can be written."""
        self.path = path
        unended = Execution(status="error", trouble=Trouble(message="nephoscope was ended before the command was", exit_code=137))
        try:
            path.unlink(missing_ok=True)
            with path.open("xb") as file:
                path.chmod(0o600)
                file.write(_padded(unended))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                path.unlink()
            raise UsageError(f"The result cannot be written to {path}: {error.strerror}.", _HINT) from None

    def write(self, execution: Execution) -> bool:
        """Put the result in its place; whether it is whole. On a full disk a shortened one goes into the room that was kept."""
        if self._replace(self.path, _json(execution)):
            return True
        with self.path.open("r+b") as file:
            file.write(_padded(next(short for short in _shortened(execution) if len(_json(short)) <= ROOM)))
        return False

    def beside(self, suffix: str, text: str) -> None:
        """Write an artefact beside it. Raises ``UsageError``."""
        path = self.path.with_name(self.path.name + suffix)
        if not self._replace(path, text.encode("utf-8", "replace")):
            with contextlib.suppress(OSError):
                path.unlink()  # one of an earlier run would be taken for this one's
            raise UsageError(f"{path} could not be written.", "free some space; the result itself is there")

    @staticmethod
    def _replace(path: Path, data: bytes) -> bool:
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with fresh.open("wb") as file:
                fresh.chmod(0o600)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            return True
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            return False


def _json(execution: Execution) -> bytes:
    return (execution.model_dump_json(by_alias=True, indent=2) + "\n").encode("utf-8", "replace")


def _padded(execution: Execution) -> bytes:
    return _json(execution).ljust(ROOM)


def _shortened(execution: Execution) -> Iterable[Execution]:
    """Less and less of it; the last has nothing that can be long."""
    output = execution.output if len(execution.output) <= 8000 else f"{execution.output[:4000]}\n… cut …\n{execution.output[-4000:]}"
    calls = tuple(call.model_copy(update={"params": {}}) for call in execution.calls[:_FEW])
    less = {"output": output, "statements": (), "truncated": True, "calls": calls, "refusals": execution.refusals[:_FEW]}
    yield execution.model_copy(update={**less, "violations": execution.violations[:_FEW]})
    bare = {"output": "", "calls": (), "refusals": (), "violations": (), "scopes": (), "name": execution.name[:200]}
    yield execution.model_copy(update={**less, **bare})
    yield execution.model_copy(update={**less, **bare, "failure": None, "trouble": None, "cost": execution.cost.model_copy(update={"unpriced": ()})})
