"""The published causes are those of the playbooks, and every rule in them can be read."""

from __future__ import annotations

from pathlib import Path

from nephoscope.cli.causes import published
from nephoscope.knowledge.playbooks import load_playbooks
from nephoscope.plugin.manager import load_plugins

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "causes"


def test_the_published_causes_are_those_of_the_playbooks() -> None:
    known = published()
    for cloud, page in known.items():
        path = FOLDER / f"{cloud}.md"
        assert path.exists(), "run: python -m nephoscope.cli.causes docs/reference/causes"
        assert path.read_text(encoding="utf-8") == page, "run: python -m nephoscope.cli.causes docs/reference/causes"
    assert {path.stem for path in FOLDER.glob("*.md")} == set(known)


def test_every_cause_is_told_in_full() -> None:
    for book in load_playbooks(load_plugins().playbooks).values():
        card = book.card
        assert card.title, card.id
        assert card.explanation, card.id
        assert card.fix, card.id
        assert not book.card.extra or card.ruled_out, card.id
