"""Suite for generators."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Generator
from nephoscope.interfaces.view import View
from nephoscope.models import Check, Failure, Script, Violation
from nephoscope.testing.conformance.base import Suite


class GeneratorSuite(Suite):
    """``mine``: checks it writes scripts for; ``foreign``: checks it must leave to others; ``view``: what it sees besides."""

    interface = Generator
    subject: Generator
    view: View
    mine: Sequence[Check] = ()
    foreign: Sequence[Check] = ()

    def test_writes_scripts_for_its_own_checks(self) -> None:
        """The script is for that check, for its cloud, says who wrote it, and is Python."""
        for check in self.samples("mine"):
            script = self.subject.generate(check, self.view)
            assert script is not None
            assert (script.check, script.cloud) == (check, check.cloud)
            assert script.author.partition(":")[0] in ("template", "model", "skill", "person")
            compile(script.source, "script.py", "exec")

    def test_leaves_foreign_checks_to_others(self) -> None:
        """``None``: not mine, ask the next."""
        assert [self.subject.generate(check, self.view) for check in self.samples("foreign")] == [None] * len(self.foreign)

    def test_repairs_or_gives_up_but_never_repeats_itself(self) -> None:
        """A repaired script is another one; ``None`` ends the check as a gap."""
        failure = Failure(kind="crash", message="KeyError: 'x' (line 3)")
        violation = Violation(rule="nap", severity="error", line=1, message="sleeps", hint="do not")
        for check in self.samples("mine"):
            script = self.subject.generate(check, self.view)
            assert script is not None
            for trouble in (failure, (violation,)):
                better: Script | None = self.subject.repair(script, trouble, self.view)
                assert better is None or (better.source != script.source and better.check == check)
