"""Where policies come from, so that a finding can cite the facts and a fix can write the document back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nephoscope.models import FactQuery, JsonValue, ResourceRef, Supposition
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.iam import Policies, Policy

Document = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Write:
    """A call that would put a changed document in place."""

    service: str
    operation: str
    params: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Source:
    """One policy document: its label for people, the fact it stands in, how it is written back and how it is taken away."""

    name: str
    subject: ResourceRef
    attribute: str
    document: JsonValue
    write: Callable[[str], Write]
    remove: Write | None = None

    @property
    def statements(self) -> list[JsonValue]:
        """Its statements, one or many."""
        listed = self.document.get("Statement", []) if isinstance(self.document, dict) else []
        return list(listed) if isinstance(listed, list) else [listed]

    def with_statements(self, statements: list[JsonValue]) -> dict[str, Any]:
        """The document with other statements."""
        base = dict(self.document) if isinstance(self.document, dict) else {"Version": "2012-10-17"}
        return {**base, "Statement": statements}

    def suppose(self, statements: list[JsonValue]) -> Supposition:
        """The fact as it would read with other statements. A resource whose policy loses its last statement has none."""
        gone = not statements and self.attribute == "policy"
        return Supposition(subject=self.subject, attribute=self.attribute, value=None if gone else self.with_statements(statements), absent=gone)

    def rewrite(self, statements: list[JsonValue]) -> Write | None:
        """The call that puts other statements in place; no statement is no document."""
        return self.write(json.dumps(self.with_statements(statements), sort_keys=True)) if statements else self.remove


@dataclass(frozen=True, slots=True)
class Gathered:
    """The policies of one layer as far as the facts show. ``policies`` is ``None`` while it is not known which there are."""

    policies: Policies | None
    sources: Mapping[str, Source] = field(default_factory=dict)
    because: tuple[str, ...] = ()
    needs: tuple[FactQuery, ...] = ()


NO_POLICY = "aws.iam.resource-policy"
"""How causes on the side of a thing would begin that has no policy of its own: there are none."""
NOTHING = Gathered(())
"""A layer without policies."""


def gathered(lens: Lens, sources: list[Source], *, known: bool) -> Gathered:
    """Sum up what a lens saw. A document that was not seen stays in the layer as unreadable."""
    policies = tuple(Policy(source.name, source.document) for source in sources) if known else None
    return Gathered(policies, {source.name: source for source in sources}, tuple(lens.because), tuple(lens.needs.values()))
