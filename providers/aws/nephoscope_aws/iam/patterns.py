"""Patterns of the policy language: wildcards, policy variables, and holes where a value is hidden or not known.

A value asked about may itself contain ``*``: it then stands for a set ("some object of this bucket"), and a pattern that
covers only a part of the set matches *perhaps*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeAlias

from nephoscope_aws.iam.truth import Truth, all_of


class Wild(Enum):
    """What stands in a pattern for more than one character."""

    ANY = "*"
    ONE = "?"
    HOLE = "hole"
    """Text that is there but not known: a redacted value, or a policy variable without a known value."""


Piece: TypeAlias = "str | Wild"
Resolve: TypeAlias = "Callable[[str], str | bool | None]"
"""Value of a policy variable: the text, ``None`` when not known, ``False`` when it is known to have none."""

_PIECE = re.compile(r"\$\{(?P<variable>[^}]*)\}|(?P<hidden>‹redacted:[^›]*›)|(?P<char>.)", re.DOTALL)
_VARIABLE = re.compile(r"^\s*([^,\s]+)\s*(?:,\s*'([^']*)')?\s*$")
_WILD = {"*": Wild.ANY, "?": Wild.ONE}


def compile_pattern(text: str, resolve: Resolve | None = None) -> tuple[Piece, ...] | None:
    """Tokens of a pattern; ``None`` when a variable in it has no value, so that it matches nothing.

    ``resolve`` is ``None`` for documents of a version that knows no variables: ``${...}`` is plain text there.
    """
    tokens: list[Piece] = []
    for piece in _PIECE.finditer(text):
        if piece["hidden"]:
            tokens.append(Wild.HOLE)
        elif piece["char"] is not None:
            tokens.append(_WILD.get(piece["char"], piece["char"]))
        elif resolve is None:
            tokens.extend(_WILD.get(char, char) for char in piece[0])
        else:
            value = _variable(piece["variable"], resolve)
            if value is None:
                return None
            tokens.extend(value)
    return tuple(tokens)


def _variable(text: str, resolve: Resolve) -> Sequence[Piece] | None:
    if text in ("*", "?", "$"):
        return text
    parsed = _VARIABLE.match(text)
    if parsed is None:
        return (Wild.HOLE,)
    value = resolve(parsed[1].lower())
    if value is False:
        return parsed[2]
    return value if isinstance(value, str) else (Wild.HOLE,)


def subject_tokens(text: str) -> tuple[Piece, ...]:
    """Tokens of a value asked about, in which ``*`` stands for anything."""
    return tuple(Wild.ANY if char == "*" else char for char in text)


def matches(pattern: Sequence[Piece] | None, subject: Sequence[Piece]) -> Truth:
    """Whether a pattern covers all (true), none (false) or, as far as is known, perhaps some of what ``subject`` stands for."""
    if pattern is None:
        return False
    if Wild.HOLE not in pattern and _covers(pattern, subject):
        return True
    if Wild.HOLE not in pattern and Wild.ANY not in subject:
        return False
    return None if _overlap(pattern, subject) else False


def _covers(pattern: Sequence[Piece], subject: Sequence[Piece]) -> bool:
    """Greedy wildcard match; a wildcard of the subject is covered by ``*`` alone."""
    at = position = mark = 0
    star = -1
    while position < len(subject):
        if at < len(pattern) and pattern[at] is Wild.ANY:
            star, mark, at = at, position, at + 1
        elif at < len(pattern) and subject[position] is not Wild.ANY and pattern[at] in (Wild.ONE, subject[position]):
            at, position = at + 1, position + 1
        elif star >= 0:
            mark += 1
            at, position = star + 1, mark
        else:
            return False
    return all(token is Wild.ANY for token in pattern[at:])


def _overlap(pattern: Sequence[Piece], subject: Sequence[Piece]) -> bool:
    """Whether some text fits both, by dynamic programming over both; holes count as ``*``."""
    spans = (Wild.ANY, Wild.HOLE)
    row = [True]
    for token in subject:
        row.append(row[-1] and token in spans)
    for token in pattern:
        above, row = row, [row[0] and token in spans]
        for column, other in enumerate(subject, 1):
            if token in spans or other in spans:
                row.append(above[column] or row[-1])
            else:
                row.append(above[column - 1] and (token is Wild.ONE or token == other))
    return row[-1]


def glob(pattern: str, value: str, resolve: Resolve | None = None, *, fold: bool = False) -> Truth:
    """Match one text pattern; ``fold`` ignores case."""
    if fold:
        pattern, value = pattern.lower(), value.lower()
    return matches(compile_pattern(pattern, resolve), subject_tokens(value))


def glob_arn(pattern: str, value: str, resolve: Resolve | None = None) -> Truth:
    """Match ARNs component by component: a wildcard stays inside its component, except in the last."""
    if pattern == "*":
        return True
    tokens, given = compile_pattern(pattern, resolve), value.split(":", 5)
    if tokens is None:
        return False
    wanted = _components(tokens)
    if len(wanted) != len(given):
        return matches(tokens, subject_tokens(value))
    return all_of(matches(one, subject_tokens(other)) for one, other in zip(wanted, given, strict=True))


def _components(tokens: Sequence[Piece]) -> list[list[Piece]]:
    parts: list[list[Piece]] = [[]]
    for piece in tokens:
        if piece == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts
