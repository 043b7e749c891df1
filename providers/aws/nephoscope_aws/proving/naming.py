"""Identifiers of an account and of its copy: a copy cannot choose most of its identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


class Names:
    """What a thing is called in the account ↔ what its copy is called."""

    def __init__(self) -> None:
        self._there: dict[str, str] = {}
        self._back: dict[str, str] = {}

    def learn(self, account: str, copy: str) -> None:
        """From now on the two stand for each other."""
        if account and copy and account != copy:
            self._there[account], self._back[copy] = copy, account
        if account.startswith("/") and copy.startswith("/"):  # a path of the service's own: the SDK also writes its end alone
            self.learn(account.rpartition("/")[2], copy.rpartition("/")[2])

    def there(self, value: Any) -> Any:
        """A structure as it is written for the copy."""
        return _replaced(value, self._there, _pattern(self._there))

    def back(self, value: Any) -> Any:
        """A structure from the copy, as the account would write it."""
        return _replaced(value, self._back, _pattern(self._back))


def _pattern(known: Mapping[str, str]) -> re.Pattern[str] | None:
    words = sorted(known, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])") if words else None


def _replaced(value: Any, known: Mapping[str, str], pattern: re.Pattern[str] | None) -> Any:
    if pattern is None:
        return value
    if isinstance(value, Mapping):
        return {_replaced(key, known, pattern): _replaced(member, known, pattern) for key, member in value.items()}
    if isinstance(value, list):
        return [_replaced(member, known, pattern) for member in value]
    return pattern.sub(lambda match: known[match[0]], value) if isinstance(value, str) else value
