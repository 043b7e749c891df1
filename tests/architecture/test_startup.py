"""What is not used is not loaded: a light command line, an engine without SDKs."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("langgraph", "langchain_core", "langsmith", "boto3", "botocore", "moto", "black", "bandit", "google", "azure")


def loaded_by(code: str) -> set[str]:
    """Top-level names among HEAVY that a fresh interpreter has loaded after the code."""
    code = f"{code}\nimport sys\nprint('\\nLOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "LOADED" in done.stdout, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_help_loads_neither_the_graph_nor_any_sdk() -> None:
    code = """
import sys
from nephoscope.cli.main import main
sys.argv = ["nephoscope", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
    assert loaded_by(code) == set()


def test_loading_all_packs_as_the_engine_does_imports_no_sdk() -> None:
    code = """
from nephoscope.plugin.manager import load_plugins
plugins = load_plugins()
assert not [r.error for r in plugins.records if r.error], plugins.records
plugins = load_plugins()
plugins.planners, plugins.generators, plugins.analyzers, plugins.estates, plugins.policies, plugins.playbooks, plugins.suites
plugins.rewriters, plugins.judges
"""
    assert loaded_by(code) == set()


def test_the_probe_sees_what_is_loaded() -> None:
    assert loaded_by("import botocore") == {"botocore"}
