"""Validation as a script meets it: what passes, what is mended, what is refused and in which words."""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nephoscope import builtin
from nephoscope.models import Check, Script, ScriptEnvironment, Violation
from nephoscope.validation import Validated, chosen, validate
from nephoscope.validation.imports import ImportAllowList
from nephoscope.validation.requests import operations

ENVIRONMENT = ScriptEnvironment(imports=("brook", "brookcore"))
REWRITERS = builtin.nephoscope_register_rewriters()
JUDGES = builtin.nephoscope_register_judges()
CHECK = Check(id="c1", intent="look", cloud="brook")
GOOD = '''"""Which settings has the pond?"""

import brook
from nephoscope_script import now, params, state

pond = brook.client("ponds")
answer = pond.get_pond(Name=params()["name"], Before=now())
state("pond:blue", "depth", answer["Depth"], "ponds:GetPond", "Depth")
'''


def script(source: str) -> Script:
    return Script(source=source, check=CHECK, cloud="brook", author="model:x")


def validated(source: str, formatter: str = "black") -> Validated:
    return validate(script(source), ENVIRONMENT, chosen(REWRITERS, formatter), JUDGES)


def errors(source: str) -> list[Violation]:
    return [violation for violation in validated(source).violations if violation.severity == "error"]


def asking(*lines: str) -> str:
    return "\n".join(["import brook", "pond = brook.client('ponds')", *lines, "pond.get_pond(Name='x')\n"])


def test_a_plain_script_passes_unchanged() -> None:
    result = validated(GOOD)
    assert result.accepted, result.violations
    assert result.script == script(GOOD)
    assert [v.message for v in result.violations if v.rule == "operation"] == ["asks ponds:get_pond"]


def test_a_small_script_takes_well_under_a_second() -> None:
    validated(GOOD)
    began = time.perf_counter()
    for number in range(3):
        validated(GOOD + f"# {number}\n")
    assert time.perf_counter() - began < 1.5


@pytest.mark.parametrize("formatter", ["black", "autopep8"])
def test_formatting_and_imports_are_mended(formatter: str) -> None:
    ugly = '"""Doc."""\nfrom __future__ import annotations\nimport re, brook\n'
    ugly += 'x  =  brook.client( "ponds" ).get_pond(Name=json.dumps( {} ))\nprint( x )\n'
    result = validated(ugly, formatter)
    assert result.accepted, result.violations
    assert "import re" not in result.script.source
    assert result.script.source.splitlines().count("import json") == 1
    assert "x = brook.client" in result.script.source
    assert ast.get_docstring(ast.parse(result.script.source)) == "Doc."
    assert result.script.author == "model:x"


@pytest.mark.parametrize(
    ("use", "line"),
    [
        ("timedelta(hours=1)", "from datetime import timedelta"),
        ("datetime.timedelta(1)", "import datetime"),
        ("datetime.fromisoformat('2026-01-01')", "from datetime import datetime"),
        ("defaultdict(list)", "from collections import defaultdict"),
        ("state('a', 'b', 1, 'x:Y', 'Z')", "from nephoscope_script import state"),
    ],
)
def test_a_missing_import_with_one_meaning_is_added(use: str, line: str) -> None:
    result = validated(asking(f"value = {use}", "print(value)"))
    assert result.accepted, result.violations
    assert line in result.script.source


def test_an_sdk_that_was_not_imported_is() -> None:
    assert "import brook\n" in validated("brook.client('ponds').get_pond(Name='x')\n").script.source


def test_rewriting_twice_is_rewriting_once() -> None:
    once = validated("x=[1,\n2]\nbrook.client('ponds').get_pond(Name=json.dumps(x))").script.source
    assert validated(once).script.source == once


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("def broken(:\n", "syntax"),
        ("", "empty"),
        ("x = '\x00'", "syntax"),
        ("x = '\ud800'", "encoding"),
        ("x = 1\n" * 20_000, "size"),
        ("x = " + "(" * 300 + ")" * 300, "syntax"),
        ("x = " + "[" * 100 + "]" * 100, "depth"),
        ("x = " + "-" * 5000 + "1", "depth"),
        ("return 3", "syntax"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_one_reason(source: str, rule: str) -> None:
    (violation,) = validated(source).violations
    assert violation.rule == rule
    assert violation.hint


@pytest.mark.parametrize(
    "line", ["import os; print(os.environ.get('AWS_REGION'))", "import argparse, pathlib; print(argparse, pathlib)", "print(open('out.json', 'w'))"]
)
def test_people_may_use_what_they_are_used_to_and_models_may_not(line: str) -> None:
    written = script(f"{line}\n")
    judge = ImportAllowList()
    assert judge.judge(written.model_copy(update={"author": "person"}), ENVIRONMENT) == []
    assert judge.judge(written.model_copy(update={"author": "model:x"}), ENVIRONMENT) != []


def test_the_name_of_a_class_is_told_and_its_insides_are_not_reached() -> None:
    assert ImportAllowList().judge(script("print(Exception().__class__.__name__)\n"), ENVIRONMENT) == []
    assert ImportAllowList().judge(script("print(Exception().__class__.__mro__)\n"), ENVIRONMENT) != []


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.environ",
        "import subprocess; subprocess.run(['ls'])",
        "import socket; socket.socket()",
        "from urllib import request; request.urlopen('http://x')",
        "import urllib.request; urllib.request.urlopen('http://x')",
        "import ctypes; ctypes.CDLL(None)",
        "import importlib; importlib.import_module('os')",
        "from . import x; x()",
        "from json import *; print(dumps({}))",
        "import nephoscope; nephoscope.x",
        "import brookish; brookish.x",
        "__import__('os').system('ls')",
        "eval('1')",
        "exec('1')",
        "open('/etc/passwd').read()",
        "().__class__.__bases__[0].__subclasses__()",
        "__builtins__['open']('x')",
        "run = open; run('x')",
    ],
)
def test_ways_out_are_refused_with_a_hint(line: str) -> None:
    found = errors(asking(line))
    assert {violation.rule for violation in found} & {"import-not-allowed", "import-relative", "import-star", "builtin-not-allowed", "internals"}
    assert all(violation.hint and violation.line > 2 for violation in found)


