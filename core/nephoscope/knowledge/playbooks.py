"""Playbooks: causes as data. How each is told, and, for simple ones, the condition under which it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, model_validator

from nephoscope.interfaces import FactView, UsageError
from nephoscope.models import CauseCard, Fact, FactQuery, Finding, Frozen, Holds, JsonValue, ResourceRef, Supposition
from nephoscope.models.yaml_text import parse_yaml

_VALUES: Mapping[str, type | tuple[type, ...]] = {"in": list, "matches": str, "lt": (int, float), "gt": (int, float)}
"""What each comparison takes."""


class Condition(Frozen):
    """``all``, ``any`` or ``not`` of conditions, or a comparison of one attribute. Data, never evaluated as code."""

    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    not_: Condition | None = Field(default=None, alias="not")
    attribute: str = ""
    is_: str = Field(default="", alias="is", pattern="^(|equals|absent|present|in|matches|lt|gt|empty)$")
    value: JsonValue = None

    @model_validator(mode="after")
    def _one_form(self) -> Condition:
        forms = [bool(self.all), bool(self.any), self.not_ is not None, bool(self.attribute)]
        if sum(forms) != 1 or (self.attribute and not self.is_):
            raise ValueError("a condition is one of all, any, not, or an attribute with `is`")
        if self.is_ in _VALUES and not isinstance(self.value, _VALUES[self.is_]):
            raise ValueError(f"`is: {self.is_}` does not compare with {self.value!r}")
        if self.is_ == "matches":
            re.compile(str(self.value))
        return self


class Playbook(Frozen):
    """One cause: its card, and the condition that decides it where no analyzer does."""

    card: CauseCard
    subject: str = ""
    """Native type the condition is about."""
    when: Condition | None = None
    mended: Mapping[str, JsonValue] = Field(default_factory=dict)
    """Attributes as they would read without the fault."""
    source: str = ""

    @model_validator(mode="after")
    def _about_something(self) -> Playbook:
        if self.when is not None and not self.subject:
            raise ValueError(f"{self.card.id}: a condition needs the `subject` it is about")
        return self


_OWN = ("when", "subject", "mended")


def load_playbooks(folders: Iterable[Path]) -> dict[str, Playbook]:
    """Every cause of every ``*.yaml`` in the folders, by id. Raises :class:`UsageError` naming the file and the fault."""
    found: dict[str, Playbook] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            for book in _load(path):
                if book.card.id in found:
                    raise UsageError(f"cause {book.card.id} is told twice: in {found[book.card.id].source} and in {path.name}", "remove one of them")
                found[book.card.id] = book
    return found


def _load(path: Path) -> Iterable[Playbook]:
    try:
        raw: Any = parse_yaml(path.read_text(encoding="utf-8")) or {}
        for entry in raw.get("causes") or []:
            card = CauseCard.model_validate({key: value for key, value in entry.items() if key not in _OWN})
            yield Playbook.model_validate({"card": card, "source": path.name, **{key: entry[key] for key in _OWN if key in entry}})
    except (yaml.YAMLError, re.error, ValueError, AttributeError, TypeError) as error:
        raise UsageError(f"playbook {path.name} cannot be read: {error}", "mend the file, or block the pack that brings it") from error


class PlaybookAnalyzer:
    """Judges the conditions of playbooks over the things the problem names. An analyzer like any other."""

    name = "playbooks"
    version = "1"

    def __init__(self, playbooks: Mapping[str, Playbook]) -> None:
        self._playbooks = [book for book in playbooks.values() if book.when is not None]

    def analyze(self, view: FactView) -> Sequence[Finding]:
        spoken = {view.problem.symptom, *view.problem.symptoms}
        findings = []
        for book in self._playbooks:
            if not book.card.symptoms or spoken & set(book.card.symptoms):
                findings += [self._judge(book, subject, view) for subject in view.problem.matched(book.subject)]
        return findings

    @staticmethod
    def _judge(book: Playbook, subject: ResourceRef, view: FactView) -> Finding:
        assert book.when is not None  # noqa: S101 - filtered in the constructor
        holds, facts, needs = judge(book.when, subject, view)
        values = {fact.attribute.replace(".", "_"): fact.value for fact in facts}
        return Finding(
            cause=book.card.id,
            subject=subject,
            holds=holds,
            because=tuple(fact.id for fact in facts) if holds != "unknown" else (),
            needs=tuple(needs) if holds == "unknown" else (),
            suppose=tuple(Supposition(subject=subject, attribute=key, value=value) for key, value in book.mended.items()) if holds == "yes" else (),
            details=values,
            decided_by=f"playbook:{book.source.removesuffix('.yaml')}",
        )


Judged = tuple[Holds, list[Fact], list[FactQuery]]


def judge(condition: Condition, subject: ResourceRef, view: FactView) -> Judged:
    """Three-valued: the answer, the facts it rests on, the facts that are missing."""
    if condition.attribute:
        return _compare(condition, subject, view)
    if condition.not_ is not None:
        holds, facts, needs = judge(condition.not_, subject, view)
        flipped: dict[Holds, Holds] = {"yes": "no", "no": "yes", "unknown": "unknown"}
        return flipped[holds], facts, needs
    parts = [judge(part, subject, view) for part in condition.all or condition.any]
    decisive: Holds = "no" if condition.all else "yes"
    otherwise: Holds = "yes" if condition.all else "no"
    deciding = [part for part in parts if part[0] == decisive]
    if deciding:
        return decisive, deciding[0][1], []
    facts = [fact for _, some, _ in parts for fact in some]
    needs = [need for _, _, some in parts for need in some]
    return ("unknown" if any(part[0] == "unknown" for part in parts) else otherwise), facts, needs


def _compare(condition: Condition, subject: ResourceRef, view: FactView) -> Judged:
    fact = view.fact(subject, condition.attribute)
    if fact is None:
        return "unknown", [], [FactQuery(subject=subject, attribute=condition.attribute)]
    return ("yes" if matches(condition.is_, fact, condition.value) else "no"), [fact], []


def matches(is_: str, fact: Fact, value: JsonValue) -> bool:  # noqa: PLR0911 - one line per comparison
    """One comparison of a fact with a constant. An absent fact is only ever ``absent`` or ``empty``."""
    if is_ in ("absent", "present"):
        return fact.known_absent == (is_ == "absent")
    if is_ == "empty":
        return fact.known_absent or fact.value in (None, "", [], {})
    if fact.known_absent:
        return False
    here = fact.value
    if is_ == "equals":
        return here == value
    if is_ == "in":
        return isinstance(value, list) and here in value
    if is_ == "matches":
        return isinstance(here, str) and re.search(str(value), here) is not None
    if isinstance(here, int | float) and isinstance(value, int | float):
        return here < value if is_ == "lt" else here > value
    return False


_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")


def tell(template: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """A card's text or parameters with ``{name}`` filled in. A string that is one placeholder keeps the value's type; an unknown name stays."""
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        if whole and whole[1] in values:
            return values[whole[1]]
        return _PLACEHOLDER.sub(lambda match: _plain(values[match[1]]) if match[1] in values else match[0], template)
    if isinstance(template, list):
        return [tell(member, values) for member in template]
    if isinstance(template, dict):
        return {key: tell(member, values) for key, member in template.items()}
    return template


def placeholders(template: JsonValue) -> set[str]:
    """Names of the values that a template wants."""
    if isinstance(template, str):
        return {match[1] for match in _PLACEHOLDER.finditer(template)}
    members = template.values() if isinstance(template, dict) else template if isinstance(template, list) else ()
    return {name for member in members for name in placeholders(member)}


def _plain(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(member) for member in value) or "none"
    return "none" if value is None else str(value)


def values_for(finding: Finding) -> dict[str, JsonValue]:
    """What a card's templates may use: the finding's details and its subject."""
    ref = finding.subject
    subject: dict[str, JsonValue] = {"subject": ref.label, "subject_id": ref.native_id, "account": ref.account, "region": ref.region}
    return {**subject, "note": finding.note, **finding.details}
