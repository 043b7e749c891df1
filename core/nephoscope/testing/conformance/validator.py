"""Suites for the two phases of validation."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from nephoscope.interfaces import Judge, Rewriter
from nephoscope.models import Check, Script, ScriptEnvironment, Violation
from nephoscope.testing.conformance.base import Suite


def script_of(source: str) -> Script:
    """A script by nobody in particular."""
    return Script(source=source, check=Check(id="sample", intent="sample", cloud="sample"), cloud="sample", author="person")


class JudgeSuite(Suite):
    """``accepted`` and ``rejected``: sources that the judge must let through, and must not. Both are needed."""

    interface = Judge
    subject: Judge
    environment = ScriptEnvironment()
    accepted: Sequence[str] = ()
    rejected: Sequence[str] = ()

    def errors(self, source: str) -> list[Violation]:
        """What the judge rejects a source for."""
        return [violation for violation in self.subject.judge(script_of(source), self.environment) if violation.severity == "error"]

    def test_accepts_what_it_should(self) -> None:
        """No error for sound scripts."""
        assert [(source, found) for source in self.samples("accepted") if (found := self.errors(source))] == []

    def test_rejects_what_it_should_in_words_to_act_on(self) -> None:
        """An error with rule, message, hint, and a line of the script."""
        for source in self.samples("rejected"):
            found = self.errors(source)
            assert found, source
            for violation in found:
                assert violation.rule and violation.message and violation.hint, violation
                assert 0 <= violation.line <= source.count("\n") + 1, violation

    def test_gives_the_same_answer_twice(self) -> None:
        """Judging has no memory."""
        for source in (*self.samples("accepted"), *self.samples("rejected")):
            assert self.errors(source) == self.errors(source)

    def test_is_not_silenced_by_comments_or_moved_lines(self) -> None:
        """What precedes a fault does not hide it, and its line moves along."""
        for source in self.samples("rejected"):
            before = [violation.line for violation in self.errors(source)]
            after = [violation.line for violation in self.errors(f"# nosec, noqa, type: ignore\n{source}")]
            assert after == [line + 1 if line else 0 for line in before]


class RewriterSuite(Suite):
    """``sources``: scripts to rewrite, ugly ones among them."""

    interface = Rewriter
    subject: Rewriter
    environment = ScriptEnvironment()
    sources: Sequence[str] = ()

    def rewritten(self, source: str) -> str:
        """The source after rewriting."""
        return self.subject.rewrite(script_of(source), self.environment).source

    def test_changes_something(self) -> None:
        """At least one of the samples needs it."""
        assert any(self.rewritten(source) != source for source in self.samples("sources"))

    def test_twice_is_once(self) -> None:
        """Its own output is left alone, or approvals of the final bytes would never hold."""
        for source in self.samples("sources"):
            once = self.rewritten(source)
            assert self.rewritten(once) == once

    def test_keeps_the_meaning(self) -> None:
        """Apart from imports, the program is the same."""
        for source in self.samples("sources"):
            assert _program(self.rewritten(source)) == _program(source)


def _program(source: str) -> list[str]:
    return [ast.dump(node) for node in ast.parse(source).body if not isinstance(node, ast.Import | ast.ImportFrom)]
