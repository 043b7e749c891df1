"""Asking the person: questions and approvals, with the live view out of the way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from nephoscope.cli import streams
from nephoscope.cli.editing import edited
from nephoscope.interfaces.errors import UsageError
from nephoscope.models import Approval, Event, JsonValue, Question, Script, Violation
from nephoscope.reporting.text import clean, clean_block

if TYPE_CHECKING:
    from nephoscope.cli.interruption import Interruption
    from nephoscope.cli.output import Output
    from nephoscope.reporting.live import View

_TRIES = 3
_APPROVAL = "run it? [y]es [N]o [e]dit [s]teer [w]hole script> "
_STEER = "steer:"


class Conversation:
    """Answers the engine. Nobody is there when stdin or stderr is no terminal, with ``--json``, and with ``--ask never``."""

    def __init__(self, output: Output, view: View, interruption: Interruption, *, ask: str, answers: Sequence[str] = ()) -> None:
        self._output = output
        self._view = view
        self._interruption = interruption
        self._answers = list(answers)
        self._proposal: Mapping[str, JsonValue] = {}
        self.somebody = ask != "never" and not output.as_json and streams.is_terminal(sys.stdin) and streams.is_terminal(sys.stderr)

    def ask(self, question: Question) -> str | None:
        """The answer in words, one of the options where there are some; ``None``: nobody answers."""
        if self._answers:
            return self._answers.pop(0)
        if not self.somebody:
            return None
        lines = [clean(question.text), *(f"  {number}  {clean(option)}" for number, option in enumerate(question.options, 1))]
        default = f" [{clean(question.assume)}]" if question.assume else ""
        return self._until(lines, f"answer{default}> ", lambda reply: _meant(reply, question))

    def heard(self, event: Event) -> None:
        """Remember what is told beside a script that is asked about next."""
        if event.kind == "approval":
            self._proposal = event.data

    def approve(self, script: Script, violations: Sequence[Violation]) -> bool | Approval | None:
        """Whether these very bytes may run; ``None``: somebody is there and gives no answer. A person may also edit it, which is judged and shown
        again, or say what to look at instead."""
        if self._answers:
            return _told(self._answers.pop(0))
        if not self.somebody:
            return Approval(nobody=True)
        lines = [*_head(script, violations, self._proposal), *_body(script, self._proposal)]
        while True:
            reply = self._until(lines, _APPROVAL, lambda typed: typed.strip().lower() or "n")
            if reply is None:
                return None
            if reply in ("w", "whole"):
                lines = [f"  | {line}" for line in clean_block(script.source).split("\n")]
                continue
            if reply in ("e", "edit"):
                source = self._edited(script.source)
                if source != script.source:
                    return Approval(source=source)
                lines = ["nothing was changed"]
                continue
            if reply in ("s", "steer"):
                words = self._until([], "what to look at instead> ", lambda typed: clean(typed).strip() or None)
                return Approval(steer=words) if words else None
            if reply in ("y", "yes") and self._proposal.get("rejected"):
                lines = ["the validators reject it, so it cannot run: edit it, steer, or leave it"]
                continue
            return reply in ("y", "yes")

    def _edited(self, source: str) -> str:
        with self._view.paused(), self._interruption.prompting():
            try:
                return edited(source)
            except UsageError as error:
                self._output.people.print(f"{error.message}; {error.hint}", soft_wrap=True, markup=False)
            except KeyboardInterrupt:
                self._interruption.stop()
        return source

    def _until(self, lines: Sequence[str], prompt: str, meant: Callable[[str], str | None]) -> str | None:
        """Ask until the reply means something; Ctrl-C and the end of input mean nobody answers."""
        with self._view.paused(), self._interruption.prompting():
            try:
                for line in lines:
                    self._output.people.print(line, soft_wrap=True, markup=False, highlight=False)
                for _ in range(_TRIES):
                    reply = _line(prompt)
                    if not reply:
                        return None
                    if answer := meant(reply):
                        return answer
            except KeyboardInterrupt:
                self._interruption.stop()
        return None


def _told(answer: str) -> bool | Approval:
    """An answer given beforehand: yes, no, or ``steer: WORDS``."""
    if answer.lower().startswith(_STEER):
        return Approval(steer=clean(answer[len(_STEER) :]).strip())
    return answer.lower() in ("y", "yes")


def _head(script: Script, violations: Sequence[Violation], proposal: Mapping[str, JsonValue]) -> Iterator[str]:
    yield f"Script by {clean(script.author)}, {script.hash[:12]}: {clean(script.check.intent)}"
    for one in sorted(violations, key=lambda each: each.severity != "error"):
        if one.severity != "info":
            yield f"  {one.severity}{f' in line {one.line}' if one.line else ''}: {clean(one.message)}{f' ({clean(one.hint)})' if one.hint else ''}"
    if rehearsal := clean(str(proposal.get("rehearsal") or "")):
        yield f"  rehearsal {rehearsal}"


def _body(script: Script, proposal: Mapping[str, JsonValue]) -> Iterator[str]:
    """What changed since the version that was last approved, or else the last one; the whole script where there was none."""
    diff = clean_block(str(proposal.get("diff") or ""))
    if not diff:
        yield from (f"  | {line}" for line in clean_block(script.source).split("\n"))
        return
    what = "the version you approved" if proposal.get("since") == "approved" else "the version before"
    yield f"  changed since {what}, {str(proposal.get('before'))[:12]}:"
    yield from (f"  {line}" for line in diff.split("\n")[2:])


def _line(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    return sys.stdin.readline()


def _meant(reply: str, question: Question) -> str | None:
    """The answer that a typed line stands for; ``None``: ask again."""
    text = clean(reply)
    if not text:
        return question.assume
    if text.isdigit() and 1 <= int(text) <= len(question.options):
        return question.options[int(text) - 1]
    near = [option for option in question.options if text.lower() in option.lower()]
    return near[0] if len(near) == 1 else text
