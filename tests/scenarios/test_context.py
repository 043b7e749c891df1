"""What a planner is sent over a part of the suite, step by step, against a conversation that keeps every reply; and what is found all the same."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nephoscope.store.ledger import LedgerReader
from nephoscope.store.run import RunStore
from nephoscope.testing.llm_server import LLMServer

sys.path.insert(0, str(Path(__file__).parent))
from stumbling import Stumbles


def sizes(run: Path) -> Iterator[tuple[int, int, int]]:
    """Per decision of the planner: which it is, the characters it was sent, and those of the first prompt with every reply until then."""
    store, ledger = RunStore(run, readonly=True), LedgerReader(run)
    try:
        replies = [(entry.observed_at, len(json.dumps(entry.document))) for entry in ledger.replies()]
        asked = [one for one in store.model_calls() if one.role == "planner"]
        sent = [sum(len(turn["text"]) for turn in _turns(store.blobs.get_json(one.request))) for one in asked]
    finally:
        store.close()
        ledger.close()
    for number, (one, size) in enumerate(zip(asked, sent, strict=True), 1):
        yield number, size, sent[0] + sum(length for moment, length in replies if moment <= one.sent_at)


def _turns(request: Any) -> list[dict[str, str]]:
    turns: list[dict[str, str]] = request["turns"]
    return turns


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_a_step_costs_no_more_the_later_it_comes_and_the_answers_stay(terminal: Any, tmp_path: Path) -> None:
    """``SOAK_ONLY`` names a part of the suite, ``SOAK_LOG`` a file for the result."""
    with LLMServer(Stumbles(share=0)) as server:
        result = terminal.run(
            "bench", "--planner", "llm", "--model", "openai:some-model", "--model-base-url", f"{server.url}/v1", "--json", "--keep", str(tmp_path),
            "--only", os.environ.get("SOAK_ONLY", "event-delivery"), seconds=4 * 3600,
        )  # fmt: skip
    assert result.code == 0, result.err
    trials = json.loads(result.out)["trials"]
    assert trials
    assert not [(one["scenario"], one["variant"], one["verdict"]) for one in trials if not one["right"]]
    sent, appended = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for run in sorted(path.parent for path in tmp_path.rglob("run.db")):
        for number, size, whole in sizes(run):
            sent[number].append(size)
            appended[number].append(whole)
    rows = [(number, len(sent[number]), statistics.median(sent[number]), statistics.median(appended[number])) for number in sorted(sent)]
    if "SOAK_LOG" in os.environ:
        Path(os.environ["SOAK_LOG"]).write_text(json.dumps({"trials": len(trials), "step, runs, sent, appended": rows}))
    whole = [row for row in rows if row[1] >= 3]
    assert max(row[2] for row in whole) <= 2 * whole[0][2], rows
