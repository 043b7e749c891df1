"""What the documents point at is there: files, headings, commands, packs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from nephoscope.cli.main import app
from nephoscope.plugin.manager import load_plugins

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/*/README.md"), *ROOT.glob("core/*.md")])
README = (ROOT / "README.md").read_text()
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def headings(page: Path) -> set[str]:
    """Anchors of a page, as they are made of its headings."""
    found = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    dead = []
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#]*)(?:#([^)]+))?\)", page.read_text()):
        there = page.parent / target if target else page
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in headings(there)):
            dead.append(f"{target}#{anchor}")
    assert dead == []


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = [page.relative_to(ROOT / "docs") for page in ROOT.glob("docs/*/**/*.md")]
    assert [str(page) for page in pages if f"({page})" not in index] == []


def test_the_commands_the_readme_shows_exist() -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    table = README.split("## Commands")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `nephoscope (\w+)", table, re.MULTILINE)) == known
    assert set(re.findall(r"(?:`|/)nephoscope ([a-z]+)", README)) <= known


def test_the_make_targets_the_documents_show_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {
        name for page in PAGES for line in re.findall(r"^make ((?:\w+ ?)+)", page.read_text(), re.MULTILINE) for name in line.split("  ")[0].split()
    }
    assert shown
    assert shown <= targets


def test_the_table_of_packs_is_what_is_registered() -> None:
    rows = {cells[1].strip(): cells[3] for cells in (line.split("|") for line in README.split("## Packs")[1].splitlines() if line.startswith("| "))}
    for record in load_plugins().records:
        if record.name in rows:
            assert set(record.registers) <= set(re.findall(r"\w+", rows[record.name])), record.name
    assert {"core", "aws", "planner-playbook", "suite-aws"} <= set(rows)
