"""The engine's own understanding of words, over an inventory instead of a boundary."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # test modules share one account

from words_account import ESTATE, NOW, WHO, Shelf, inventory

from nephoscope.engine import locating
from nephoscope.knowledge.reading import first_reading
from nephoscope.models import Problem, ResourceRef

Understood = tuple[Problem, int]


@pytest.fixture
def understand(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Understood]:
    """The problem as the engine understands it, and how many listings it took."""

    def run(text: str, things: Mapping[str, Sequence[ResourceRef]] | None = None) -> Understood:
        shelf = Shelf(inventory() if things is None else things)
        monkeypatch.setattr(locating, "gather", lambda _context: SimpleNamespace(harvest=SimpleNamespace(facts=shelf.facts)))
        context: Any = SimpleNamespace(
            memory=None, estates={"aws": ESTATE}, identities=(WHO,), boundary=shelf, emit=lambda *_args, **_more: None, store=None, budget=None
        )
        return locating.locate(context, first_reading(text, NOW)), shelf.calls

    return run
