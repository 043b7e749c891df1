"""The rules as data: what a playbook's ``extra`` says of when a cause holds, and what is known of each type of thing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import jmespath
from pydantic import Field, field_validator, model_validator

from nephoscope.models import Frozen, JsonValue
from nephoscope.models.yaml_text import parse_yaml

PACK = Path(__file__).parents[2]
Comparison = Literal["", "equals", "differs", "in", "absent", "present", "empty", "matches", "lt", "gt", "le", "ge", "before", "after"]
BROKEN = frozenset("nothing_happens event_not_delivered missing suspicion error_status timeout cannot_connect refused slow partial late".split()) | {
    "not_alerted",
    "wrong_content",
}
"""Classes of words that say that something does not work; what stops a thing altogether explains any of them."""


class Place(Frozen):
    """Where a value stands: an attribute, and a JMESPath into it."""

    attribute: str
    path: str = ""
    type: str = ""
    """Native type of the things named there."""
    times: float = 1.0
    by: str = ""
    """Led the other way: things of this native type whose attribute names the one at hand."""
    named: str = ""
    """Only what is called so: a template over ``{name}``."""
    words: str = ""
    """Followed only where the problem's words match this, or tell of one of ``symptoms``."""
    symptoms: frozenset[str] = frozenset()

    def concerns(self, spoken: frozenset[str], text: str) -> bool:
        """Whether the words ask to be led there."""
        unconditional = not self.words and not self.symptoms
        return unconditional or bool(self.symptoms & spoken) or bool(self.words and re.search(self.words, text, re.IGNORECASE))

    @field_validator("path")
    @classmethod
    def _a_path(cls, path: str) -> str:
        if path:
            jmespath.compile(path)
        return path


class Putting(Place):
    """Settings as they are to be put again: what stands at a place, with names in it exchanged.

    Many operations take all settings of a thing at once; with ``path`` the one at fault is written otherwise, the others stay as they are.
    """

    swap: Mapping[str, str] = Field(default_factory=dict)
    """Text to be replaced wherever it stands → text in its place; templates over what the condition looked at."""


class Condition(Frozen):
    """One of: a comparison, ``all``, ``any``, ``not``, a reference that is ``missing``, a condition ``of`` what is referred to, a ``judge``."""

    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    not_: Condition | None = Field(default=None, alias="not")
    attribute: str = ""
    path: str = ""
    is_: Comparison = Field(default="", alias="is")
    value: JsonValue = None
    than: Place | None = None
    """Compare with another attribute of the same thing instead of a value."""
    missing: Place | None = None
    """Something named there does not exist."""
    of: Place | None = None
    """The things named there; ``where`` is judged of each, and one of them is enough."""
    where: Condition | None = None
    judge: str = ""
    """A function of :mod:`nephoscope_aws.analyzers.setting.judges`."""

    @model_validator(mode="after")
    def _one_form(self) -> Condition:
        forms = [
            bool(self.all),
            bool(self.any),
            self.not_ is not None,
            bool(self.attribute),
            self.missing is not None,
            self.of is not None,
            bool(self.judge),
        ]
        if sum(forms) != 1 or bool(self.attribute) != bool(self.is_) or (self.of is None) != (self.where is None):
            raise ValueError("a condition is one of all, any, not, missing, of with where, judge, or an attribute with `is`")
        if self.is_ == "matches":
            re.compile(str(self.value))
        if self.path:
            jmespath.compile(self.path)
        return self


class Rule(Frozen):
    """When a cause holds, of which type of thing, and how its facts would read without it."""

    cause: str = ""
    about: str
    when: Condition
    note: str = ""
    symptoms: frozenset[str] = BROKEN
    words: str = ""
    """The problem's words must match this as well."""
    told_by: frozenset[str] = frozenset()
    """Classes of symptoms that say as much as those words."""
    via: frozenset[str] = frozenset()
    """Only where the walk began at a thing of these types."""
    mended: Mapping[str, JsonValue] = Field(default_factory=dict)
    puts: Mapping[str, Putting] = Field(default_factory=dict)
    """Values for the changes, by name: not there where a part is unknown or hidden, for half of a setting must not be put."""
    picks: str = ""
    """What finds the one thing of the account that the changes may name: a function in ``picking.py``."""
    hygiene: bool = False
    """A defect that explains no symptom by itself."""
    known_only: bool = False
    """Judged only where its facts are there anyway: nothing is asked on its behalf."""

    def concerns(self, spoken: frozenset[str], text: str, start: str) -> bool:
        """Whether words of these classes, about a thing of that type, may be explained by it.

        Where no class is recognized, or a vague one, words of its own say enough.
        """
        if self.via and start not in self.via:
            return False
        said = bool(self.words) and (bool(self.told_by & spoken) or re.search(self.words, text, re.IGNORECASE) is not None)
        if self.words and not said:
            return False
        return bool(self.symptoms & spoken) or (said and (spoken == _NO_CLASS or bool(self.symptoms & _VAGUE and spoken & _VAGUE)))


_NO_CLASS = frozenset({"suspicion"})
_VAGUE = frozenset({"event_not_delivered", "nothing_happens", "missing"})
"""Classes that people's words fall into by chance: with words of its own, a rule that fits one of them fits the others."""


class Trace(Frozen):
    """What must be seen of a thing before it may be called in order."""

    when: Condition
    note: str
    symptoms: frozenset[str] = BROKEN
    mended: Mapping[str, JsonValue] = Field(default_factory=dict)
    uncounted: Condition | None = None
    """When the trace would be missing of a thing that works, if nothing were counted where it runs: in what stands in for a cloud."""
    words: str = ""
    """Asked for only where the problem's words match this."""
    said: str = ""
    """Where the words match this they tell of the trace themselves, and complain all the same: then it shows nothing."""


class Thing(Frozen):
    """A type of thing: where it leads, and what shows that it works."""

    follow: tuple[Place, ...] = ()
    traces: tuple[Trace, ...] = ()
    shared: bool = False
    """Other analyzers judge it too: without a trace for the words nothing is observed here."""


@cache
def rules() -> Mapping[str, tuple[Rule, ...]]:
    """Every rule of the playbooks, by the type it is about."""
    found: dict[str, list[Rule]] = {}
    for path in sorted((PACK / "playbooks").glob("*.yaml")):
        for entry in (parse_yaml(path.read_text("utf-8")) or {}).get("causes", ()):
            if "about" in entry.get("extra", {}):
                rule = Rule.model_validate({"cause": entry["id"], **entry["extra"]})
                found.setdefault(rule.about, []).append(rule)
    return {about: tuple(some) for about, some in found.items()}


@cache
def things() -> Mapping[str, Thing]:
    """What is known of each type, from ``settings.yaml``."""
    raw = parse_yaml((PACK / "settings.yaml").read_text("utf-8"))
    return {name: Thing.model_validate(entry or {}) for name, entry in raw["things"].items()}
