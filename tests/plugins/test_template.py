"""The pack to copy works as it stands: its tests pass, and its plugin registers without a fault."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nephoscope.plugin.manager import load_plugins

TEMPLATE = Path(__file__).parents[2] / "plugins" / "_template"


def test_its_own_tests_pass() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(TEMPLATE), "-c", os.devnull, str(TEMPLATE / "tests")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "PYTHONPATH": str(TEMPLATE)})
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_it_registers_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TEMPLATE)
    record = load_plugins(allowed=[], extra=[importlib.import_module("nephoscope_template.plugin")]).records[-1]
    assert (record.registers, record.error) == ({"judges": ["short-scripts"]}, "")
