"""``nephoscope skills`` as a person uses it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from nephoscope.knowledge.skills import SkillLibrary, read_skill
from nephoscope.models import Skill


def test_list_show_export_forget(nephoscope: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEPHOSCOPE_HOME", str(tmp_path / "home"))
    assert "no skill yet" in nephoscope("skills").stderr
    assert nephoscope.document("skills", "list") == {"schema": "nephoscope.skills/1", "skills": [], "faults": []}
    library = SkillLibrary(tmp_path / "home")
    for source in ("print(1)\n", "print(2)\x1b[31m\n"):
        digest = hashlib.sha256(source.encode()).hexdigest()
        library.keep(Skill(id="deep", cloud="brook", intent="how deep is {pond}", operations=("ponds:GetPond",), hash=digest, source=source))
    assert "deep@2" in nephoscope("skills", "list").stdout
    (row,) = nephoscope.document("skills", "list")["skills"]
    assert (row["id"], row["version"], "source" in row) == ("deep", 2, False)
    shown = nephoscope("skills", "show", "deep").stdout
    assert "-print(1)" in shown
    assert "\x1b" not in shown
    assert nephoscope.document("skills", "show", "deep")["versions"] == 2
    nephoscope("skills", "export", "deep", "--out", str(tmp_path / "deep.yaml"))
    assert read_skill((tmp_path / "deep.yaml").read_text()).version == 2
    assert "forgotten: deep, 2 versions" in nephoscope("skills", "forget", "deep").stderr
    assert "no skill 'deep'" in nephoscope("skills", "show", "deep").stderr
