"""The scripted model's server, asked as any HTTP client would."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
import urllib.request
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from nephoscope.testing.llm_server import Asked, LLMServer, Reply, Script, ToolCall, Trouble, load_script

SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}}
PATHS = {"openai-chat": "/v1/chat/completions", "openai-responses": "/v1/responses", "anthropic": "/v1/messages", "ollama": "/api/chat"}


def request(dialect: str, said: str = "hello", limit: int | None = None, *, stream: bool = False, before: str = "") -> dict[str, Any]:
    """A minimal body in each provider's words. ``before``: what the assistant has said already."""
    messages = [{"role": "user", "content": said}]
    if before:
        messages += [{"role": "assistant", "content": before}, {"role": "user", "content": "go on"}]
    body: dict[str, Any] = {"model": "m", "stream": stream, "input" if dialect == "openai-responses" else "messages": messages}
    if dialect == "anthropic":
        body["max_tokens"] = limit or 4096
    elif dialect == "ollama":
        body["options"] = {"num_predict": limit} if limit else {}
    elif limit:
        body["max_output_tokens" if dialect == "openai-responses" else "max_completion_tokens"] = limit
    return body


def ask(server: LLMServer, dialect: str, body: dict[str, Any], key: str = "") -> tuple[int, dict[str, str], bytes]:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {"content-type": "application/json"}
    if key:
        headers |= {"x-api-key": key} if dialect == "anthropic" else {"authorization": f"Bearer {key}"}
    line.request("POST", PATHS[dialect], json.dumps(body), headers)
    reply = line.getresponse()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()


def text(dialect: str, raw: bytes) -> str:
    """What the model said, by each provider's format."""
    reply = json.loads(raw)
    if dialect == "openai-chat":
        return reply["choices"][0]["message"]["content"] or ""
    if dialect == "openai-responses":
        return "".join(part["text"] for item in reply["output"] if item["type"] == "message" for part in item["content"])
    if dialect == "anthropic":
        return "".join(block["text"] for block in reply["content"] if block["type"] == "text")
    return str(reply["message"]["content"])


def always(**reply: Any) -> Any:
    return lambda asked: Reply(**reply)


@pytest.mark.parametrize("dialect", PATHS)
def test_each_dialect_is_read_and_answered(dialect: str) -> None:
    seen: list[Asked] = []

    def brain(asked: Asked) -> Reply:
        seen.append(asked)
        return Reply(text="It is the gate.", reasoning="two steps")

    with LLMServer(brain) as server:
        status, _, raw = ask(server, dialect, request(dialect, "what is wrong?", 50))
        streamed = ask(server, dialect, request(dialect, "what is wrong?", 50, stream=True))
        assert (status, text(dialect, raw)) == (200, "It is the gate.")
        assert streamed[1]["transfer-encoding"] == "chunked"
        assert streamed[2].count(b"gate.") >= 1
        assert [(one.dialect, one.last, one.max_tokens, one.number) for one in seen] == [(dialect, "what is wrong?", 50, n) for n in (1, 2)]
        assert [one.path for one in server.requests] == [PATHS[dialect]] * 2
        assert b"what is wrong?" in server.sent()


@pytest.mark.parametrize("dialect", PATHS)
def test_a_key_is_asked_for_where_one_is_set(dialect: str) -> None:
    with LLMServer(always(text="in"), key="k-1") as server:
        assert ask(server, dialect, request(dialect))[0] == 401
        assert ask(server, dialect, request(dialect), "k-2")[0] == 401
        assert ask(server, dialect, request(dialect), "k-1")[0] == 200
        assert len(server.requests) == 3


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize(
    ("kind", "status"),
    [("auth", {401}), ("not_found", {404}), ("context", {400}), ("invalid", {400}), ("rate", {429}), ("server", {500}), ("overloaded", {503, 529})],
)
def test_failures_have_their_status(dialect: str, kind: Any, status: set[int]) -> None:
    with LLMServer(always(trouble=Trouble(kind=kind))) as server:
        assert ask(server, dialect, request(dialect))[0] in status


def test_retry_after_is_seconds_or_a_date() -> None:
    with LLMServer(always(trouble=Trouble(kind="rate", retry_after=1.5))) as server:
        assert ask(server, "anthropic", request("anthropic"))[1]["retry-after"] == "1.5"
    with LLMServer(always(trouble=Trouble(kind="rate", retry_after=60, as_date=True))) as server:
        date = parsedate_to_datetime(ask(server, "anthropic", request("anthropic"))[1]["retry-after"])
        assert 50 < date.timestamp() - time.time() < 70


