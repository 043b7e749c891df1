"""What keeps the code small enough to be read: sizes, and public things that say what they are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [mark.parent for pattern in ("core/*", "prompts/*", "providers/*/*", "plugins/*/*") for mark in sorted(ROOT.glob(f"{pattern}/py.typed"))]
SOURCES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
MAX_SOURCE, MAX_TEST, MAX_FUNCTION = 400, 600, 60


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_packages_are_found() -> None:
    assert {"nephoscope", "nephoscope_aws"} <= {package.name for package in PACKAGES}
    assert len(SOURCES) > 50


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_source_file_has_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_SOURCE


def test_a_test_file_has_at_most_600_lines() -> None:
    assert [named(path) for path in (ROOT / "tests").rglob("*.py") if len(path.read_text().splitlines()) > MAX_TEST] == []


def test_no_function_is_longer_than_60_lines() -> None:
    long = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION:
                long.append(f"{named(path)}:{node.lineno} {node.name}")
    assert long == []


def test_every_module_and_public_class_says_what_it_is() -> None:
    silent = []
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        if tree.body and not ast.get_docstring(tree):
            silent.append(named(path))
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{named(path)}:{node.lineno} {node.name}")
    assert silent == []


def test_no_registry_address_and_no_path_of_a_machine_is_in_the_repository() -> None:
    words = ("/work" + "/main", "/home" + "/", "pypi" + ".org", "files.python" + "hosted")
    suspects = [path for path in [*SOURCES, *ROOT.glob("*.toml"), *ROOT.glob("*.txt"), ROOT / "Makefile", ROOT / ".ci/run"] if path.is_file()]
    assert [named(path) for path in suspects if any(word in path.read_text() for word in words if word != "/home/" or path.suffix != ".py")] == []
