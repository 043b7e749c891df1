"""The skill library: what is kept, what is found again, and for what."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from nephoscope.engine.keeping import generalised
from nephoscope.interfaces import UsageError
from nephoscope.knowledge.skills import SkillLibrary, bound, likeness, read_skill, write_skill
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Check, Entity, Expected, Identity, Problem, ResourceRef, Script, Skill, SkillParam

NORTH = Identity(cloud="brook", account="4711", principal="reader", regions=("north",))


def pond(name: str) -> ResourceRef:
    return ResourceRef(
        cloud="brook", kind="water", native_type="ponds:pond", native_id=f"brook:pond/{name}", name=name, account="4711", region="north"
    )


def skill(intent: str = "how deep is the water of {pond}", source: str = "print(1)\n", **more: Any) -> Skill:
    fields: dict[str, Any] = {
        "id": "deep",
        "cloud": "brook",
        "operations": ("ponds:GetPond",),
        "params": (SkillParam(name="pond", native_type="ponds:pond", example="deep"),),
    }
    return Skill(intent=intent, source=source, hash=hashlib.sha256(source.encode()).hexdigest(), **{**fields, **more})


def view(words: str, *ponds: str) -> Evidence:
    entities = tuple(Entity(text=name, matches=(pond(name),)) for name in ponds)
    problem = Problem(text=words, symptom="unknown", entities=entities, now="2026-11-22T10:05:00Z")
    return Evidence(problem, [], [], [NORTH], lambda ref, evidence: ())


def check(intent: str, **more: Any) -> Check:
    return Check(id="c", intent=intent, cloud="brook", **more)


def test_it_is_kept_once_per_content_in_versions_for_its_owner_alone_and_forgotten(tmp_path: Path) -> None:
    library = SkillLibrary(tmp_path / "home")
    assert (library.all(), library.find(check("how deep"), view("x"))) == ([], None)
    first, again, second = library.keep(skill()), library.keep(skill()), library.keep(skill(source="print(2)\n"))
    assert (first.version, again.version, second.version) == (1, 1, 2)
    assert [one.name for one in library.all()] == ["deep@2"]
    assert [one.version for one in library.versions("deep")] == [1, 2]
    assert (tmp_path / "home" / "knowledge.db").stat().st_mode & 0o77 == 0
    assert library.forget("deep") == 2
    for gone in (library.versions, library.forget):
        with pytest.raises(UsageError, match="no skill 'deep'"):
            gone("deep")


def test_one_that_was_changed_on_disk_is_not_used(tmp_path: Path) -> None:
    library = SkillLibrary(tmp_path)
    library.keep(skill())
    with sqlite3.connect(tmp_path / "knowledge.db") as database:
        database.execute("UPDATE skills SET body = replace(body, 'print(1)', 'print(6)')")
    assert library.all() == []
    assert "the hash is another" in library.faults[0]


def test_export_is_what_a_pack_ships(tmp_path: Path) -> None:
    kept = skill(source="import brook\nprint('ä')\n", tested=(Expected(operation="ponds:GetPond", expr="Depth", value=1),))
    text = write_skill(kept)
    assert "source: |\n  import brook\n" in text
    assert read_skill(text) == kept
    folder = tmp_path / "a_pack" / "checks"
    folder.mkdir(parents=True)
    (folder / "deep.yaml").write_text(text)
    (folder / "broken.yaml").write_text(text.replace("import brook", "import creek"))
    (folder / "none.yaml").write_text("a: [")
    library = SkillLibrary(tmp_path / "home", [folder])
    (shipped,) = library.all()
    assert (shipped.hash, shipped.origin.pack) == (kept.hash, "a_pack")
    assert len(library.faults) == 2
    with pytest.raises(UsageError, match="comes with a pack"):
        library.keep(skill(id="other")), library.forget("deep")


@pytest.mark.parametrize(
    ("intent", "words", "ponds", "found"),
    [
        ("how deep is the water of flat", "flat is dry", ("flat", "lily"), {"pond": "flat"}),
        ("How deep is the waters of FLAT?", "flat is dry", ("flat",), {"pond": "flat"}),
        ("how deep is its water", "flat is dry", ("flat",), {"pond": "flat"}),
        ("how deep is the water of flat and lily", "both are dry", ("flat", "lily"), None),
        ("how deep is its water", "flat and lily are dry", ("flat", "lily"), None),
        ("how deep is the water of flat", "flat is dry", (), None),
        ("who may open the weir of flat", "flat is dry", ("flat",), None),
        ("how deep is the water of flatter", "it is dry", ("flat",), None),
    ],
)
def test_it_is_found_by_its_question_for_the_one_thing_that_is_meant(
    tmp_path: Path, intent: str, words: str, ponds: tuple[str, ...], found: dict[str, str] | None
) -> None:
    library = SkillLibrary(tmp_path)
    library.keep(skill())
    answer = library.find(check(intent), view(words, *ponds))
    assert (answer and answer[1]) == found


def test_another_clouds_skill_and_values_of_the_check_itself(tmp_path: Path) -> None:
    assert SkillLibrary(tmp_path).find(check("how deep is the water of flat"), view("flat", "flat")) is None
    assert bound(skill(), check("how deep", params={"pond": "deep"}), view("")) == {"pond": "deep"}
    assert likeness(skill(), check("how deep is the water of LILY"), {"pond": "lily"}) == 1.0
    library = SkillLibrary(tmp_path)
    library.keep(skill(cloud="creek"))
    assert library.find(check("how deep is the water of flat"), view("flat", "flat")) is None


def test_names_of_known_things_become_parameters_and_nothing_else() -> None:
    source = '''"""deep: is it deep?"""
import brook
ponds = brook.client("ponds", region="north")
ponds.get_pond(Pond="deep", Note="ü", Other="deep")
print(f"deep {1}", "deeper", 'brook:pond/deep')
'''
    script = Script(source=source, check=check("is deep deep enough"), cloud="brook", author="model:x")
    general = generalised(script, [pond("deep")])
    assert general.intent == "is {pond} {pond} enough"
    assert [(one.name, one.native_type, one.example) for one in general.params] == [
        ("pond", "ponds:pond", "deep"),
        ("pond_2", "ponds:pond", "brook:pond/deep"),
    ]
    assert general.script.check.params == {"pond": "deep", "pond_2": "brook:pond/deep"}
    lines = general.script.source.split("\n")
    assert lines[:2] == ['"""deep: is it deep?"""', "import nephoscope_script"]
    assert lines[4] == 'ponds.get_pond(Pond=nephoscope_script.params()["pond"], Note="ü", Other=nephoscope_script.params()["pond"])'
    assert lines[5] == 'print(f"deep {1}", "deeper", nephoscope_script.params()["pond_2"])'
    assert generalised(script, []).script.source == source
