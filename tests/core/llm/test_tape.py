"""Replies that are given again: to the same question however often the clock, the digests and the ids of facts have changed since."""

from __future__ import annotations

from pathlib import Path

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.llm.request import Reply, Request, Turn
from nephoscope.llm.tape import Tape
from nephoscope.models import Usage


def request(
    facts: tuple[str, str] = ("f:aaaaaaaaaaaa", "f:bbbbbbbbbbbb"), at: str = "2026-11-29T03:00:00Z", seconds: float = 886, **more: object
) -> Request:
    text = f'{{"now": "{at}"}} {facts[0]} says 1764385200.5, {facts[1]} says 123456789012. Left: {{"seconds": {seconds}, "steps": 12}}'
    return Request.model_validate({"model": "a:m", "base_url": "http://127.0.0.1:1", "turns": (Turn(role="user", text=text),), **more})


REPLY = Reply(text='{"fact": "f:bbbbbbbbbbbb", "other": "f:cccccccccccc"}', finish="stop", usage=Usage(input=10, output=5))


def test_the_same_question_of_another_day_has_its_reply_about_the_facts_of_today(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "deep" / "tape.db")
    tape.keep(request(), REPLY)
    tape.keep(request(), REPLY.model_copy(update={"text": "later"}))
    tape.close()
    again = Tape(tmp_path / "deep" / "tape.db", only=True)
    later = request(("f:dddddddddddd", "f:eeeeeeeeeeee"), "2027-01-01T10:11:12.5Z", 12.5, base_url="http://elsewhere:9")
    assert again.get(later) == REPLY.model_copy(update={"text": '{"fact": "f:eeeeeeeeeeee", "other": "f:cccccccccccc"}'})
    again.close()


@pytest.mark.parametrize(
    "other",
    [
        request(model="a:n"), request(repeat=1), request(parameters={"temperature": 1}), request(way="tool", schema={"type": "object"}),
        request(("f:aaaaaaaaaaaa", "f:aaaaaaaaaaaa")), request(turns=(Turn(role="user", text="else"),)),
    ],
    ids=["model", "repeat", "parameters", "tool", "facts", "words"],
)  # fmt: skip
def test_another_question_has_none(tmp_path: Path, other: Request) -> None:
    tape = Tape(tmp_path / "tape.db")
    tape.keep(request(), REPLY)
    assert tape.get(other) is None
    tape.close()


def test_nothing_recorded_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recorded replies"):
        Tape(tmp_path / "none.db", only=True)
    (tmp_path / "text").write_text("no database at all, but long enough to look like something else")
    with pytest.raises(UsageError, match="text"):
        Tape(tmp_path / "text")
