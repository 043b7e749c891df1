"""How often one script may search: which texts hit tells, bit by bit, what redaction hides from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nephoscope.models import Json

MOST_SEARCHES = 32
"""Different texts; with each a script learns at most whether it occurs. What people look for needs fewer, a hidden secret more."""
_PATTERN = re.compile(r"(?:pattern|regex|searchstring|searchphrase|searchterm)s?$", re.IGNORECASE)
_VALUE = re.compile(r"values?$", re.IGNORECASE)
_NAMED_WHOLE = re.compile(
    r"[\"'*%]?(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[a-z]{1,6}-[0-9a-f]{8,17}|\d{1,3}(?:\.\d{1,3}){3})[\"'*%]?"
)
"""Ids and addresses: nobody finds a secret by trying these."""


class Searches:
    """The texts one script has searched for."""

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def too_many(self, params: Json) -> bool:
        """Count what the parameters of a call search for; whether it was too much."""
        self._texts.update(searched(params))
        return len(self._texts) > MOST_SEARCHES


def searched(params: Json, key: str = "") -> Iterator[str]:
    """Texts that parts of hidden values could match: patterns, and values with wildcards."""
    if isinstance(params, Mapping):
        for name, value in params.items():
            yield from searched(value, name)
    elif isinstance(params, list | tuple):
        for item in params:
            yield from searched(item, key)
    elif isinstance(params, str) and not _NAMED_WHOLE.fullmatch(params):
        wild = _VALUE.search(key) and re.search(r"[*?]", params) and params.strip("*?")
        if wild or (params.strip() and _PATTERN.search(key)):
            yield params