@pytest.mark.parametrize("dialect", PATHS)
def test_replies_and_streams_can_be_cut(dialect: str) -> None:
    with LLMServer(always(text="one two three four", trouble=Trouble(kind="cut"))) as server:
        for stream in (False, True):
            with pytest.raises((http.client.IncompleteRead, http.client.HTTPException)):
                ask(server, dialect, request(dialect, stream=stream))


@pytest.mark.parametrize("dialect", PATHS)
def test_a_stream_can_break_off_with_an_error(dialect: str) -> None:
    with LLMServer(always(text="one two three four", trouble=Trouble(kind="in_stream", message="overtaken"))) as server:
        status, _, raw = ask(server, dialect, request(dialect, stream=True))
        assert status == 200
        assert b"overtaken" in raw
        assert b"four" not in raw


def test_a_server_that_says_nothing_lets_go_when_it_is_closed() -> None:
    begun = time.monotonic()
    with LLMServer(always(trouble=Trouble(kind="timeout", seconds=60))) as server:
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=0.3)
        line.request("POST", PATHS["ollama"], json.dumps(request("ollama")))
        with pytest.raises(TimeoutError):
            line.getresponse()
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("resume", ["exact", "overlap", "restart", "phrase"])
def test_what_is_cut_goes_on_where_it_was_cut(dialect: str, resume: Any) -> None:
    whole = "def gate(open):\n    return [step for step in open if step]\n\nprint(gate([1, 0]))\n"
    with LLMServer(always(text=whole, resume=resume)) as server:
        first = text(dialect, ask(server, dialect, request(dialect, limit=7))[2])
        assert first == whole[:28]
        second = text(dialect, ask(server, dialect, request(dialect, limit=400, before=first))[2])
        assert second.endswith(whole[28:])
        assert (second == whole[28:]) == (resume == "exact")


def test_an_obedient_model_goes_on_as_it_is_told() -> None:
    whole = "def gate(open):\n    return open\n\n\nprint(gate([1, 0]))\n"
    with LLMServer(always(text=whole, cut=40)) as server:
        first = text("anthropic", ask(server, "anthropic", request("anthropic"))[2])
        body = request("anthropic", before=first)
        body["messages"][-1]["content"] = "Begin with [[more]], then repeat these words and go on:\n    return open\n"
        assert text("anthropic", ask(server, "anthropic", body)[2]) == "[[more]]\n    return open\n\n\nprint(gate([1, 0]))\n"
        body["messages"][-1]["content"] = "go on"
        assert text("anthropic", ask(server, "anthropic", body)[2]) == whole[40:]


@pytest.mark.parametrize("at", range(1, 80, 7))
def test_the_rest_follows_any_cut_even_one_at_a_blank(at: int) -> None:
    whole = "x = 1\n\n\nfor step in range(3):\n    print(step)   \n\nprint('the end of it all')\n# over"
    with LLMServer(always(text=whole, cut=at)) as server:
        first = text("anthropic", ask(server, "anthropic", request("anthropic"))[2])
        assert first == whole[:at]
        bare = first.rstrip()  # some clients may not send trailing blanks back
        assert not bare or text("anthropic", ask(server, "anthropic", request("anthropic", before=bare))[2]) == whole[len(bare) :]


def test_reasoning_uses_up_the_limit_first() -> None:
    with LLMServer(always(text="the answer", reasoning="r" * 100)) as server:
        reply = json.loads(ask(server, "openai-chat", request("openai-chat", limit=10))[2])
        assert (reply["choices"][0]["message"]["content"], reply["choices"][0]["finish_reason"]) == (None, "length")
        assert reply["usage"]["completion_tokens_details"]["reasoning_tokens"] == 10


def test_json_goes_out_the_way_it_is_asked_for() -> None:
    tool = {"type": "function", "function": {"name": "answer", "parameters": SCHEMA}}
    with LLMServer(always(value={"title": "x"})) as server:
        body = request("openai-chat")
        plain = json.loads(ask(server, "openai-chat", body)[2])["choices"][0]
        forced = json.loads(ask(server, "openai-chat", {**body, "tools": [tool], "tool_choice": "required"})[2])["choices"][0]
        assert json.loads(plain["message"]["content"]) == {"title": "x"}
        assert json.loads(forced["message"]["tool_calls"][0]["function"]["arguments"]) == {"title": "x"}
        assert (plain["finish_reason"], forced["finish_reason"]) == ("stop", "tool_calls")
    with LLMServer(always(tools=(ToolCall(name="answer", arguments={"title": "y" * 99}),))) as server:
        cut = json.loads(ask(server, "openai-chat", {**request("openai-chat", limit=5), "tools": [tool]})[2])["choices"][0]
        assert cut["finish_reason"] == "length"
        assert len(cut["message"]["tool_calls"][0]["function"]["arguments"]) == 20


