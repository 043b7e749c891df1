"""The front alone, with a cloud that speaks plain text."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

import pytest
from pydantic import ValidationError

from nephoscope.models import WireReply, WireRequest
from nephoscope.testing.front import CONTROL, Answer, Asked, Front, Rules


class Plain:
    """``GET /thing:Read`` asks for ``thing:Read``."""

    def read(self, request: WireRequest) -> Asked | None:
        name = request.path.removeprefix("/")
        return Asked(operation=name, params={"body": request.body.decode()}, mutating=request.method != "GET") if ":" in name else None

    def denied(self, asked: Asked, request: WireRequest) -> WireReply:
        return WireReply(status=403, body=b"denied")

    def throttled(self, asked: Asked, request: WireRequest) -> WireReply:
        return WireReply(status=429, body=b"slow down")

    def answer(self, asked: Asked, request: WireRequest, answer: Answer) -> WireReply:
        return WireReply(status=answer.status, body=str(answer.document).encode())


def cloud(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"cloud:" + environ["wsgi.input"].read()]


class Asking:
    def __init__(self, front: Front) -> None:
        self.front = front

    def __call__(self, path: str, method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
        status: list[int] = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "HTTP_HOST": "127.0.0.1",
        }
        reply = b"".join(self.front(environ, lambda line, headers: status.append(int(line.split()[0]))))
        return status[0], reply

    def log(self) -> Any:
        return json.loads(self(f"{CONTROL}log")[1])


@pytest.fixture
def ask() -> Asking:
    return Asking(Front(cloud, Plain()))


def test_without_rules_everything_passes_with_its_body(ask: Asking) -> None:
    assert ask("/thing:Read", body=b"x") == (200, b"cloud:x")
    assert ask("/unreadable") == (200, b"cloud:")
    assert ask.log() == [
        {"operation": "thing:Read", "mutating": False, "reached": True},
        {"operation": "GET /unreadable", "mutating": False, "reached": True},
    ]


def test_rules(ask: Asking) -> None:
    ask.front.apply(Rules(deny=("secret:*",), throttle={"thing:*": 1}, answer=(Answer(operation="thing:List", params={"body": "me"}, document=[1]),)))
    assert ask("/secret:Read") == (403, b"denied")
    assert ask("/thing:List", body=b"me") == (429, b"slow down")
    assert ask("/thing:List", body=b"me") == (200, b"[1]")
    assert ask("/thing:List", body=b"you") == (200, b"cloud:you")
    assert [entry["reached"] for entry in ask.log()] == [False, False, False, True]


def test_rules_over_the_control_path(ask: Asking) -> None:
    assert ask(f"{CONTROL}rules", "POST", json.dumps({"deny": ["thing:*"]}).encode())[0] == 200
    assert ask("/thing:Read")[0] == 403
    assert json.loads(ask(f"{CONTROL}rules")[1])["deny"] == ["thing:*"]
    ask(f"{CONTROL}clear", "POST")
    assert ask.log() == []


def test_reset_calls_back() -> None:
    called: list[bool] = []
    Asking(Front(cloud, Plain(), lambda: called.append(True)))(f"{CONTROL}reset", "POST")
    assert called == [True]


def test_a_rule_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Rules.model_validate({"denied": []})
