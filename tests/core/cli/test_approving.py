"""A person at a terminal is shown a script: yes, no, edit, steer."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from rich.console import Console

from nephoscope.cli.conversation import Conversation
from nephoscope.models import Approval, Check, Event, Script, Violation

SCRIPT = Script(source="import brook\nbrook.ask()\n", check=Check(id="c", intent="is it deep?", cloud="brook"), cloud="brook", author="model:m")
REMARKS = [
    Violation(rule="r", severity="info", message="asks brook:Ask"),
    Violation(rule="r", severity="error", line=2, message="it may [not] \x1b[2J run", hint="ask else"),
]


class Desk:
    """Stands for output, view and interruption."""

    as_json = False

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.people = Console(file=self.text, width=120)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        yield

    prompting = paused

    def stop(self) -> None:
        raise AssertionError("nobody interrupts")


def talk(monkeypatch: pytest.MonkeyPatch, typed: str, *, answers: Sequence[str] = (), **proposal: Any) -> tuple[Any, str]:
    """What a person who types this is taken to have said, and what they saw."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    monkeypatch.setattr("nephoscope.cli.streams.is_terminal", lambda stream: True)
    desk: Any = Desk()
    conversation = Conversation(desk, desk, desk, ask="risky", answers=answers)
    conversation.heard(Event(kind="approval", at="", data=proposal))
    return conversation.approve(SCRIPT, REMARKS), desk.text.getvalue()


@pytest.mark.parametrize(
    ("typed", "said"),
    [("y\n", True), ("\n", False), ("n\n", False), ("", None), ("s\nlook at flat\n", Approval(steer="look at flat")), ("w\nyes\n", True)],
)
def test_what_is_typed(monkeypatch: pytest.MonkeyPatch, typed: str, said: Any) -> None:
    assert talk(monkeypatch, typed)[0] == said


def test_what_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    _, seen = talk(monkeypatch, "n\n", rehearsal="failed: KeyError")
    assert "Script by model:m" in seen
    assert "error in line 2: it may [not]" in seen
    assert "rehearsal failed: KeyError" in seen
    assert "| brook.ask()" in seen
    assert "asks brook:Ask" not in seen
    assert "\x1b" not in seen
    _, seen = talk(monkeypatch, "n\n", diff="--- before\n+++ after\n-old\n+new", since="approved", before="0123456789abcdef")
    assert "changed since the version you approved, 0123456789ab:" in seen
    assert "  -old\n  +new" in seen
    assert "| brook.ask()" not in seen


def test_what_is_rejected_cannot_be_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    said, seen = talk(monkeypatch, "y\nn\n", rejected=True)
    assert (said, "the validators reject it" in seen) == (False, True)


def test_an_editor_is_given_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "sed -i s/brook/creek/")
    assert talk(monkeypatch, "e\n")[0] == Approval(source=SCRIPT.source.replace("brook", "creek", 1).replace("brook", "creek"))
    monkeypatch.setenv("VISUAL", "true")
    assert talk(monkeypatch, "e\ny\n")[0] is True
    monkeypatch.setenv("VISUAL", "false")
    assert talk(monkeypatch, "e\nn\n")[0] is False
    monkeypatch.setenv("VISUAL", "no-such-editor-anywhere")
    said, seen = talk(monkeypatch, "e\nn\n")
    assert (said, "name one with EDITOR" in seen) == (False, True)


def test_answers_given_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    for answer, said in (("yes", True), ("no", False), ("steer: the pond flat", Approval(steer="the pond flat"))):
        assert talk(monkeypatch, "", answers=[answer])[0] == said
