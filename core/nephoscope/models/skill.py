"""A script that worked, kept with what it is for: the same form whether a run kept it or a pack ships it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import ConfigDict, Field, model_validator

from nephoscope.models.base import Frozen, JsonValue
from nephoscope.models.rehearsal import Expected

SCHEMA: Final = "nephoscope.check/1"


class SkillParam(Frozen):
    """Something that differs from use to use. ``native_type``: what it names; empty: any text. ``example``: what it was rehearsed with."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    native_type: str = ""
    example: JsonValue = ""


class SkillFact(Frozen):
    """An attribute of a kind of thing that its calls showed, by the reply tables."""

    native_type: str
    attribute: str


class SkillOrigin(Frozen):
    """Where it is from. ``pack``: a pack shipped it; else the run it was kept from, who wrote it there, and when."""

    pack: str = ""
    run: str = ""
    author: str = ""
    verdict: str = ""
    kept_at: str = ""


class Skill(Frozen):
    """``intent``: the question it answers, with ``{param}`` for what differs. ``hash`` binds it to its bytes, ``operations`` to what it may ask."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_: Literal["nephoscope.check/1"] = Field(default=SCHEMA, alias="schema")
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)
    version: int = Field(default=1, ge=1)
    cloud: str
    intent: str
    params: tuple[SkillParam, ...] = ()
    operations: tuple[str, ...]
    facts: tuple[SkillFact, ...] = ()
    tested: tuple[Expected, ...] = ()
    """What must come out on mock data: its test."""
    versions: Mapping[str, str] = Field(default_factory=dict)
    """Of the packages it was rehearsed with."""
    origin: SkillOrigin = Field(default_factory=SkillOrigin)
    hash: str
    source: str

    @property
    def name(self) -> str:
        """What scripts made of it are signed with."""
        return f"{self.id}@{self.version}"

    @model_validator(mode="after")
    def _is_what_it_says(self) -> Skill:
        if hashlib.sha256(self.source.encode()).hexdigest() != self.hash:
            raise ValueError("its source is not the one that was kept: the hash is another")
        return self
