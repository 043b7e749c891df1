"""Comparisons in LangSmith: the suite as a data set, each contestant as an experiment on it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nephoscope.interfaces.tracing import Scrub, scrubbed
from nephoscope.models import Contest, Contested, TraceTarget
from nephoscope_tracing_langsmith.patience import within

if TYPE_CHECKING:
    from langsmith import Client

_SPACE = uuid.UUID("6f4a4c5e-3f0e-5a58-9d6f-6e6570686f73")
_REACHING, _FLUSHING = 4.0, 5.0
_LEAST, _EACH = 15.0, 0.1
"""Seconds: to answer at all, to take what is left; for everything together, and for each run more."""
_AT_ONCE = 100
"""Examples in one request."""


def publish(client: Client, contest: Contest, target: TraceTarget, scrub: Scrub) -> str:
    """Where the experiments are; empty where the endpoint did not take them in time. Raises nothing: a tool for traces harms no comparison."""
    told = _Told(client, contest, scrub)
    known = within(_REACHING, told.known)
    if known is None:
        return ""
    runs = sum(len(one.runs) for one in contest.contestants)
    told.ends = time.monotonic() + _LEAST + _EACH * runs
    return within(_LEAST + _EACH * runs, lambda: told.everything(known=known)) or ""


class _Told:
    """One comparison on its way. Ids are made of what they stand for, so that telling it again adds nothing."""

    def __init__(self, client: Client, contest: Contest, scrub: Scrub) -> None:
        self._client = client
        self._contest = contest
        self._scrub = scrub
        self.ends = 0.0
        """When it is given up, on the monotonic clock."""

    def known(self) -> bool:
        """Whether the data set is there already: the first question to the endpoint."""
        return bool(self._client.has_dataset(dataset_name=self._name))

    def everything(self, *, known: bool) -> str:
        """Where it can be seen, once all of it is there."""
        dataset = self._client.read_dataset(dataset_name=self._name) if known else self._dataset()
        for one in self._contest.contestants:
            if time.monotonic() > self.ends:
                return ""
            self._experiment(one, dataset.id)
        self._client.flush(timeout=_FLUSHING)
        return str(dataset.url or "") or f"data set {self._name}"

    @property
    def _name(self) -> str:
        return self._scrub(self._contest.dataset)

    def _dataset(self) -> Any:
        # "runtime" would be this machine's, were it left out
        made = self._client.create_dataset(self._name, description=self._scrub(self._contest.description), metadata={"runtime": {}})
        rows = [
            {"id": self._id(unit), "inputs": self._clean(one.inputs), "outputs": self._clean(one.expected), "metadata": {"unit": self._scrub(unit)}}
            for unit, one in self._contest.examples.items()
        ]
        for first in range(0, len(rows), _AT_ONCE):
            self._client.create_examples(dataset_id=made.id, examples=rows[first : first + _AT_ONCE])
        return made

    def _experiment(self, one: Contested, dataset: uuid.UUID) -> None:
        name = self._scrub(f"{one.name} · {self._contest.id}")
        project = self._client.create_project(name, reference_dataset_id=dataset, metadata=self._clean(one.metadata), upsert=True)
        for run in one.runs:
            if time.monotonic() > self.ends:
                return
            number = uuid.uuid5(_SPACE, f"{self._contest.id}/{one.name}/{run.example}/{run.repeat}")
            ended = _moment(run.ended_at)
            self._client.create_run(
                self._scrub(run.example),
                self._clean(self._contest.examples[run.example].inputs),
                "chain",
                id=number,
                trace_id=number,
                dotted_order=f"{(ended - timedelta(seconds=run.seconds)).strftime('%Y%m%dT%H%M%S%fZ')}{number}",
                project_name=name,
                reference_example_id=self._id(run.example),
                start_time=ended - timedelta(seconds=run.seconds),
                end_time=ended,
                outputs=self._clean(run.outputs),
                error=self._scrub(run.error) or None,
                extra={"metadata": self._clean(run.metadata)},
            )
            for key, score in run.scores.items():
                self._client.create_feedback(
                    run_id=number, trace_id=number, key=self._scrub(key), score=score, session_id=project.id, feedback_id=uuid.uuid5(number, key)
                )

    def _id(self, unit: str) -> uuid.UUID:
        return uuid.uuid5(_SPACE, f"{self._contest.dataset}/{unit}")

    def _clean(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        found = scrubbed(fields, self._scrub)
        return found if isinstance(found, dict) else {}


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return datetime.now(UTC)
