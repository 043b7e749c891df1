"""``nephoscope facts`` as a person uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nephoscope.models import Identity, Remembered, ResourceRef
from nephoscope.store.ledger import now
from nephoscope.store.memory import Lesson, Memory


def test_list_show_forget(nephoscope: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("NEPHOSCOPE_HOME", str(home))
    assert "nothing is remembered" in nephoscope("facts").stderr
    assert nephoscope.document("facts", "list") == {"schema": "nephoscope.facts/1", "facts": []}
    who = Identity(cloud="brook", account="4711", principal="ann", regions=())
    refs = [
        ResourceRef(cloud="brook", kind="storage.object_store", native_type="ponds:pond", native_id=f"pond/{name}", account="4711", name=name)
        for name in ("deep", "deeper")
    ]
    facts = [Remembered(principal="ann", subject=ref, attribute="weir", value="\x1b[31mshut", observed_at=now(), run="r-1") for ref in refs]
    Memory(home, 30).keep(who, "r-1", Lesson(facts))
    assert "deeper" in nephoscope("facts", "list", "--kind", "ponds:pond", "--newer-than", "1d").stdout
    assert len(nephoscope.document("facts", "list", "--account", "4711", "--resource", "deeper")["facts"]) == 1
    shown = nephoscope("facts", "show", "deep").stdout
    assert "weir" in shown
    assert "\x1b" not in shown
    assert "fits 2 things" in nephoscope("facts", "show", "dee").stderr
    assert "nothing is remembered of 'flat'" in nephoscope("facts", "show", "flat").stderr
    assert "is no age" in nephoscope("facts", "list", "--older-than", "soon").stderr
    assert "nothing was said of what to forget" in nephoscope("facts", "forget").stderr
    assert "nobody is there to be asked" in nephoscope("facts", "forget", "--all").stderr
    assert nephoscope.document("facts", "forget", "--resource", "deeper", "--yes") == {"schema": "nephoscope.forgotten/1", "facts": 1}
    assert "forgotten: 1 fact" in nephoscope("facts", "forget", "--all", "--yes").stderr
