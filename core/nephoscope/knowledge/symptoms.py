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
_ERROR = re.compile(
    r"\b[A-Z]\w*(?:Exception|Error|Denied|Fault|Failure|Failed|Timeout|TimedOut|Refused|Reset|Unavailable|Exceeded|Throttled|NotFound)\b"
)
_NEGATED = re.compile(r"\b(ca|do|does|did|is|are|was|were|wo|could|would|should|has|have|had)n['’]?t\b", re.IGNORECASE)
_WHOLE = {"ca": "can", "wo": "will"}
_SHOUTED = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")


def without_guesses(text: str) -> str:
    """The words without guesses at the cause, unless nothing else says what hurts."""
    observed = _GUESS.sub(" ", text)
    return text if _ranked(observed) == (SUSPICION,) else observed


def tells(word: str) -> bool:
    """Whether a word is itself what was answered, such as the name of an error, and so names no thing."""
    if _ERROR.fullmatch(word):
        return True
    return any(weight >= STATED and pattern.fullmatch(word) for _, weight, pattern in _patterns())


def states(text: str, symptom: str) -> bool:
    """Whether the words state the symptom rather than hint at it."""
    plain = _spelled_out(text)
    return any(name == symptom and weight >= STATED and pattern.search(plain) for name, weight, pattern in _patterns())


def classify(text: str) -> tuple[str, ...]:
    """Symptom classes the words fit, best first; at least one. Guesses count only where nothing else was said."""
    observed = _ranked(_GUESS.sub(" ", text))
    guessed = _ranked(text)
    if observed == (SUSPICION,):
        return guessed
    return (*observed, *(one for one in guessed if one not in observed))


def _spelled_out(text: str) -> str:
    """Apostrophes as plain ones, and put back where they are left out ("doesnt"); behind it, what contractions and errors' names say in words."""
    plain = _BARE.sub(r"\1n't", _EFFORT.sub(" ", text.replace("’", "'")))
    shouted = _SHOUTED.sub(lambda match: match[0].replace("_", " "), plain)
    # of a program's mapping that lacks a key, "key error" would tell of encryption
    errors = [re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name) for name in dict.fromkeys(_ERROR.findall(plain)) if name != "KeyError"]
    return ". ".join((shouted, *errors))


def _whole_words(text: str) -> str:
    return _NEGATED.sub(lambda match: f"{_WHOLE.get(match[1].lower(), match[1])} not", text)


def _ranked(text: str) -> tuple[str, ...]:
    plain = _spelled_out(text)
    scores: dict[str, int] = {}
    stated: set[str] = set()
    answers = [
        match.span()
        for symptom, weight, pattern in _patterns()
        if weight >= STATED and symptom in _document()["disproves"]
        for match in pattern.finditer(plain)
    ]
    whole = _whole_words(plain)
    for symptom, weight, pattern in _patterns():
        own = symptom in _document()["disproves"]
        hits = sum(own or not _begins_in(match.start(), answers) for match in pattern.finditer(plain))
        if not hits and whole != plain and not (answers and not own):
            hits = 1 if pattern.search(whole) else 0  # "isn't reachable" is not reachable
        if hits:
            scores[symptom] = scores.get(symptom, 0) + weight + min(hits - 1, 2)
            stated |= {symptom} if weight >= STATED else set()
    disproved = {other for symptom in stated for other in _document()["disproves"].get(symptom, ())} - stated
    ranked = sorted(scores.keys() - disproved, key=lambda symptom: (-scores[symptom], symptom))
    return tuple(ranked) or (SUSPICION,)
