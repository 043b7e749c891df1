"""The format of reply tables: types of things, and what each operation's reply shows of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, field_validator, model_validator

from nephoscope.interfaces import UsageError
from nephoscope.knowledge import templates
from nephoscope.models import Frozen, JsonValue
from nephoscope.models.yaml_text import parse_yaml

HELD = "held"
"""Attribute of an inventory: the form of identifiers that it never shows, because only their holder lists them."""


class TypeSpec(Frozen):
    """One native type: how its ids are made, what people call it, which operation lists it."""

    native_type: str
    service: str
    kind: str
    id: str = "{name}"
    forms: tuple[str, ...] = ()
    """Other identifiers of the same thing, such as an address; whatever they hold beyond the placeholders of ``id`` is ignored."""
    parts: str = ""
    """A finer template of ``id``, for those that hold more: what its further placeholders name, the thing is asked for with."""
    nouns: tuple[str, ...] = ()
    listing: str = ""
    listing_params: dict[str, JsonValue] = Field(default_factory=dict)
    """What narrows the listing to what may be the account's own."""
    cheap: bool = False
    few: bool = False
    """Listed where its noun is spoken, even when a bare name has everything cheap listed."""
    within: str = ""
    """Native type of what holds it: each of those lists its own by the attribute ``contains``."""
    last: bool = False
    """Listed for a name that is found among nothing else."""
    everywhere: bool = False
    """The same in all regions: asked once."""
    unlike: str = ""
    """A pattern: what looks so and is nobody's name is no missing thing of this type, whatever noun stands beside it."""
    routed: bool = False
    """Answers web requests by their paths: a path that is asked for makes it likely."""
    aliases: tuple[str, ...] = ()
    """Attributes whose value people use in place of the name: an address, a host."""


class AttributeSpec(Frozen):
    """Where an attribute stands in an item."""

    path: str = ""
    decode: str = ""
    const: JsonValue = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"path": data} if isinstance(data, str) else data


class SubjectSpec(Frozen):
    """What an item is about: a path in the item, ``@Param`` of the call, or a template of both (``{@Param}``, ``{/Path}``)."""

    type: str
    id: str
    name: str = ""


class AskSpec(Frozen):
    """How to ask about one subject, or (no ``about``) about everything."""

    about: str = ""
    params: dict[str, JsonValue] = Field(default_factory=dict)
    optional: tuple[str, ...] = ()
    """Parameters that are left out where their placeholders have no value."""
    collects: str = ""
    attributes: dict[str, AttributeSpec] = Field(default_factory=dict)

    def fits(self, params: Mapping[str, JsonValue]) -> dict[str, str] | None:
        """The placeholders' values with which somebody asked so, with or without what is optional; ``None``: another question."""
        wanted = {key: one for key, one in self.params.items() if key not in self.optional or key in params}
        return templates.unify(wanted, dict(params))


class AbsenceSpec(Frozen):
    """What an error proves to be missing."""

    absent: tuple[str, ...]
    requires: str = ""


class OperationSpec(Frozen):
    """What one operation's reply shows."""

    service: str
    operation: str
    items: str = ""
    subject: SubjectSpec | None = None
    inventory: bool = False
    ask: tuple[AskSpec, ...] = ()
    attributes: dict[str, AttributeSpec] = Field(default_factory=dict)
    errors: dict[str, AbsenceSpec] = Field(default_factory=dict)

    def missing(self, ask: AskSpec | None, absence: AbsenceSpec) -> tuple[str, ...]:
        """What is missing of the thing asked about. Asked for what it holds, "no such item" says that it holds none, not that it is gone itself."""
        items = self.subject is not None and any(one.about == self.subject.type and not one.collects for one in self.ask)
        return (ask.collects,) if ask and ask.collects and items else absence.absent

    @field_validator("ask", mode="before")
    @classmethod
    def _one_ask(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value


class TableFile(Frozen):
    """One file of a pack's ``replies`` folder."""

    service: str
    called: tuple[str, ...] = ()
    """What people call the service itself; the words in it name no thing, but tell of which service a thing is."""
    hints: tuple[str, ...] = ()
    """Words that things of this service are often spoken of with, and that may also be part of a name ("nightly")."""
    types: tuple[TypeSpec, ...] = ()
    operations: tuple[OperationSpec, ...] = ()
    permissions: dict[str, str] = Field(default_factory=dict)


def load_table(path: Path) -> TableFile:
    """Read one table file. Raises :class:`UsageError` naming file and place."""
    try:
        raw = parse_yaml(path.read_text(encoding="utf-8"))
        service = raw["service"]
        types = [{"native_type": name, "service": service, **spec} for name, spec in (raw.get("types") or {}).items()]
        operations = [{"service": service, "operation": name, **(spec or {})} for name, spec in (raw.get("operations") or {}).items()]
        words = {name: raw.get(name) or [] for name in ("called", "hints")}
        return TableFile.model_validate(
            {"service": service, **words, "types": types, "operations": operations, "permissions": raw.get("permissions") or {}}
        )
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"reply table {path.name} cannot be read: {error}", "mend the file, or reinstall the pack it belongs to") from error


def load_tables(folder: Path) -> tuple[TableFile, ...]:
    """Every table of a folder, in the order of file names."""
    return tuple(load_table(path) for path in sorted(folder.glob("*.yaml")))


def hints_of(files: Iterable[TableFile]) -> Mapping[str, Sequence[str]]:
    """Words for a service, or for what its things do, → those of its types that people name and that can be listed."""
    found: dict[str, list[str]] = {}
    for file in files:
        types = [spec.native_type for spec in file.types if spec.nouns and (spec.listing or spec.within)]
        for word in (*file.called, *file.hints):
            found.setdefault(word.lower(), []).extend(types)
    return found


def nouns_of(files: Iterable[TableFile]) -> Mapping[str, Sequence[str]]:
    """Nouns, alone and behind their service's name, → the types they may mean; a service's other names → none: they name no thing."""
    files = tuple(files)
    found: dict[str, list[str]] = {name.lower(): [] for file in files for name in file.called}
    latest = {spec.native_type: (file, spec) for file in files for spec in file.types}
    for file, spec in latest.values():
        for noun in (one.lower() for one in spec.nouns):
            found.setdefault(noun, []).append(spec.native_type)
            if not noun.startswith(file.service):
                found.setdefault(f"{file.service} {noun}", []).append(spec.native_type)
    return {noun: tuple(dict.fromkeys(types)) for noun, types in found.items()}