@pytest.mark.parametrize(
    "line", ["import json; print(json.dumps({}))", "from urllib.parse import quote; print(quote('x'))", "from urllib import parse; print(parse)"]
)
def test_handling_data_is_allowed(line: str) -> None:
    assert errors(asking(line)) == []


def test_names_nobody_defines_are_errors_and_style_is_not() -> None:
    assert [violation.rule for violation in errors(asking("print(unheard_of)"))] == ["lint-UndefinedName"]
    assert errors(asking("f = f'plain'", "print(f)")) == []


def test_bandit_is_heard_and_not_silenced_by_comments() -> None:
    for line in ("import hashlib; print(hashlib.md5(b'x').hexdigest())", "import hashlib; print(hashlib.md5(b'x').hexdigest())  # nosec"):
        assert "bandit-B324" in [violation.rule for violation in errors(asking(line))]


def test_a_check_of_bandit_that_crashes_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    from bandit.core.tester import BanditTester

    def crash(*args: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(BanditTester, "run_tests", crash)
    assert "bandit-skipped" in [violation.rule for violation in errors(GOOD)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("pond.get_paginator('list_fish').paginate(Pond='x')", "asks ponds:list_fish"),
        ("brook.Session().client('lakes').describe_lakes()", "asks lakes:describe_lakes"),
        ("brook.ponds.PondsClient().list_fish(parent='x')", "asks ponds:list_fish"),
    ],
)
def test_operations_are_listed(line: str, told: str) -> None:
    assert told in [violation.message for violation in validated(asking(line)).violations]


def test_operations_are_seen_through_functions_and_with() -> None:
    source = "import brook\ndef look(c):\n    return c.list_fish(Pond='x')\nwith brook.client('ponds') as p:\n    print(look(p))\n"
    assert [operation.name for operation in operations(script(source), ENVIRONMENT)] == ["list_fish"]


@pytest.mark.parametrize("call", ["delete_pond(Name='x')", "put_fish(Pond='x')", "batch_delete_fish(Pond='x')", "update_pond()"])
def test_what_would_change_something_is_refused_early(call: str) -> None:
    (violation,) = errors(asking(f"pond.{call}"))
    assert violation.rule == "changes-something"
    assert "only read" in violation.message


def test_own_functions_and_replies_may_be_called_as_they_like() -> None:
    lines = [
        "def delete_doubles(items):\n    return set(items)",
        "found = pond.list_fish(Pond='x')",
        "found.update({'a': 1})",
        "print(delete_doubles(found))",
    ]
    assert errors(asking(*lines)) == []


@pytest.mark.parametrize(
    "lines",
    [
        ["import time", "pond.list_fish(Since=time.time())"],
        ["import datetime", "pond.list_fish(Since=datetime.datetime.utcnow().isoformat())"],
        ["from datetime import datetime as clock", "pond.list_fish(Since=clock.now())"],
        ["from datetime import date, timedelta", "end = date.today()", "start = end - timedelta(days=1)", "pond.list_fish(Since=str(start))"],
        ["import uuid", "pond.get_paginator('list_fish').paginate(Token=str(uuid.uuid4()))"],
        ["import random", "query = {}", "query['Seed'] = random.random()", "pond.list_fish(**query)"],
        ["import time", "names = []", "names.append(time.time())", "pond.list_fish(Names=names)"],
        ["import time", "def since():\n    return time.time() - 60", "pond.list_fish(Since=since())"],
        ["import time", "def look(client, since):\n    return client.list_fish(Since=since)", "look(pond, time.time())"],
        ["import time", "for moment in [time.time()]:\n    pond.list_fish(Since=moment)"],
        ["from time import gmtime, strftime", "pond.list_fish(Since=strftime('%Y', gmtime()))"],
    ],
)
def test_clock_and_chance_in_parameters_are_refused_with_the_way_to_the_steps_time(lines: list[str]) -> None:
    found = errors(asking(*lines))
    assert {violation.rule for violation in found} == {"clock-in-parameters"}
    assert "NOW" in found[0].hint


