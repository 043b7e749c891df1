"""Symptom classes: which family of trouble a person's words describe."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import yaml

SUSPICION = "suspicion"
"""The class of words that fit no other."""


@cache
def _patterns() -> tuple[tuple[str, int, re.Pattern[str]], ...]:
    text = resources.files(__package__).joinpath("symptoms.yaml").read_text(encoding="utf-8")
    table: dict[str, list[tuple[int, str]]] = yaml.safe_load(text)
    return tuple((symptom, weight, re.compile(pattern, re.IGNORECASE)) for symptom, rows in table.items() for weight, pattern in rows)


def classes() -> tuple[str, ...]:
    """Names of all symptom classes."""
    return tuple(dict.fromkeys(symptom for symptom, _, _ in _patterns()))


def classify(text: str) -> tuple[str, ...]:
    """Symptom classes the words fit, best first; at least one. Typographic apostrophes read as plain ones."""
    plain = text.replace("’", "'")
    scores: dict[str, int] = {}
    for symptom, weight, pattern in _patterns():
        hits = len(pattern.findall(plain))
        if hits:
            scores[symptom] = scores.get(symptom, 0) + weight + min(hits - 1, 2)
    ranked = sorted(scores, key=lambda symptom: -scores[symptom])
    return tuple(ranked) or (SUSPICION,)
