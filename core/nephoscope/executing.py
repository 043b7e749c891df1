"""``exec``: somebody's own script or command behind the boundary, no engine."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nephoscope import __version__
from nephoscope.interfaces import UsageError
from nephoscope.models import Check, ExecutionResult, Problem, Script
from nephoscope.models.execution import Cost, Execution, MadeCall, Order, RefusedCall
from nephoscope.models.report import Isolation, ReportScope
from nephoscope.store import LedgerEntry, LedgerReader, Refusal
from nephoscope.store.run import RunStore
from nephoscope.validation import Validated

if TYPE_CHECKING:
    from nephoscope.boundary.client import Boundary
    from nephoscope.boundary.protocol import Lease
    from nephoscope.conducting import Conductor
    from nephoscope.engine.context import Context

MOST_BYTES = 1_000_000
UNASKED = frozenset({"contract", "determinism"})
"""Judges of what the loop needs of a script: that it can be repeated, that it asks something. People's own scripts need not."""
_PYTHON = """\
import sys

sys.argv = {argv!r}
SOURCE = {source!r}
exec(compile(SOURCE, sys.argv[0], "exec"))
"""
_COMMAND = """\
import os
import sys

ARGV = {argv!r}
PLACES = [os.path.dirname(sys.executable), os.path.join(sys.base_prefix, "bin"), "/usr/local/bin"]
os.environ["PATH"] = ":".join([*PLACES, os.environ["PATH"]])
try:
    os.execvp(ARGV[0], ARGV)
except FileNotFoundError:
    sys.exit("nephoscope: " + ARGV[0] + ": there is no such command in the sandbox")
"""

Judgement = Callable[[Script], Validated]
"""Judges a script's bytes as they are."""


def execute(order: Order, store: RunStore, conductor: Conductor) -> Execution:
    """Run an order on a record. On that of an investigation the facts that it brings count there."""
    with conductor.boundary(store) as (boundary, lease):
        count = _Facts(conductor.context(store, boundary, lease)) if store.load("problem", Problem) else None
        done = run_order(order, store, boundary, lease, lambda script: conductor.judge(script, lease, UNASKED))
        return done if count is None else done.model_copy(update={"new_facts": count.new()})


class _Facts:
    """Counts what a run adds to an investigation, and keeps it there."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._before = self._ids()

    def new(self) -> int:
        return len(self._ids() - self._before)

    def _ids(self) -> set[str]:
        from nephoscope.engine.dossier import dossier

        facts = list(dossier(self._context).all_facts())
        with contextlib.suppress(sqlite3.Error, OSError):
            self._context.store.put_facts(facts)
        return {fact.id for fact in facts}


def run_order(order: Order, store: RunStore, boundary: Boundary, lease: Lease, judge: Judgement) -> Execution:
    """Judge where that is wished, run in the sandbox, and tell what came of it. Raises :class:`UsageError` for what cannot be run."""
    source = order.source if order.source is not None else source_of(order.argv)
    check = Check(id="exec", intent=(order.name or " ".join(order.argv))[:200], cloud="")
    script = Script(source=source, check=check, cloud="", author="person")
    step = max((one.index for one in store.steps()), default=0) + 1
    told = Execution(
        id=store.id,
        name=order.name,
        step=step,
        script_hash=script.hash,
        status="refused",
        isolation=cast("Isolation", lease.isolation),
        scopes=tuple(ReportScope(cloud=one.cloud, account=one.account, principal=one.principal, regions=one.regions) for one in lease.identities),
        versions={"nephoscope": __version__},
        run_dir=str(store.dir),
    )
    judged = judge(script) if order.source is not None and order.static_checks else None
    told = told.model_copy(update={"violations": judged.violations if judged else ()})
    store.plan_step(step, check)
    name = store.intend(step, 1, script)
    if judged is not None:
        store.judge(step, 1, script, judged.violations)
        if not judged.accepted:
            store.end_step(step, "gap")
            return told
    before = boundary.spent().upstream
    result = boundary.execute(step, 1, name, script.author)
    _record(store, step, result)
    return _told(told, result, LedgerReader(store.dir), before)


def source_of(argv: Sequence[str]) -> str:
    """The script that runs a command. Python files are read here, because the sandbox does not see the caller's folders.

    Other commands must exist inside the sandbox. Raises :class:`UsageError`.
    """
    interpreter, *rest = argv
    if not Path(interpreter).name.startswith("python"):
        return _COMMAND.format(argv=list(argv))
    if rest[:1] == ["-c"] and len(rest) > 1:
        return _PYTHON.format(argv=["-c", *rest[2:]], source=rest[1])
    if not rest or (rest[0].startswith("-") and rest[0] != "-"):
        raise UsageError("only `python FILE ...`, `python -c CODE ...` and `python -` run behind the boundary", "put the code into a file")
    return _PYTHON.format(argv=list(rest), source=read_source(rest[0]))


def read_source(path: str) -> str:
    """A Python file, or with ``-`` standard input. Raises :class:`UsageError`."""
    try:
        code = sys.stdin.buffer.read(MOST_BYTES + 1) if path == "-" else _beginning(Path(path))
        text = code.decode("utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "give the path of a Python file in UTF-8") from error
    if len(code) > MOST_BYTES:
        raise UsageError(f"{path} is larger than {MOST_BYTES} bytes", "run a smaller script")
    return text


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _record(store: RunStore, step: int, result: ExecutionResult) -> None:
    """Keep the result. A full disk costs the record, never the answer: the ledger was written before."""
    with contextlib.suppress(sqlite3.Error, OSError):
        store.executed(step, 1, result)
        store.end_step(step, "done")


def _told(told: Execution, result: ExecutionResult, ledger: LedgerReader, before: int) -> Execution:
    made = [entry for entry in map(ledger.reply, result.calls) if entry is not None]
    refused = ledger.refused(told.step)
    spent = ledger.spent()
    ledger.close()
    calls = tuple(_made(entry) for entry in made)
    fresh = [call for call in calls if not call.cached]
    cost = Cost(
        usd=round(sum(call.usd or 0.0 for call in fresh), 9),
        upstream=spent.upstream - before,
        unpriced=tuple(sorted({call.operation for call in fresh if call.usd is None})),
    )
    return told.model_copy(
        update={
            **{name: getattr(result, name) for name in ("status", "exit_code", "limit_hit", "failure", "statements", "output", "truncated")},
            "calls": calls,
            "refusals": tuple(_refused(refusal) for refusal in refused),
            "seconds": round(result.seconds, 4),
            "cost": cost,
        }
    )


def _made(entry: LedgerEntry) -> MadeCall:
    call = entry.call
    return MadeCall(
        id=call.id,
        operation=call.name,
        account=call.identity.account,
        principal=call.identity.principal,
        region=call.region,
        params=call.params,
        tier=entry.tier,
        decision=entry.decision,
        permission=entry.permission,
        status=entry.status,
        error=entry.error,
        cached=entry.cached_from is not None,
        usd=entry.usd,
        seconds=entry.answered.seconds,
        at=entry.observed_at,
    )


def _refused(refusal: Refusal) -> RefusedCall:
    call = refusal.call
    return RefusedCall(
        id=refusal.id,
        operation=call.name if call else "",
        what=refusal.what,
        account=call.identity.account if call else "",
        region=call.region if call else "",
        code=refusal.code,
        reason=refusal.reason,
        tier=refusal.tier,
        needs=refusal.needs,
        permission=refusal.permission,
        at=refusal.at,
    )
