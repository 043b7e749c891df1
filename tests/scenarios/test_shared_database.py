"""Two people, two machines, one PostgreSQL database: what one begins, the other sees, explains, and goes on with, whatever was killed."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "plugins" / "store_postgres"))
sys.path.insert(0, str(Path(__file__).parent))
from server import PASSWORD, Server, running

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(2400)]
PATIENCE = 400.0
"""Seconds for one command on a machine that does much else."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def url(server: Server) -> str:
    return server.database()


@pytest.fixture
def ann(terminal: Any, url: str) -> Any:
    return member(terminal, url, "ann")


@pytest.fixture
def bob(terminal: Any, url: str) -> Any:
    return member(terminal, url, "bob")


def member(terminal: Any, url: str, name: str) -> Any:
    env = {**terminal.env, "NEPHOSCOPE_STORE__URL": url, "NEPHOSCOPE_STORE__OWNER": name}
    return dataclasses.replace(terminal, home=terminal.home.with_name(name), env=env)


def listed(who: Any) -> dict[str, dict[str, Any]]:
    return {run["id"]: run for run in who.run("runs", "list", "--json", seconds=PATIENCE).document["runs"]}


def killed_after(calls: int, who: Any, words: Sequence[str]) -> str:
    """Its run, killed -9 with all it started once so many calls were answered."""
    process = who.start(*words, start_new_session=True)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not (who.runs and len(who.answered()) >= calls):
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return str(who.run_dir.name)


def nowhere(folder: Path, secret: str) -> None:
    """No file under the folder holds it."""
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_what_one_begins_the_other_ends(ann: Any, bob: Any, terminal: Any, server: Server, url: str, investigate: Sequence[str]) -> None:
    whole = ann.run(*investigate, seconds=PATIENCE)
    assert whole.code == 0, whole.err
    assert whole.document["verdict"] == "confirmed"
    first = whole.document["id"]
    run = killed_after(2, dataclasses.replace(ann, home=ann.home.with_name("ann-2")), investigate)

    seen = listed(bob)
    assert {key: (one["owner"], one["mine"]) for key, one in seen.items()} == {first: ("ann", False), run: ("ann", False)}
    assert (seen[first]["verdict"], seen[first]["status"], seen[run]["status"]) == ("confirmed", "concluded", "interrupted")
    assert not (bob.home / "runs").exists(), "a list brings nothing here"

    shown = bob.run("runs", "show", first, "--json", seconds=PATIENCE)
    assert shown.essence == whole.essence
    explained = bob.run("why", first, "1", seconds=PATIENCE)
    assert explained.code == 0, explained.err
    assert "call" in explained.out

    resumed = bob.run("resume", run, "--json", seconds=PATIENCE)
    assert resumed.code == 0, resumed.err
    assert resumed.essence == whole.essence, "as if nobody had been killed"
    assert server.sql("SELECT count(*) > 0 FROM nephoscope.checkpoints", url.rpartition("/")[2]).strip() == "t", "LangGraph's own saver"

    again = listed(ann)
    assert (again[run]["status"], again[run]["verdict"], again[run]["owner"]) == ("concluded", "confirmed", "ann")
    assert bob.run("resume", "--json", seconds=PATIENCE).code == 2, "nothing of bob's own is left to go on with"
    late = dataclasses.replace(ann, home=ann.home.with_name("ann-2")).run("runs", "show", run, "--json", seconds=PATIENCE)
    assert late.essence == whole.essence, "whoever was killed sees what came of it"

    for told in (whole, shown, explained, resumed, late):
        assert PASSWORD not in told.out + told.err
    nowhere(terminal.home.parent, PASSWORD)
    gone = bob.run("runs", "purge", run, "--yes", "--json", seconds=PATIENCE)
    assert gone.document["runs"] == [run]
    assert set(listed(ann)) == {first}


def test_a_database_that_goes_away_costs_no_verdict(ann: Any, bob: Any, server: Server, account: Any, investigate: Sequence[str]) -> None:
    """It goes on alone, says so, and tells the others with the next command; until then reading tells what is here."""
    whole = ann.run(*investigate, seconds=PATIENCE, variables={"NEPHOSCOPE_STORE__URL": ""})
    account.control("rules", {"delay": {"ec2:*": 400}})
    process = ann.start(*investigate)
    while process.poll() is None and len(ann.runs) < 2:
        time.sleep(0.05)
    run = next(path for path in ann.runs if path.name != whole.document["id"])
    while process.poll() is None and not (run / "shared.json").exists():
        time.sleep(0.05)
    server.stop()
    try:
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, (out[-3000:], err)
        assert ann.ended(0, out, err).essence == whole.essence
        assert "does not answer" in err
        assert json.loads((run / "shared.json").read_text())["whole"] is False
        alone = ann.run("runs", "list", "--json", seconds=PATIENCE)
        assert {one["id"] for one in alone.document["runs"]} == {whole.document["id"], run.name}
        assert "cannot be reached" in alone.err
        refused = ann.run(*investigate, seconds=PATIENCE)
        assert refused.code == 3
        assert "cannot be reached" in refused.document["error"]["message"]
        assert PASSWORD not in out + err + refused.out + refused.err
    finally:
        server.start()
    assert run.name not in listed(bob)
    assert run.name in listed(ann)
    assert listed(bob)[run.name]["verdict"] == "confirmed"
    assert bob.run("runs", "show", run.name, "--json", seconds=PATIENCE).essence == whole.essence


