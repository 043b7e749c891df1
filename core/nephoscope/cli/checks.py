"""Writes the reference of checks: ``python -m nephoscope.cli.checks docs/reference/checks``."""

from __future__ import annotations

import sys
from pathlib import Path

from nephoscope.knowledge.checks_page import pages
from nephoscope.plugin.manager import load_plugins


def published() -> dict[str, str]:
    """The pages of everything installed, by cloud."""
    return pages(load_plugins().controls)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for cloud, page in published().items():
        (folder / f"{cloud}.md").write_text(page, encoding="utf-8")
