"""Core's own plugins keep the contracts, and each suite catches the fault it exists for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from nephoscope.boundary.sandbox.bubblewrap import BubblewrapExecutor
from nephoscope.boundary.sandbox.unsafe import NoneExecutor
from nephoscope.boundary.sandbox.userns import UsernsExecutor
from nephoscope.models import Check, Script, ScriptEnvironment, Violation
from nephoscope.testing.conformance import ExecutorSuite, JudgeSuite, RewriterSuite
from nephoscope.validation.formatting import Autopep8, Black
from nephoscope.validation.imports import ImportAllowList, Imports
from nephoscope.validation.lint import Lint
from nephoscope.validation.requests import Contract, Determinism, Operations
from nephoscope.validation.security import Security
from nephoscope.validation.syntax import Syntax

BROOK = ScriptEnvironment(imports=("brook",))
ASKING = "import brook\npond = brook.client('ponds')\n"


class TestSyntax(JudgeSuite):
    subject = Syntax()
    accepted = ("print(1)\n",)
    rejected = ("def (\n", "x = 'unclosed\n")


class TestImportAllowList(JudgeSuite):
    subject = ImportAllowList()
    environment = BROOK
    accepted = ("import json\nimport brook.parts\n",)
    rejected = ("import ctypes\n", "from subprocess import run\n", "eval('1')\n")


class TestLint(JudgeSuite):
    subject = Lint()
    accepted = ("x = 1\nprint(x)\n", "import json\n")
    rejected = ("print(nobody)\n",)


class TestSecurity(JudgeSuite):
    subject = Security()
    accepted = ("print(1)\n",)
    rejected = ("import hashlib\nhashlib.md5(b'x')\n", "exec('1')\n")


class TestOperations(JudgeSuite):
    subject = Operations()
    environment = BROOK
    accepted = (f"{ASKING}pond.get_pond(Name='x')\n",)
    rejected = (f"{ASKING}pond.delete_pond(Name='x')\n",)


class TestDeterminism(JudgeSuite):
    subject = Determinism()
    environment = BROOK
    accepted = (f"import time\n{ASKING}pond.get_pond(Name='x')\nprint(time.time())\n",)
    rejected = (f"import time\n{ASKING}pond.get_pond(At=time.time())\n",)


class TestContract(JudgeSuite):
    subject = Contract()
    environment = BROOK
    accepted = (f"{ASKING}pond.get_pond(Name='x')\n",)
    rejected = ("print(1)\n", f"{ASKING}pond.get_pond()\nstate('a')\n")


class TestImports(RewriterSuite):
    subject = Imports()
    environment = BROOK
    sources = ('"""Doc."""\nimport os\nprint(json.dumps({}))\n', "brook.client('x').get_y()\n", "import json\nprint(json)\n")


class TestBlack(RewriterSuite):
    subject = Black()
    sources = ("x=[1,\n2]\n", "def f( a ):\n  return a\n", "print(1)\n")


class TestAutopep8(RewriterSuite):
    subject = Autopep8()
    sources = ("x=[1,2]\n", "def f( a ):\n  return a\n", "print(1)\n")


@pytest.mark.sandbox
class TestBubblewrap(ExecutorSuite):
    subject = BubblewrapExecutor()


@pytest.mark.sandbox
class TestColdBubblewrap(ExecutorSuite):
    subject = BubblewrapExecutor(warm=False)


@pytest.mark.sandbox
class TestUserns(ExecutorSuite):
    subject = UsernsExecutor()


class TestUnsafeLocal(ExecutorSuite):
    subject = NoneExecutor()


class Forgetful:
    """A judge with four faults: a line out of range, no hint, a memory, and an ear for comments."""

    name = "forgetful"

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        if script.source in self.seen or script.source.startswith("#"):
            return []
        self.seen.add(script.source)
        return [Violation(rule="x", severity="error", line=99, message="no")]


@pytest.mark.parametrize(
    "test", ["test_rejects_what_it_should_in_words_to_act_on", "test_gives_the_same_answer_twice", "test_is_not_silenced_by_comments_or_moved_lines"]
)
def test_a_bad_judge_fails_its_suite(test: str) -> None:
    suite = JudgeSuite()
    suite.subject, suite.accepted, suite.rejected = Forgetful(), ("ok = 1\n",), ("bad\n",)
    with pytest.raises(AssertionError):
        getattr(suite, test)()


def test_a_suite_without_samples_fails() -> None:
    suite = JudgeSuite()
    suite.subject = Lint()
    with pytest.raises(pytest.fail.Exception, match="accepted is empty"):
        suite.test_accepts_what_it_should()


class Careless:
    """A rewriter that loses the program and never settles."""

    name = "careless"

    def rewrite(self, script: Script, environment: ScriptEnvironment) -> Script:
        return Script(source=script.source + "x = 1\n", check=Check(id="", intent="", cloud=""), cloud="", author="")


def test_a_bad_rewriter_fails_its_suite() -> None:
    suite = RewriterSuite()
    suite.subject, suite.sources = Careless(), ("y = 1\n",)
    for test in (suite.test_twice_is_once, suite.test_keeps_the_meaning):
        with pytest.raises(AssertionError):
            test()
