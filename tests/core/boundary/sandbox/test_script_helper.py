"""The helper beside a script, where no sandbox is."""

from __future__ import annotations

import json
import os

from nephoscope.boundary.sandbox import nephoscope_script as script


def test_outside_it_prints(monkeypatch, capsys):
    monkeypatch.delenv("NEPHOSCOPE_STATEMENTS", raising=False)
    script.state("a", "b", [1], "x:Y", "z", {"p": 1})
    said = json.loads(capsys.readouterr().out)
    assert said == {"subject": "a", "attribute": "b", "value": [1], "from": {"operation": "x:Y", "expr": "z", "params": {"p": 1}}}


def test_inside_it_writes_to_the_descriptor(monkeypatch, capsys):
    read, write = os.pipe()
    monkeypatch.setenv("NEPHOSCOPE_STATEMENTS", str(write))
    script.state("a", "b", "c" * 30_000, "x:Y", "z")
    os.close(write)
    with os.fdopen(read) as stream:
        assert json.loads(stream.read())["value"] == "c" * 30_000
    assert capsys.readouterr().out == ""


def test_parameters_and_time(monkeypatch):
    monkeypatch.delenv("NEPHOSCOPE_PARAMS", raising=False)
    monkeypatch.delenv("NEPHOSCOPE_NOW", raising=False)
    assert script.params() == {} and script.now().endswith(":00Z")
    monkeypatch.setenv("NEPHOSCOPE_PARAMS", '{"n": 1}')
    monkeypatch.setenv("NEPHOSCOPE_NOW", "2026-01-01T00:00:00Z")
    assert (script.params(), script.now()) == ({"n": 1}, "2026-01-01T00:00:00Z")
