"""Faults that nothing written down knows, found by models that err: over every wire format, by the real command, on a real emulator."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tests.plugins.tracing_langsmith.collector import Collector

from nephoscope.store.run import RunStore
from nephoscope.testing.llm_server import LLMServer

sys.path.insert(0, str(Path(__file__).parent))
from erring import CASES, SECRETS, Errs, leaked

WIRES = {
    "openai:some-model": ("/v1", "llm"),
    "anthropic:claude-haiku-4-5": ("", "hybrid"),
    "bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0": ("", "hybrid"),
    "ollama:qwen3:8b": ("", "llm"),
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    command = [sys.executable, "-P", "-m", "nephoscope_aws.emulator", "--seed", str(Path(__file__).with_name("account_nobody_wrote_down.yaml"))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["endpoint"]
    process.kill()
    process.wait()


def investigate(terminal: Any, endpoint: str, server: LLMServer, words: str, model: str, path: str, *more: str) -> Any:
    named = ("--model", model, "--model-base-url", f"{server.url}{path}")
    where = ("--endpoint-url", endpoint, "--region", "eu-west-1")
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    return terminal.run("investigate", words, *named, *where, "--json", *more, seconds=900, variables=keys)


def mutations(endpoint: str) -> list[str]:
    with urlopen(f"{endpoint}/__front__/log") as answer:
        return [row["operation"] for row in json.load(answer) if row["mutating"]]


def adds_up(terminal: Any, report: dict[str, Any], server: LLMServer) -> None:
    """Every request that reached the server stands in the record, and the report is the record's sum."""
    calls = RunStore(terminal.run_dir).model_calls()
    rows = report["llm"]["by_model"]
    assert len(server.requests) == len(calls) == sum(row["calls"] for row in rows)
    assert sum(call.usage.input for call in calls) == sum(row["input_tokens"] for row in rows)
    assert sum(call.usage.output for call in calls) == sum(row["output_tokens"] for row in rows)
    assert sum(call.usd or 0.0 for call in calls) == pytest.approx(report["llm"]["usd"])


@pytest.mark.soak
@pytest.mark.parametrize("model", WIRES, ids=lambda model: model.partition(":")[0])
@pytest.mark.timeout(900)
def test_every_wire_finds_it_without_a_key(terminal: Any, endpoint: str, model: str) -> None:
    path, planner = WIRES[model]
    case = CASES["record"]
    with LLMServer(Errs(case, short=True)) as server:
        result = investigate(terminal, endpoint, server, case.words, model, path, "--planner", planner)
        sent = b"".join(request.raw for request in server.requests)
    assert result.code == 0, result.err
    report = result.document
    (cause,) = report["root_causes"]
    assert (report["verdict"], cause["id"], cause["decided_by"]) == ("likely", case.cause, f"model:{model}")
    assert [fact["value"] for fact in report["facts"] if fact["id"] in cause["evidence"]] == ["old-front.shop-site.com"]
    assert report["recommendations"][0]["title"] == f"Change that setting with `{case.write}`."
    if model.partition(":")[0] != "ollama":  # on this machine nothing is masked
        assert leaked(sent) == []
    adds_up(terminal, report, server)


@pytest.mark.soak
@pytest.mark.parametrize("name", CASES)
@pytest.mark.timeout(1200)
def test_every_mistake_is_caught_and_the_cause_is_found(terminal: Any, endpoint: str, name: str) -> None:
    case = CASES[name]
    before = mutations(endpoint)
    play = Errs(case)
    with LLMServer(play) as server:
        result = investigate(terminal, endpoint, server, case.words, "openai:some-model", "/v1", "--planner", "llm")
        sent = b"".join(request.raw for request in server.requests)
    assert result.code == 0, result.err
    report = result.document
    (cause,) = report["root_causes"]
    assert (report["verdict"], cause["id"]) == ("likely", case.cause)
    told = "\n".join(play.told)
    for reason in (
        "there is no fact 'f:0123456789ab'",
        "it takes no parameter 'NoSuchParameter'",
        "changes something or was never reviewed",
        "never invent an identifier",
        "was asked with these parameters before",
        "does not hold",
        "its resource 'arn:aws:iam::900000000001:role/ghost' is named by no fact",
    ):
        assert reason in told, reason
    scripted = report["steps"][-1]
    assert (scripted["author"], scripted["attempts"], scripted["status"]) == ("model:openai:some-model", 2, "done")
    assert report["ledger"]["by_operation"].get("sns:ListSubscriptions")
    assert any("without being shown to anybody" in text for text in report["assumptions"])
    assert "ghost" not in json.dumps([report["root_causes"], report["facts"], report["recommendations"]])
    assert mutations(endpoint) == before
    assert leaked(sent) == []
    adds_up(terminal, report, server)


@pytest.mark.soak
@pytest.mark.parametrize("name", CASES)
@pytest.mark.timeout(1200)
def test_what_is_false_never_passes_whoever_says_it_how_often(terminal: Any, endpoint: str, name: str) -> None:
    """A model that insists: the wrong value, a thing nobody recorded, a fact it made up."""
    case = CASES[name]
    play = Errs(case)
    wrong = play.roles["planner"][-3:-1]
    play.roles["planner"] = [*play._right()[:-1], *wrong * 3]
    with LLMServer(play) as server:
        result = investigate(terminal, endpoint, server, case.words, "openai:some-model", "/v1", "--planner", "llm", "--max-steps", "4")
    report = result.document
    assert (result.code, report["verdict"], report["root_causes"]) == (1, "inconclusive", [])
    adds_up(terminal, report, server)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_trace_counts_what_the_report_counts(terminal: Any, endpoint: str) -> None:
    case, collector = CASES["database"], Collector()
    variables = {"NEPHOSCOPE_TRACING": "otel", "NEPHOSCOPE_TRACING_ENDPOINT": collector.url}
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with LLMServer(Errs(case)) as server:
        named = ("--model", "openai:some-model", "--model-base-url", f"{server.url}/v1", "--planner", "llm")
        where = ("--endpoint-url", endpoint, "--region", "eu-west-1", "--json")
        result = terminal.run("investigate", case.words, *named, *where, seconds=900, variables={**keys, **variables})
    collector.close()
    assert result.code == 0, result.err
    adds_up(terminal, result.document, server)
    chats = [{one.key: one.value.int_value for one in span.attributes} for span in collector.spans() if span.name.startswith("chat ")]
    rows = result.document["llm"]["by_model"]
    assert len(chats) == sum(row["calls"] for row in rows)
    for side in ("input", "output"):
        assert sum(chat[f"gen_ai.usage.{side}_tokens"] for chat in chats) == sum(row[f"{side}_tokens"] for row in rows)
    assert not set(SECRETS) & set(leaked(collector.everything()))
