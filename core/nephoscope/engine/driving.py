"""Drives the graph of one run: streams it, puts its interrupts to a person, drains it on request."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nephoscope.engine.approving import MOST_EDITS, proposal
from nephoscope.engine.context import Context
from nephoscope.engine.rounds import MOST_ATTEMPTS
from nephoscope.engine.state import GRAPH_VERSION, State
from nephoscope.interfaces import Stopped, StoreLost
from nephoscope.models import Approval, Question, Script
from nephoscope.models.report import Status

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.sqlite import SqliteSaver

CHECKPOINT = "checkpoint.db"
LOST = "checkpoints_lost"
_log = logging.getLogger("nephoscope.engine")
_START: State = {"step": 0, "attempt": 0, "outcome": ""}
NODES_PER_STEP = 2 + 6 * (MOST_ATTEMPTS + MOST_EDITS)
"""Observe and plan, then at most six nodes for each attempt, those of a person included."""


class Driver:
    """One investigation in motion."""

    def __init__(self, context: Context) -> None:
        from langgraph.runtime import RunControl

        self._context = context
        self._control = RunControl()

    def request_stop(self) -> None:
        """Finish the node that runs, then stop. Safe in a signal handler."""
        self._control.request_drain("stop requested")

    def run(self) -> Status:
        """From the last checkpoint, or from observe where there is none, to the end, an unanswered question, or a stop."""
        from langsmith import tracing_context

        store = self._context.store
        with tracing_context(enabled=False):
            if store.checkpointer:
                try:
                    with store.checkpointer() as saver:
                        return self._loop(saver)
                except StoreLost as error:
                    store.put(LOST, self._lost + 1)
                    self._context.emit("notice", text=f"{error.message}; it goes on without")
            with _saver(store.dir / CHECKPOINT) as saver:
                return self._loop(saver)

    @property
    def _lost(self) -> int:
        """How often a shared checkpointer was lost: what it holds is older than the record, which then counts alone."""
        known = self._context.store.get(LOST, 0)
        return known if isinstance(known, int) else 0

    def _loop(self, saver: BaseCheckpointSaver[Any]) -> Status:
        from langgraph.errors import GraphDrained, GraphRecursionError
        from langgraph.types import Command

        from nephoscope.engine.graph import build

        graph = build(self._context, saver)
        steps = self._context.budget.steps + len(self._context.store.steps())
        config: Any = {
            "configurable": {"thread_id": thread(self._context.store.id, self._lost)},
            "recursion_limit": NODES_PER_STEP * (steps + 3),
            "metadata": {"graph_version": GRAPH_VERSION},
        }
        self._context.store.put("exhausted", None)
        given: Any = self._beginning(graph, config)
        try:
            while True:
                if pending := self._pending(graph, config):
                    begun = time.monotonic()
                    answer = self._answer(pending)
                    self._context.started += time.monotonic() - begun  # a person's time is not the run's
                    if answer is None:
                        return "waiting"
                    given = Command(resume=answer)
                for _ in graph.stream(given, config, stream_mode="updates", durability="sync", control=self._control):
                    pass
                if not self._pending(graph, config):
                    break
        except (GraphDrained, Stopped):
            return "interrupted"
        except GraphRecursionError:
            self._context.store.put("exhausted", "the number of rounds is used up (--max-steps)")
            return "budget_exhausted"
        return "budget_exhausted" if self._context.store.get("exhausted") else "concluded"

    @staticmethod
    def _beginning(graph: Any, config: Any) -> State | None:
        """``None`` goes on from the checkpoint; a finished or missing one begins at observe, where the record is found again."""
        return None if graph.get_state(config).next else dict(_START)  # type: ignore[return-value]

    @staticmethod
    def _pending(graph: Any, config: Any) -> dict[str, Any] | None:
        interrupts = [one for task in graph.get_state(config).tasks for one in task.interrupts]
        return interrupts[0].value if interrupts else None

    def _answer(self, pending: dict[str, Any]) -> dict[str, Any] | None:
        if pending.get("kind") == "approval":
            return self._approval(pending)
        fields = {key: value for key, value in pending.items() if key != "kind"}
        question = Question.model_validate(fields)
        self._context.emit("question", text=question.text, options=list(question.options))
        answer = self._context.ask(question)
        if answer is not None:
            return {"answer": answer, "assumed": False}
        return {"answer": question.assume, "assumed": True} if question.assume is not None else None

    def _approval(self, pending: dict[str, Any]) -> dict[str, Any] | None:
        store = self._context.store
        step = store.step(int(pending["step"]))
        attempt = next(one for one in store.attempts(int(pending["step"])) if one.number == pending["attempt"])
        assert step is not None  # noqa: S101 - an approval belongs to a planned step
        script: Script = store.script(attempt, step.check)
        told = proposal(self._context, step, attempt)
        self._context.emit("approval", step.index, author=script.author, hash=script.hash, operations=list(step.check.operations), **told)
        said = self._context.approve(script, attempt.violations or ())
        answer = said if isinstance(said, Approval) else Approval(approved=said)
        if answer.nobody:
            answer = Approval(approved=self._context.ask_policy != "always")
            store.put("unseen", answer.approved)
        if answer.approved is None and not answer.source and not answer.steer:
            return None
        return {"approved": bool(answer.approved), "hash": pending["hash"], "source": answer.source, "steer": answer.steer}


def thread(run: str, lost: int = 0) -> str:
    """The name of a run's checkpoints."""
    return f"{run}/{GRAPH_VERSION}" + (f"/{lost}" if lost else "")


@contextlib.contextmanager
def _saver(path: Path) -> Iterator[SqliteSaver]:
    """The checkpointer; a damaged file is set aside, for the record is elsewhere."""
    from langgraph.checkpoint.sqlite import SqliteSaver

    connection = _open(path)
    try:
        saver = SqliteSaver(connection)
        try:
            saver.setup()
        except sqlite3.DatabaseError:
            connection.close()
            _set_aside(path)
            connection = _open(path)
            saver = SqliteSaver(connection)
            saver.setup()
        yield saver
    finally:
        connection.close()


def _open(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute("PRAGMA quick_check").fetchall()
    except sqlite3.DatabaseError:
        _set_aside(path)
        connection = sqlite3.connect(path, check_same_thread=False)
    path.chmod(0o600)
    return connection


def _set_aside(path: Path) -> None:
    _log.warning("the checkpoint was damaged and is set aside; the run goes on from its record")
    path.replace(path.with_suffix(".damaged"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
