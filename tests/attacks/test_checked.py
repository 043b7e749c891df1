"""The same attacks with static checks on: what they refuse never runs, what they let through runs as it is and meets the same boundary."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from batch import Snippet, load
from checked import alone, judged, together, told_by

CORPORA = ("changes", "secrets", "abroad", "bytes", "surroundings", "redaction", "exhaustion", "walls")
IDS = {name: name for name in ("vpc", "subnet", "group", "instance", "queue", "topic", "key", "ciphertext", "secret", "port")}


def let_through(names: tuple[str, ...], ids: Mapping[str, str]) -> list[Snippet]:
    return [each for name in names for each in load(name) if judged(alone(each, ids)).accepted]


@pytest.mark.parametrize("name", CORPORA)
def test_a_script_is_refused_with_a_reason_or_runs_as_it_is(name: str) -> None:
    """So that whatever is contained with the checks off is contained with them on: no byte of what runs is theirs."""
    for each in load(name):
        source = alone(each, IDS)
        verdict = judged(source)
        errors = [one for one in verdict.violations if one.severity == "error"]
        assert verdict.script.source == source, each.name
        assert verdict.accepted != bool(errors), each.name
        assert all(one.message and one.line > 0 and one.rule != "unparsable" for one in errors), (each.name, errors)


def test_changes_written_plainly_are_seen_before_they_run() -> None:
    """The checks are a courtesy, and worth having: most scripts that change something are told so at once."""
    changing = load("changes")
    assert len(let_through(("changes",), IDS)) <= len(changing) / 2


@pytest.mark.sandbox
@pytest.mark.timeout(900)
def test_what_the_checks_let_through_is_contained(stage: Any) -> None:
    ids = {**stage.ids, "port": str(stage.cloud.port)}
    some = [
        each
        for each in let_through(("changes", "secrets", "abroad", "surroundings", "redaction"), ids)
        if not re.search(r"\bos\.\w*(fork|kill)", each.script)
    ]
    assert len(some) >= 60
    script = stage.caller.work / "checked.py"
    for start in range(0, len(some), 20):
        part = some[start : start + 20]
        script.write_text(together(part, ids))
        result: Path = stage.caller.work / "checked.json"
        done = stage.caller.run("exec", *stage.caller.where(), "--profile", "canary", "--result", str(result), "--script", str(script), seconds=140)
        told = told_by(json.loads(result.read_text())["output"], part)
        assert json.loads(result.read_text())["status"] == "ok", done.stderr
        assert {each.name: told[each.name] for each in part if not re.search(each.says, told[each.name].said)} == {}
    stage.unharmed()
