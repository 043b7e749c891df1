"""What LangGraph carries from node to node: ids and counters, nothing else. Payloads live in the store."""

from __future__ import annotations

from typing import Literal, TypedDict, get_type_hints

Outcome = Literal["", "checks", "question", "conclude", "again", "repair", "rehearse", "approve", "edit", "run", "done", "skip"]
GRAPH_VERSION = 2
"""Raised whenever nodes are renamed: a checkpoint of another version is not resumed but rebuilt from the record."""


class State(TypedDict):
    """``step`` and ``attempt`` count from 1; ``outcome`` is how the last node left off."""

    step: int
    attempt: int
    outcome: Outcome


class Update(TypedDict, total=False):
    """What a node changes."""

    step: int
    attempt: int
    outcome: Outcome


def checked(name: str, update: Update) -> Update:
    """The update, if it is one. LangGraph drops unknown keys silently and blames wrong types on the next node; here they raise."""
    known = get_type_hints(State)
    for key, value in update.items():
        if key not in known:
            raise TypeError(f"node {name} returned an unknown key {key!r}")
        if not isinstance(value, str if key == "outcome" else int):
            raise TypeError(f"node {name} returned {key}={value!r}")
    return update
