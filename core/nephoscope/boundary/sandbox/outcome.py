"""What a run came to, said in the words of the models.

What a script can lie about. It shares its process with the bootstrap, so everything on its three channels is its own word: its
statements, its output, and why it says it failed (the failure's kind, message and operation, and a limit it says it felt). None of that
proves anything: statements are evaluated again from recorded replies, a failure only guides the repair of that same script. ``status``,
``exit_code``, ``seconds``, ``truncated`` and a limit enforced from outside are what this side saw. A script may end early with status 0:
"ok" says that it ended by itself, not that it did its work. It may end with 128 + a signal's number, and then looks killed.
"""

from __future__ import annotations

import json
import signal
from contextlib import suppress
from dataclasses import dataclass

from nephoscope.boundary.sandbox.channel import Capture, clip, statements
from nephoscope.models import ExecutionResult, Failure, Limits

KINDS = frozenset({"syntax", "import", "api_error", "refused", "limit", "crash"})
"""What a script may call its own failure; a timeout is seen from outside."""
HINTS = {
    "import": "only the standard library and the packages of the script's environment are there",
    "refused": "a script reaches nothing but the cloud's API, and writes nowhere but in its own folder",
    "memory": "read in pages and keep only what is needed",
    "disk": "keep results in memory, there is little room for files",
    "files": "keep results in memory, there is little room for files",
    "calls": "ask for lists instead of one thing at a time, and do not poll",
    "paid_calls": "ask for less of what costs money",
    "processes": "use a few threads at most, no processes",
    "descriptors": "close files and connections after use",
    "seconds": "ask for less at once, and never wait or poll",
}
LIMITS = frozenset({"memory", "disk", "processes", "descriptors"})


@dataclass(frozen=True)
class Killed:
    """Why a run ended that did not end by itself. ``limit``: the one that was reached, if that was why."""

    limit: str | None
    failure: Failure


@dataclass(frozen=True)
class Ending:
    """What trusted code saw. ``exit_code`` as launchers give it: minus the signal, or 128 + signal when passed on."""

    exit_code: int
    seconds: float
    killed: Killed | None
    felt: str | None = None
    """A limit that the kernel enforced on it."""

    @property
    def signal(self) -> int:
        """The signal that ended the script, 0 if none."""
        if self.exit_code < 0:
            return -self.exit_code
        return self.exit_code - 128 if 128 < self.exit_code <= 128 + signal.NSIG else 0


def outcome(ending: Ending, limits: Limits, output: Capture, stated: Capture, report: Capture) -> ExecutionResult:
    """The result of a run that is over and whose captures are closed."""
    kept, dropped = statements(stated.data, limits.output_bytes)
    text, cut = clip(output.data, limits.output_bytes)
    if dropped:
        text += f"\n{dropped} statement(s) dropped: not one JSON object of plain values per line, or too large\n"
    failure, limit = _why(ending, report.data)
    if failure:
        failure = failure.model_copy(update={"hint": HINTS.get(limit or failure.kind, "")})
    return ExecutionResult(
        status="killed" if ending.killed or ending.signal else "failed" if ending.exit_code else "ok",
        statements=kept,
        failure=failure,
        limit_hit=limit,
        output=text,
        truncated=cut or output.truncated or stated.truncated,
        seconds=ending.seconds,
        exit_code=None if ending.killed else ending.exit_code,
    )


def _why(ending: Ending, report: bytes) -> tuple[Failure | None, str | None]:
    told, felt = _told(report)
    if ending.killed:
        before = f"; before that: {told.message}" if told else ""
        return ending.killed.failure.model_copy(update={"message": ending.killed.failure.message + before}), ending.killed.limit
    if ending.exit_code == 0:
        return None, None
    if told:
        return told, felt
    if ending.felt:
        return Failure(kind="limit", message=f"ended with the limit on {ending.felt} reached"), ending.felt
    if ending.signal in (signal.SIGXCPU, signal.SIGXFSZ):
        limit = "seconds" if ending.signal == signal.SIGXCPU else "disk"
        return Failure(kind="limit", message=f"ended by {signal.Signals(ending.signal).name}"), limit
    how = f"signal {ending.signal}" if ending.signal else f"status {ending.exit_code}"
    return Failure(kind="crash", message=f"ended with {how}"), None


def _told(report: bytes) -> tuple[Failure | None, str | None]:
    """The script's own account, reduced to what a failure may say."""
    with suppress(ValueError, TypeError, LookupError, RecursionError):
        told, _ = json.JSONDecoder().raw_decode(report.decode("utf-8", "replace"))  # the first of several, if its children failed too
        kind, limit = str(told["kind"]), str(told["limit"])
        texts = {name: str(told[name])[:5000].encode(errors="replace").decode() for name in ("message", "operation")}
        if kind in KINDS:
            return Failure.model_validate({"kind": kind, **texts}), limit if limit in LIMITS else None
    return None, None
