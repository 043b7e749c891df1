"""What a report tells in words: its causes, what to do about them, and what it cites. The only part of a report that is ever judged by a model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection

from pydantic import Field

from nephoscope.models import Frozen
from nephoscope.models.report import Report, ReportFact

_MOST_VALUE = 600
_MOST_TEXT = 2_000
"""Characters of a value that is cited, and of any text: what is longer is cut, and says so."""
_BETWEEN = r"[\s:/_.-]*"
SOMEBODY = "the author"
"""Stands for the names of those who are compared, so that nobody is judged by a name."""


class ToldCause(Frozen):
    """A cause as it is told."""

    title: str
    explanation: str
    resources: tuple[str, ...] = ()


class ToldFix(Frozen):
    """What to do, as it is told."""

    title: str
    why: str = ""
    commands: tuple[str, ...] = ()


class Prose(Frozen):
    """``evidence``: what the causes cite, in words, ``name: attribute = value``."""

    problem: str
    verdict: str = "confirmed"
    causes: tuple[ToldCause, ...] = Field(min_length=1)
    fixes: tuple[ToldFix, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same for the same words: whoever says the same is judged once."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def prose_of(report: Report, names: Collection[str] = ()) -> Prose | None:
    """The words of a report, without ``names``; ``None`` where it names no cause and so explains nothing."""
    if not report.root_causes:
        return None
    cited = {one for cause in report.root_causes for one in cause.evidence}

    def text(words: str) -> str:
        return _blind(_cut(words, _MOST_TEXT), names)

    return Prose(
        problem=_cut(report.problem, _MOST_TEXT),
        verdict=report.verdict,
        causes=tuple(ToldCause(title=text(one.title), explanation=text(one.explanation), resources=one.resources) for one in report.root_causes),
        fixes=tuple(
            ToldFix(title=text(one.title), why=text(one.why), commands=tuple(map(text, one.commands))) for one in report.recommendations
        ),
        evidence=tuple(_shown(fact) for fact in report.facts if fact.id in cited),
    )  # fmt: skip


def _shown(fact: ReportFact) -> str:
    value = "is not there" if fact.grounding == "absent" else f"= {_cut(json.dumps(fact.value, ensure_ascii=False), _MOST_VALUE)}"
    return f"{fact.name or fact.subject}: {fact.attribute} {value}"


def _blind(text: str, names: Collection[str]) -> str:
    """Without the names of those who are compared, however they are written."""
    for name in sorted(names, key=len, reverse=True):
        words = [re.escape(word) for word in re.split(r"[\s:/_.-]+", name) if word]
        if words:
            text = re.sub(r"(?<!\w)" + _BETWEEN.join(words) + r"(?!\w)", SOMEBODY, text, flags=re.IGNORECASE)
    return text


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"
