"""A recorded investigation: handed over, looked at elsewhere, gone through again offline, and kept as a case."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def recorded(emulate: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A bundle, the canonical form of the run it was made of, and the account, which nobody asks any more."""
    from tests.scenarios.conftest import Terminal

    account = emulate("ec2-ssh-port-closed")
    folder = tmp_path_factory.mktemp("recorded")
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    terminal = Terminal(folder / "home", keys)
    where = ["--endpoint-url", account.endpoint, "--region", "eu-west-1"]
    words = f"{account.words}, and my password is hunter2hunter2"
    done = terminal.run("investigate", words, *where, "--json", "--record", str(folder / "run.zip"), seconds=150)
    assert done.code == 0, done.err
    account.control("clear", {})
    canonical = terminal.run("runs", "show", done.document["id"], "--canonical").out
    return folder / "run.zip", canonical, done.document, account, replace(terminal, env={})


def test_a_replay_says_the_same_and_asks_nobody(recorded: Any, terminal: Any) -> None:
    bundle, canonical, original, account, _ = recorded
    before = account.upstream()
    elsewhere = replace(terminal, env={"AWS_ACCESS_KEY_ID": "", "AWS_CONFIG_FILE": "/nowhere"})
    first = elsewhere.run("replay", str(bundle), "--canonical", seconds=150)
    second = elsewhere.run("replay", str(bundle), "--json", seconds=150)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert account.upstream() == before
    assert second.document["differences"] == []
    assert second.document["after"]["verdict"] == original["verdict"] == "confirmed"
    scrubbed = json.loads(canonical)
    assert "hunter2" in scrubbed["problem"]
    assert "hunter2" not in first.out
    assert {**json.loads(first.out), "problem": ""} == {**scrubbed, "problem": ""}
    assert not elsewhere.home.exists() or elsewhere.runs == [], "a replay leaves no run"


def test_nothing_of_the_machine_is_in_the_bundle(recorded: Any) -> None:
    bundle, _, _, account, terminal = recorded
    with zipfile.ZipFile(bundle) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    for word in (account.endpoint, str(terminal.home), "hunter2hunter2", "redaction_key"):
        assert word.encode() not in everything


def test_the_run_itself_replays_to_the_same_bytes(recorded: Any) -> None:
    _, canonical, original, _, terminal = recorded
    again = terminal.run("replay", original["id"], "--canonical", seconds=150)
    assert again.code == 0, again.err
    assert {**json.loads(again.out), "problem": ""} == {**json.loads(canonical), "problem": ""}


def test_a_missing_call_is_a_difference_and_never_made(recorded: Any, terminal: Any, tmp_path: Path) -> None:
    bundle, _, _, account, _ = recorded
    before, shorter = account.upstream(), tmp_path / "shorter.zip"
    without(bundle, shorter, "DescribeSecurityGroups")
    done = terminal.run("replay", str(shorter), "--json", seconds=200)
    assert done.code == 1
    kinds = {(one["kind"], one["what"].split()[1]) for one in done.document["differences"] if one["kind"] in ("not_recorded", "elsewhere")}
    assert ("not_recorded", "ec2:DescribeSecurityGroups") in kinds
    assert done.document["after"]["verdict"] == "inconclusive"
    assert account.upstream() == before


def test_a_colleague_looks_at_it_and_cannot_go_on_with_it(recorded: Any, terminal: Any) -> None:
    bundle, _, original, _, _ = recorded
    assert terminal.run("runs", "import", str(bundle)).out.strip() == original["id"]
    assert terminal.run("runs", "show", original["id"], "--json").document["verdict"] == "confirmed"
    assert "ec2:DescribeInstances" in terminal.run("why", original["id"], "1").out
    for words in (["resume", original["id"]], ["verify", original["id"]]):
        refused = terminal.run(*words)
        assert (refused.code, "came from elsewhere" in refused.err) == (2, True), refused.err
    twice = terminal.run("runs", "import", str(bundle))
    assert (twice.code, "already" in twice.err) == (2, True)


def test_a_replay_becomes_a_case_that_bench_runs(recorded: Any, terminal: Any, tmp_path: Path) -> None:
    bundle, _, original, _, _ = recorded
    cases = tmp_path / "cases"
    assert terminal.run("replay", str(bundle), "--as-scenario", str(cases), "--quiet", seconds=150).code == 0
    measured = terminal.run("bench", "--cases", str(cases), "--json", "--fail-under", "1", seconds=200)
    assert measured.code == 0, measured.err
    (trial,) = measured.document["trials"]
    assert (trial["right"], trial["verdict"], trial["truth"]["causes"]) == (True, "confirmed", [one["id"] for one in original["root_causes"]])


def without(bundle: Path, target: Path, operation: str) -> None:
    """The same bundle, had the operation never been answered."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    ledger = json.loads(files["ledger.json"])
    gone = {row["call_id"] for row in ledger["tables"]["calls"] if row["operation"] == operation}
    assert gone
    for table in ("calls", "answers"):
        ledger["tables"][table] = [row for row in ledger["tables"][table] if row["call_id"] not in gone]
    files["ledger.json"] = json.dumps(ledger).encode()
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "manifest.json"}
    files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
