"""The second investigation of an account, by the real command: fewer calls, the same verdict, and no evidence from memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

REMEMBERING = {"NEPHOSCOPE_MEMORY": "true"}


@pytest.mark.timeout(600)
def test_the_second_time_needs_fewer_calls(emulate: Callable[..., Any], terminal: Any) -> None:
    account = emulate("events-pattern-mismatch")
    words = ["investigate", account.words, "--endpoint-url", account.endpoint, "--region", "eu-west-1", "--json"]
    first, second = (terminal.run(*words, seconds=300, variables=REMEMBERING).document for _ in range(2))
    assert first["verdict"] == second["verdict"] == "confirmed"
    assert [one["id"] for one in first["root_causes"]] == [one["id"] for one in second["root_causes"]]
    assert [one["resources"] for one in first["root_causes"]] == [one["resources"] for one in second["root_causes"]]
    assert second["ledger"]["upstream"] <= 0.7 * first["ledger"]["upstream"], (first["ledger"], second["ledger"])
    own = terminal.runs[-1]
    cited = {call for fact in second["facts"] for call in fact["calls"]}
    assert cited
    assert all(fact["calls"] and not fact["cached"] for fact in second["facts"]), own
    listed = terminal.run("facts", "list", "--json").document["facts"]
    assert any(row["name"] == "orders-placed" and row["attribute"] == "pattern" for row in listed)
    assert not any("‹redacted" in str(row["value"]) for row in listed)
    terminal.run("runs", "purge", *(path.name for path in terminal.runs), "--yes")
    assert terminal.run("facts", "list", "--json").document["facts"] == []
