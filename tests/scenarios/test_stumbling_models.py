"""The suite, planned by a model that errs nearly every other time: what it gets wrong is caught, and verdicts are those of the accounts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from nephoscope.testing.llm_server import LLMServer

sys.path.insert(0, str(Path(__file__).parent))
from stumbling import MISTAKES, Stumbles


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_the_suite_is_right_whatever_its_model_gets_wrong(terminal: Any) -> None:
    """``SOAK_ONLY`` names a part of the suite, ``SOAK_LOG`` a file for the result."""
    model = Stumbles()
    with LLMServer(model) as server:
        result = terminal.run(
            "bench", "--planner", "llm", "--model", "openai:some-model", "--model-base-url", f"{server.url}/v1", "--json", "--jobs", "2",
            *(("--only", os.environ["SOAK_ONLY"]) if "SOAK_ONLY" in os.environ else ()), seconds=4 * 3600,
        )  # fmt: skip
    assert result.code == 0, result.err
    document = json.loads(result.out)
    if "SOAK_LOG" in os.environ:
        Path(os.environ["SOAK_LOG"]).write_text(json.dumps({**document, "mistakes": model.made}))
    trials = document["trials"]
    wrong = [(one["scenario"], one["variant"], one["verdict"], one["causes"]) for one in trials if not one["right"]]
    assert not [one for one in trials if one["false_positives"] or one["ungrounded"] or one["mutations"] or one["error"]]
    assert len(wrong) <= 0.1 * len(trials), wrong  # inconclusive, at worst: a model that gives up is believed in the end
    assert all(verdict == "inconclusive" for _, _, verdict, _ in wrong), wrong
    assert "SOAK_ONLY" in os.environ or set(MISTAKES) <= set(model.made)
