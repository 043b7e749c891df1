"""Symptom classes: which family of trouble a person's words describe."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from nephoscope.models.yaml_text import parse_yaml

SUSPICION = "suspicion"
"""The class of words that fit no other."""


STATED = 4
"""Weight of words that state a symptom; lighter ones only hint at it."""


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = parse_yaml(resources.files(__package__).joinpath("symptoms.yaml").read_text(encoding="utf-8"))
    return document


@cache
def _patterns() -> tuple[tuple[str, int, re.Pattern[str]], ...]:
    table: dict[str, list[tuple[int, str]]] = _document()["words"]
    return tuple((symptom, weight, re.compile(_whole(pattern), re.IGNORECASE)) for symptom, rows in table.items() for weight, pattern in rows)


def _whole(pattern: str) -> str:
    """A word inside a hyphenated name (``invoice-app``) is no word of the symptom."""
    pattern = rf"(?<![\w-]){pattern[2:]}" if pattern.startswith(r"\b") else pattern
    return rf"{pattern[:-2]}(?![\w-])" if pattern.endswith(r"\b") else pattern


def classes() -> tuple[str, ...]:
    """Names of all symptom classes."""
    return tuple(dict.fromkeys(symptom for symptom, _, _ in _patterns()))


def _begins_in(start: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Words that already tell an answer tell nothing else: "not authorized to publish" is no "not ... published"."""
    return any(left <= start < right for left, right in spans)


_GUESS = re.compile(
    r"\b(?:(?:i|we|they|ops) (?:think|suspect|guess|believe|assume|bet)|(?:may ?be|perhaps|probably|possibly|presumably)|(?:might|could|must|may) be"
    r"|(?:seems?|appears?) to (?:be|have) (?:a|an|some) [\w ]{0,20}(?:problem|issue|fault|error)|(?:sounds|looks|smells) like)\b[^.;,!?\n]{0,120}"
    r"|[^.;,!?\n]{0,60}\b(?:maybe|perhaps|probably|possibly)\s*(?=[.;,!?\n]|\Z)",
    re.IGNORECASE,
)
"""Stretches in which a person guesses at the cause: a guess is no symptom."""


_EFFORT = re.compile(
    r"\b(?:checked|tried|looked|verified|tested|restarted|rebooted|redeployed|asked|told)\b[^.;,!?\n]{0,30}"
    r"\b(?:twice|several times|more than once|again and again)\b",
    re.IGNORECASE,
)
"""What a person did about it, and how often, is no symptom either."""
_BARE = re.compile(r"\b(ca|do|does|did|is|are|was|were|wo|could|would|should|has|have|had)nt\b", re.IGNORECASE)
_ERROR = re.compile(r"[A-Z]\w*(?:Exception|Error|Denied|Fault|Failure)\b")


def without_guesses(text: str) -> str:
    """The words without guesses at the cause, unless nothing else says what hurts."""
    observed = _GUESS.sub(" ", text)
    return text if _ranked(observed) == (SUSPICION,) else observed


def tells(word: str) -> bool:
    """Whether a word is itself what was answered, such as the name of an error, and so names no thing."""
    if _ERROR.fullmatch(word):
        return True
    return any(weight >= STATED and pattern.fullmatch(word) for _, weight, pattern in _patterns())


def classify(text: str) -> tuple[str, ...]:
    """Symptom classes the words fit, best first; at least one. Guesses count only where nothing else was said."""
    observed = _ranked(_GUESS.sub(" ", text))
    guessed = _ranked(text)
    if observed == (SUSPICION,):
        return guessed
    return (*observed, *(one for one in guessed if one not in observed))


def _ranked(text: str) -> tuple[str, ...]:
    """Typographic apostrophes read as plain ones, and those that are left out ("doesnt") are put back."""
    plain = _BARE.sub(r"\1n't", _EFFORT.sub(" ", text.replace("’", "'")))
    scores: dict[str, int] = {}
    stated: set[str] = set()
    answers = [
        match.span()
        for symptom, weight, pattern in _patterns()
        if weight >= STATED and symptom in _document()["disproves"]
        for match in pattern.finditer(plain)
    ]
    for symptom, weight, pattern in _patterns():
        own = symptom in _document()["disproves"]
        hits = sum(own or not _begins_in(match.start(), answers) for match in pattern.finditer(plain))
        if hits:
            scores[symptom] = scores.get(symptom, 0) + weight + min(hits - 1, 2)
            stated |= {symptom} if weight >= STATED else set()
    disproved = {other for symptom in stated for other in _document()["disproves"].get(symptom, ())} - stated
    ranked = sorted(scores.keys() - disproved, key=lambda symptom: (-scores[symptom], symptom))
    return tuple(ranked) or (SUSPICION,)
