"""The arrows between packages, as import-linter checks them, and that it would notice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    env = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, timeout=100, check=False)


def test_all_contracts_are_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_an_arrow_the_wrong_way_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "nephoscope"
    shutil.copytree(ROOT / "core" / "nephoscope", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "models" / "wrong.py").write_text("import nephoscope_aws\nimport nephoscope.store\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "Core imports no pack BROKEN" in done.stdout
    assert "Arrows inside core point one way BROKEN" in done.stdout
