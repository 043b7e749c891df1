"""Asking the person: questions and approvals, with the live view out of the way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nephoscope.cli import streams
from nephoscope.models import Question, Script, Violation
from nephoscope.reporting.text import clean, clean_block

if TYPE_CHECKING:
    from nephoscope.cli.interruption import Interruption
    from nephoscope.cli.output import Output
    from nephoscope.reporting.live import View

_TRIES = 3


class Conversation:
    """Answers the engine. Nobody is there when stdin or stderr is no terminal, with ``--json``, and with ``--ask never``."""

    def __init__(self, output: Output, view: View, interruption: Interruption, *, ask: str, answers: Sequence[str] = ()) -> None:
        self._output = output
        self._view = view
        self._interruption = interruption
        self._answers = list(answers)
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

    def approve(self, script: Script, violations: Sequence[Violation]) -> bool | None:
        """Whether these very bytes may run; ``None``: somebody is there and gives no answer. With nobody there a script that must be asked about
        does not run, and the investigation goes on without it: ``--ask never`` says beforehand that it may."""
        if self._answers:
            return self._answers.pop(0).lower() in ("y", "yes")
        if not self.somebody:
            return False
        remarks = [f"  line {violation.line}: {clean(violation.message)}" for violation in violations]
        head = f"Script by {clean(script.author)}, {script.hash[:12]}: {clean(script.check.intent)}"
        source = [f"  | {line}" for line in clean_block(script.source).split("\n")]
        answer = self._until([head, *source, *remarks], "run it? [y/N]> ", lambda reply: reply.strip().lower() or "n")
        return answer in ("y", "yes")

    def _until(self, lines: Sequence[str], prompt: str, meant: Callable[[str], str | None]) -> str | None:
        """Ask until the reply means something; Ctrl-C and the end of input mean nobody answers."""
        with self._view.paused(), self._interruption.prompting():
            try:
                for line in lines:
                    self._output.people.print(line, soft_wrap=True)
                for _ in range(_TRIES):
                    reply = _line(prompt)
                    if not reply:
                        return None
                    if answer := meant(reply):
                        return answer
            except KeyboardInterrupt:
                self._interruption.stop()
        return None


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