@pytest.mark.parametrize(
    "lines",
    [
        ["import time", "began = time.time()", "fish = pond.list_fish(Pond='x')", "print(fish, time.time() - began)"],
        ["from datetime import datetime, timedelta", "from nephoscope_script import now", "end = datetime.fromisoformat(now())",
         "pond.list_fish(Since=(end - timedelta(hours=1)).isoformat())"],
        ["import time", "pond.list_fish(Since=time.strftime('%Y', time.gmtime(0)))"],
        ["import datetime", "fish = pond.list_fish(Pond='x')", "print(fish['Born'].startswith(str(datetime.date.today())))"],
    ],
)  # fmt: skip
def test_the_clock_elsewhere_is_nobodys_business(lines: list[str]) -> None:
    assert errors(asking(*lines)) == []


def test_a_script_that_asks_nothing_is_refused() -> None:
    assert [violation.rule for violation in errors("print('all is well')\n")] == ["asks-nothing"]


@pytest.mark.parametrize("call", ["state('a', 'b', 1)", "state('a', 'b', 1, 'GetPond', 'Depth')", "state('a', 'b', 1, operation=3, expr='x')"])
def test_a_statement_without_its_source_is_refused(call: str) -> None:
    assert [violation.rule for violation in errors(asking("from nephoscope_script import state", call))] == ["statement"]


class Faulty:
    name = "faulty"

    def __init__(self, result: object) -> None:
        self.result = result

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result  # type: ignore[return-value]

    def rewrite(self, script: Script, environment: ScriptEnvironment) -> Script:
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result  # type: ignore[return-value]


@pytest.mark.parametrize("result", [RuntimeError("boom"), SystemExit(0), RecursionError(), None, [None], 3, ValueError("\ud800")])
def test_a_validator_that_fails_is_a_rejection_that_names_it(result: object) -> None:
    for rewriters, judges, rule in (([Faulty(result)], [], "rewriter-crashed"), ([], [Faulty(result)], "judge-crashed")):
        outcome = validate(script(GOOD), ENVIRONMENT, rewriters, judges)
        assert not outcome.accepted
        assert [violation.rule for violation in outcome.violations] == [rule]
        assert "faulty" in outcome.violations[0].message


def test_a_rewriter_cannot_change_whose_script_it_is() -> None:
    stolen = script(GOOD + "# x\n").model_copy(update={"author": "template:trusted", "cloud": "other"})
    outcome = validate(script(GOOD), ENVIRONMENT, [Faulty(stolen)], [])
    assert (outcome.script.author, outcome.script.cloud, outcome.script.check) == ("model:x", "brook", CHECK)
    assert outcome.script.source == stolen.source


def test_the_final_bytes_are_judged() -> None:
    bad = Faulty(script("import os\nos.system('ls')\n"))
    outcome = validate(script(GOOD), ENVIRONMENT, [bad], JUDGES)
    assert not outcome.accepted
    assert "import-not-allowed" in {violation.rule for violation in outcome.violations}
    broken = validate(script(GOOD), ENVIRONMENT, [Faulty(script("def ("))], JUDGES)
    assert [violation.rule for violation in broken.violations] == ["syntax"]


PIECES = (
    *("import brook\n", "from ", "import ", "(", ")", "[", "]", ":", "\n    ", "def f(x)", "return ", "f'{x}'", "lambda", "=", ".", "client('a')"),
    *("*", "**", ",", "'", '"', "\\", "#", "\x0c", "é", "\u202e", "await ", "match x", "case _", "class A", "@", "->", ":=", "0x", "1e999", "\t"),
)
FRAGMENTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), FRAGMENTS, FRAGMENTS.map(asking)))
def test_no_text_makes_validation_raise_or_accept_what_does_not_parse(text: str) -> None:
    result = validated(text)
    if result.accepted:
        compile(result.script.source, "s", "exec", dont_inherit=True)
    else:
        assert all(violation.message for violation in result.violations)


class Cycle:
    """Ends only by the garbage collector, which then runs Python in the midst of whatever allocates."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        sum(range(50))


def test_scripts_are_judged_in_several_threads_at_once() -> None:
    """Where two threads build syntax trees at once, CPython 3.11 fails one of them with a SystemError."""
    lines = [f"x{number} = [a.b(c, d=1)[{number}] for c in (1, 2, (3, (4, 5)))]" for number in range(100)]
    before, found = sys.getswitchinterval(), list[Violation]()

    def judge(thread: int) -> None:
        for number in range(12):
            for _ in range(20):
                Cycle()
            found.extend(validate(script("\n".join([f"n = {thread}, {number}", *lines])), ENVIRONMENT, [], []).violations)

    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(judge, range(3)))
    finally:
        sys.setswitchinterval(before)
    assert not found
