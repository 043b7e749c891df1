"""The skill library: scripts that worked, found again by what they are for. They propose; every guard of any script stands before them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import yaml
from pydantic import ValidationError

from nephoscope.interfaces import FactView, UsageError
from nephoscope.models import Check, JsonValue, ResourceRef, Skill, SkillParam
from nephoscope.store.sqlite import open_writer

FILE = "knowledge.db"
VERSION = 1
ALIKE = 0.6
"""Of the words of two questions so much must be the same."""
LARGEST = 1_000_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS skills (id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id, version));
"""
_WORD = re.compile(r"[a-z0-9]{2,}")
_COMMON = frozenset(
    "the of in and or is are was were what which who whose does do did to for with by on at an its it all any every be has have".split()
)


class Skills(Protocol):
    """Where scripts that worked are found, and kept."""

    def find(self, check: Check, view: FactView) -> tuple[Skill, dict[str, JsonValue]] | None:
        """The skill that answers a check's question, and what to give it; ``None`` where none does, or it cannot be told what to give it."""

    def keep(self, skill: Skill) -> Skill: ...


@dataclass(frozen=True)
class RecordedSkills:
    """The skills that a recorded run used, by the check they were used for; nothing is kept."""

    used: Mapping[str, JsonValue]

    def find(self, check: Check, view: FactView) -> tuple[Skill, dict[str, JsonValue]] | None:
        one = self.used.get(check.id)
        given = one.get("given") if isinstance(one, dict) else None
        return (Skill.model_validate(one["skill"]), given) if isinstance(one, dict) and isinstance(given, dict) else None

    def keep(self, skill: Skill) -> Skill:
        return skill


@dataclass
class SkillLibrary:
    """The skills of this machine, and those that packs ship in folders. ``home``: where Nephoscope keeps what it knows."""

    home: Path
    folders: Sequence[Path] = ()
    faults: list[str] = field(default_factory=list, init=False)

    def all(self) -> list[Skill]:
        """The newest version of each, by id. What cannot be read or was changed is left out, and named in ``faults``."""
        self.faults.clear()
        newest: dict[str, Skill] = {}
        for skill in [*self._shipped(), *self._kept()]:
            if skill.id not in newest or newest[skill.id].version <= skill.version:
                newest[skill.id] = skill
        return [newest[name] for name in sorted(newest)]

    def versions(self, skill_id: str) -> list[Skill]:
        """Every version of one, oldest first. Raises ``UsageError`` when there is none."""
        found = [one for one in [*self._shipped(), *self._kept()] if one.id == skill_id]
        if not found:
            raise UsageError(f"there is no skill {skill_id!r}", "list them with: nephoscope skills")
        return sorted(found, key=lambda one: one.version)

    def keep(self, skill: Skill) -> Skill:
        """Keep a skill, as the next version where others answer the same question; the same bytes are kept once."""
        with self._open() as database:
            known = [one for one in self._read(database) if one.id == skill.id]
            if same := next((one for one in known if one.hash == skill.hash), None):
                return same
            kept = skill.model_copy(update={"version": max((one.version for one in known), default=0) + 1})
            database.execute("INSERT INTO skills VALUES (?, ?, ?)", (kept.id, kept.version, kept.model_dump_json(by_alias=True)))
        return kept

    def forget(self, skill_id: str) -> int:
        """Delete every version of one; how many there were. Raises ``UsageError`` when there is none to delete."""
        if not (self.home / FILE).exists():
            raise UsageError(f"there is no skill {skill_id!r}", "list them with: nephoscope skills")
        with self._open() as database:
            gone = database.execute("DELETE FROM skills WHERE id = ?", (skill_id,)).rowcount
        if not gone and any(one.id == skill_id for one in self._shipped()):
            raise UsageError(f"{skill_id} comes with a pack", "switch the pack off with the setting packs_blocked")
        if not gone:
            raise UsageError(f"there is no skill {skill_id!r}", "list them with: nephoscope skills")
        return int(gone)

    def find(self, check: Check, view: FactView) -> tuple[Skill, dict[str, JsonValue]] | None:
        """The skill that answers a check's question, and what to give it; ``None`` where none does, or it cannot be told what to give it."""
        scored: list[tuple[float, int, Skill, dict[str, JsonValue]]] = []
        for number, skill in enumerate(self.all()):
            if skill.cloud == check.cloud and (given := bound(skill, check, view)) is not None:
                scored.append((likeness(skill, check, given), -number, skill, given))
        best = max(scored, key=lambda one: one[:2], default=None)
        return None if best is None or best[0] < ALIKE else (best[2], best[3])

    def _open(self) -> _Database:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _Database(open_writer(self.home / FILE, _SCHEMA, VERSION))

    def _kept(self) -> list[Skill]:
        if not (self.home / FILE).exists():
            return []
        with self._open() as database:
            return self._read(database)

    def _read(self, database: sqlite3.Connection) -> list[Skill]:
        found = []
        for row in database.execute("SELECT id, version, body FROM skills ORDER BY id, version"):
            try:
                found.append(Skill.model_validate_json(row["body"]))
            except ValidationError as error:
                self.faults.append(f"skill {row['id']}@{row['version']} is not used: {_first(error)}")
        return found

    def _shipped(self) -> Iterator[Skill]:
        for folder in self.folders:
            for path in sorted(folder.rglob("*.yaml")):
                try:
                    yield read_skill(path.read_text("utf-8"), pack=folder.parent.name)
                except (OSError, UnicodeDecodeError, ValueError) as error:
                    self.faults.append(f"{path.name} is not used: {error}")


