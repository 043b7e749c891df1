"""The published checks are those that are registered."""

from __future__ import annotations

from pathlib import Path

from nephoscope.cli.checks import published

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "checks"


def test_the_published_checks_are_those_that_are_registered() -> None:
    known = published()
    for cloud, page in known.items():
        assert (FOLDER / f"{cloud}.md").read_text(encoding="utf-8") == page, "run: python -m nephoscope.cli.checks docs/reference/checks"
    assert {path.stem for path in FOLDER.glob("*.md")} == set(known)
