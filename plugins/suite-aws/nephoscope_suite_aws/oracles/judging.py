"""Whether a change broke the edge it is told from, and how that shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from nephoscope_suite_aws.oracles.acts import Acts, Unreadable
from nephoscope_suite_aws.oracles.deliveries import delivers
from nephoscope_suite_aws.oracles.packets import connects
from nephoscope_suite_aws.oracles.permits import allowed

Symptom = Literal["", "connect", "access", "fail", "deliver"]
"""Which way of telling it; nothing when the edge still works, or when nobody can say."""


def broken(family: str, edge: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> tuple[Symptom, frozenset[str]]:
    """What a person would see at the edge of an account that was built by these steps, and names of what is in the way there."""
    acts = Acts(steps)
    try:
        acts.possible()
        symptom = _symptom(family, edge, acts)
    except (Unreadable, KeyError, ValueError):
        return "", frozenset()
    return symptom, frozenset(acts.blamed - {""})


def _symptom(family: str, edge: Mapping[str, Any], acts: Acts) -> Symptom:
    if family == "connect":
        return "" if connects(acts, edge["from"], edge["to"], int(edge["port"])) else "connect"
    if family == "deliver":
        return "" if delivers(acts, edge["source"], edge["target"]) else "deliver"
    shown: dict[str, Symptom] = {"allowed": "", "denied": "access", "broken": "fail"}
    return shown[allowed(acts, edge["who"], edge["action"], edge["thing"])]