class _Database:
    """A connection for one piece of work: committed, and closed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
        finally:
            self._connection.close()


def read_skill(text: str, *, pack: str = "") -> Skill:
    """A check as ``nephoscope skills export`` writes it. Raises ``ValueError`` for anything else."""
    if len(text) > LARGEST:
        raise ValueError(f"it has more than {LARGEST} characters")
    try:
        skill = Skill.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML: {' '.join(str(error).split())[:200]}") from error
    except ValidationError as error:
        raise ValueError(_first(error)) from error
    return skill.model_copy(update={"origin": skill.origin.model_copy(update={"pack": pack})}) if pack else skill


def write_skill(skill: Skill) -> str:
    """A skill as a file that a pack can ship."""
    document = skill.model_dump(mode="json", by_alias=True, exclude={"origin"})
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Code stays readable."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"


# -- finding ----------------------------------------------------------------------------------------------------------


def likeness(skill: Skill, check: Check, given: Mapping[str, JsonValue]) -> float:
    """How much of two questions is the same, the things they are about left out."""
    mine = _words(re.sub(r"\{[a-z0-9_]+\}", " ", skill.intent))
    text = check.intent
    for value in sorted((str(one) for one in given.values()), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", " ", text, flags=re.IGNORECASE) if value else text
    asked = _words(text)
    return len(mine & asked) / max(1, len(mine | asked))


def _words(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text.lower())) - _COMMON


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def bound(skill: Skill, check: Check, view: FactView) -> dict[str, JsonValue] | None:
    """What each parameter stands for here; ``None`` where that is not clear for one of them."""
    given: dict[str, JsonValue] = {}
    for param in skill.params:
        value = check.params.get(param.name) or _named(param, check, view, given.values())
        if value is None:
            return None
        given[param.name] = value
    return given


def _named(param: SkillParam, check: Check, view: FactView, taken: Iterable[JsonValue]) -> str | None:
    """The one thing of the parameter's kind that the question names, or else the problem."""
    if not param.native_type:
        return None
    known = {ref.key: ref for ref in (*view.problem.matched(param.native_type), *view.subjects(param.native_type))}
    by_id = isinstance(param.example, str) and ":" in param.example
    for text in (check.intent, view.problem.text):
        found = {_spelt(ref, by_id=by_id) for ref in known.values() if _occurs(ref, text)} - set(map(str, taken))
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _spelt(ref: ResourceRef, *, by_id: bool) -> str:
    return ref.native_id if by_id else ref.name or ref.native_id


def _occurs(ref: ResourceRef, text: str) -> bool:
    names = [one for one in (ref.name, ref.native_id) if len(one) > 2]
    return any(re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", text, re.IGNORECASE) for one in names)