def test_marked_prompts_are_written_to_the_cache_once_and_read_after() -> None:
    system = [{"type": "text", "text": "w" * 400, "cache_control": {"type": "ephemeral"}}]
    with LLMServer(always(text="yes")) as server:
        used = [json.loads(ask(server, "anthropic", {**request("anthropic"), "system": system})[2])["usage"] for _ in range(2)]
    written, read = used
    assert written["cache_creation_input_tokens"] == read["cache_read_input_tokens"] > 90
    assert (written["cache_read_input_tokens"], read["cache_creation_input_tokens"]) == (0, 0)


def test_a_script_answers_by_what_is_asked_and_how_often(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("""
replies:
  - {when: {last: "first|again"}, times: 1, reply: {trouble: {kind: rate, retry_after: 0}}}
  - {when: {property: title}, reply: {value: {title: x}}}
  - {when: {sends: [temperature]}, reply: {trouble: {kind: invalid, message: no temperature}}}
  - {when: {text: "first"}, reply: {text: there it is}}
""")
    with LLMServer(load_script(path)) as server:
        body = request("openai-chat", "first")
        assert [ask(server, "openai-chat", body)[0] for _ in range(2)] == [429, 200]
        assert b"no temperature" in ask(server, "openai-chat", {**body, "temperature": 0})[2]
        shaped = {**body, "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}}
        assert json.loads(text("openai-chat", ask(server, "openai-chat", shaped)[2])) == {"title": "x"}
        status, _, raw = ask(server, "openai-chat", request("openai-chat", "something else"))
        assert (status, b"no reply of the script fits" in raw) == (400, True)


@pytest.mark.parametrize(
    ("written", "told"), [("replies: [{when: {txt: a}, reply: {}}]", "txt"), ("replies: [{when: {text: '['}, reply: {}}]", "regular"), ("{", "YAML")]
)
def test_a_script_that_is_wrong_says_where(tmp_path: Path, written: str, told: str) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(written)
    with pytest.raises(ValueError, match=told) as error:
        load_script(path)
    assert "script.yaml" in str(error.value)


def test_a_brain_that_fails_fails_the_test() -> None:
    def brain(asked: Asked) -> Reply:
        raise AssertionError("the prompt lacks the budget")

    with pytest.raises(AssertionError, match="lacks the budget"), LLMServer(brain) as server:
        assert ask(server, "openai-chat", request("openai-chat"))[0] == 400


def test_what_is_no_request_is_refused_and_recorded() -> None:
    with LLMServer(Script()) as server:
        assert ask(server, "anthropic", {"model": "m"})[0] == 400
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        line.request("POST", "/nowhere", b"\xff secret")
        assert line.getresponse().status == 404
        assert b"\xff secret" in server.sent()


def test_it_is_started_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("otherwise: {text: hello}\n")
    command = [sys.executable, "-m", "nephoscope.testing.llm_server", "--port", "0", "--script"]
    with subprocess.Popen([*command, str(path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = str(process.stdout.readline()).strip()  # type: ignore[union-attr]
            body = json.dumps(request("openai-chat")).encode()
            with urllib.request.urlopen(urllib.request.Request(url + "/v1/chat/completions", body), timeout=10) as reply:
                assert text("openai-chat", reply.read()) == "hello"
            with urllib.request.urlopen(url + "/__server__/requests", timeout=10) as reply:
                assert [one["path"] for one in json.load(reply)] == ["/v1/chat/completions"]
        finally:
            process.terminate()
        assert process.wait(10) == 0
    gone = subprocess.run([*command, str(tmp_path / "none.yaml")], capture_output=True, text=True, timeout=20, check=False)
    assert (gone.returncode, "none.yaml" in gone.stderr, "Traceback" in gone.stderr) == (2, True, False)


def test_limits_count_what_is_streamed_too() -> None:
    with LLMServer(always(text="abcd " * 50)) as server:
        raw = ask(server, "ollama", request("ollama", limit=10, stream=True))[2]
        lines = [json.loads(line) for line in raw.splitlines()]
    assert "".join(line["message"]["content"] for line in lines) == ("abcd " * 50)[:40]
    assert lines[-1]["done_reason"] == "length"