def test_what_is_wrong_with_a_database_is_said(ann: Any, server: Server, url: str, investigate: Sequence[str]) -> None:
    """Before anything is asked, with what to do; whoever may only read can read."""
    name = url.rpartition("/")[2]
    for wrong, code, told in (
        (url.replace(PASSWORD, "wr0ng-word"), 3, "password"),
        (url.replace(str(server.port), "1"), 3, "cannot be reached"),
        (url.replace(name, "no_such_team"), 2, "does not exist"),
    ):
        result = ann.run(*investigate, seconds=PATIENCE, variables={"NEPHOSCOPE_STORE__URL": wrong})
        error = result.document["error"]
        assert (result.code, told in error["message"], bool(error["hint"])) == (code, True, True), error
        assert PASSWORD not in result.out + result.err
        assert "wr0ng-word" not in result.out + result.err
    assert ann.run("runs", "list", seconds=PATIENCE).code == 0, "the tables are made"
    server.sql(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'eve') THEN CREATE ROLE eve LOGIN PASSWORD 'r3ading'; END IF; END $$; "
        "GRANT USAGE ON SCHEMA nephoscope TO eve; GRANT SELECT ON ALL TABLES IN SCHEMA nephoscope TO eve",
        name,
    )
    reader = {"NEPHOSCOPE_STORE__URL": url.replace(f"ann:{PASSWORD}", "eve:r3ading")}
    assert ann.run("runs", "list", variables=reader, seconds=PATIENCE).code == 0
    refused = ann.run(*investigate, seconds=PATIENCE, variables=reader)
    assert refused.code == 2
    assert "may not write" in refused.document["error"]["message"]
    examined = ann.run("doctor", "--json", variables=reader, seconds=PATIENCE)
    assert "may not write" in examined.out
    server.sql("UPDATE nephoscope.schema_version SET version = 99", name)
    newer = ann.run("runs", "list", "--json", seconds=PATIENCE)
    assert newer.code == 2
    assert "newer version" in newer.document["error"]["message"]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_killed_at_any_moment_somebody_else_ends_it(terminal: Any, url: str, account: Any, investigate: Sequence[str]) -> None:
    """By another machine each time, twice killed in a row: the same as if nothing had been. ``SOAK_KILLS``: how often; 10 if not said."""
    dice = random.Random(20261129)
    begun = time.monotonic()
    whole = member(terminal, url, "whole").run(*investigate, seconds=PATIENCE)
    seconds = time.monotonic() - begun
    for number in range(int(os.environ.get("SOAK_KILLS", "10"))):
        machines = [member(terminal, url, f"m{number}-{one}") for one in range(3)]
        run = ""
        for one in machines[:2]:
            process = one.start(*(["resume", run, "--json"] if run else investigate), start_new_session=True)
            time.sleep(dice.uniform(0.2, 0.9) * seconds)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            run = run or next((key for key, seen in listed(machines[2]).items() if seen["status"] == "interrupted"), "")
            if not run:
                break
        ended = machines[2].run(*(["resume", run, "--json"] if run else investigate), seconds=PATIENCE)
        assert ended.code == 0, (number, ended.out[-2000:], ended.err)
        assert ended.essence == whole.essence, number
        assert not [key for key, seen in listed(machines[0]).items() if seen["status"] == "running"]


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_a_comparison_is_done_together_and_outlives_who_began_it(ann: Any, bob: Any, server: Server, url: str) -> None:
    """Two at a time; one is killed in the middle. The other ends all of it, and what was answered is not paid for again."""
    pytest.importorskip("statsmodels")
    from stumbling import Stumbles

    from nephoscope.testing.llm_server import LLMServer

    key = {"MODELS_KEY": "k"}
    with LLMServer(Stumbles(share=0.0)) as model:
        words = ["compare", "--models", f"anthropic:claude-sonnet-5-5@{model.base_url('anthropic')}", "--suite", "s3-lambda-permission-missing"]
        words += ["--variant", "fault", "--repeats", "2", "--model-key", "env:MODELS_KEY", "--budget", "5", "--jobs", "1", "--json"]
        first = ann.start(*words, variables=key, start_new_session=True)
        deadline = time.monotonic() + 200
        while len(model.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        second = bob.start(*words, variables=key)
        while len(model.requests) < 4 and first.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
        out, err = second.communicate(timeout=400)
        assert second.returncode == 0, err
        found = json.loads(out)
        assert (found["planned"], found["done"], found["why_not_whole"]) == (3, 3, "")
        assert all(row["outcomes"] == {"right": row["cells"]} for row in found["rows"] if "cells" in row), found["rows"]
        asked = len(model.requests)
        again = ann.run(*words, seconds=300, variables=key)
        assert again.code == 0, again.err
        assert "3 of 3 cells were done before" in again.err
        assert len(model.requests) == asked
        assert [cell["asking"] for cell in again.document["cells"]] == [cell["asking"] for cell in found["cells"]]
    name = url.rpartition("/")[2]
    twice = "SELECT count(*) FROM (SELECT 1 FROM nephoscope.run_model_calls WHERE reply IS NOT NULL GROUP BY run, request HAVING count(*) > 1) AS t"
    assert server.sql(twice, name).strip() == "0", "a reply was paid for twice"
    told = int(server.sql("SELECT count(*) FROM nephoscope.run_model_calls", name))
    assert 0 <= told - asked <= 1, "what left was told first"
    assert PASSWORD not in out + err + again.out + again.err
