"""Filter patterns over lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.behaviour.log_patterns import compiled

FAILED = '{"level": "ERROR", "status": 503, "user": {"name": "ann"}, "slow": true}'


@pytest.mark.parametrize(
    ("pattern", "line", "passes"),
    [
        ("ERROR", "an ERROR occurred", True),
        ("ERROR", "an error occurred", False),
        ("", "anything", True),
        ("ERROR timeout", "ERROR: timeout", True),
        ("ERROR timeout", "ERROR: refused", False),
        ("?ERROR ?WARN", "WARN", True),
        ("?ERROR ?WARN", "INFO", False),
        ("ERROR -retry", "ERROR, will retry", False),
        ('"out of memory"', "killed: out of memory", True),
        ('"out of memory"', "memory out of reach", False),
        ("%5\\d\\d%", "status 503", True),
        ('{ $.level = "ERROR" }', FAILED, True),
        ('{ $.level = "error" }', FAILED, False),
        ('{ $.level = "ERR*" }', FAILED, True),
        ("{ $.status >= 500 }", FAILED, True),
        ("{ $.status = 503 && $.user.name != bob }", FAILED, True),
        ("{ $.status < 500 || $.slow IS TRUE }", FAILED, True),
        ("{ $.missing = 1 }", FAILED, False),
        ("{ $.missing NOT EXISTS }", FAILED, True),
        ('{ $.level = "ERROR" }', "no json", False),
    ],
)
def test_patterns(pattern: str, line: str, passes: bool) -> None:
    found = compiled(pattern)
    assert found is not None
    assert found(line) is passes


def test_other_dialects_are_not_guessed_at() -> None:
    assert compiled("[ip, user, status = 5*]") is None
    assert compiled("{ ($.a = 1) }") is None
    assert compiled("{ $.a[0] = 1 }") is None
    assert compiled("%(%") is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_pattern_can_be_read(pattern: str, line: str) -> None:
    found = compiled(pattern)
    relaxed = compiled(pattern, ignore_case=True)
    assert (found is None) == (relaxed is None)
    if found and relaxed and "-" not in pattern and "!" not in pattern and found(line):
        assert relaxed(line) or "EXISTS" in pattern, "what passes, passes without regard to case"


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.integers(-99, 99), min_size=1, max_size=4))
def test_a_field_equals_itself(document: dict[str, int]) -> None:
    name, value = next(iter(document.items()))
    found = compiled(f"{{ $.{name} = {value} }}")
    assert found is not None
    assert found(json.dumps(document))
