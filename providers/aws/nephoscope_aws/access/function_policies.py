"""How a function's policy is written: statement by statement where that is enough, for which every tool has a command; else as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from nephoscope.models import JsonValue, ResourceRef
from nephoscope_aws.access.sources import Write

_SAID_BY_CONDITIONS = {
    ("ArnLike", "aws:sourcearn"): "SourceArn", ("ArnEquals", "aws:sourcearn"): "SourceArn", ("StringEquals", "aws:sourceaccount"): "SourceAccount",
    ("StringEquals", "aws:principalorgid"): "PrincipalOrgID",
}  # fmt: skip


def writer(function: ResourceRef, document: JsonValue) -> Callable[[str], Write]:
    """Writes a changed policy: ``document`` is the policy as it is, ``None`` where there is none."""

    def write(text: str) -> Write:
        before, after = _statements(document), _statements(json.loads(text))
        come = [one for one in after if one not in before]
        gone = [one for one in before if one not in after]
        added = _added(come[0]) if len(come) == 1 and not gone else None
        if added is not None:
            return Write("lambda", "AddPermission", {"FunctionName": function.label, **added})
        if len(gone) == 1 and not come and gone[0].get("Sid"):
            return Write("lambda", "RemovePermission", {"FunctionName": function.label, "StatementId": gone[0]["Sid"]})
        return Write("lambda", "PutResourcePolicy", {"ResourceArn": function.native_id, "Policy": text})

    return write


def _statements(document: JsonValue) -> list[dict[str, Any]]:
    listed = document.get("Statement", []) if isinstance(document, dict) else []
    return [one for one in (listed if isinstance(listed, list) else [listed]) if isinstance(one, dict)]


def _added(statement: Mapping[str, Any]) -> dict[str, JsonValue] | None:
    """Parameters that say the same as a statement; ``None`` where they cannot."""
    actions, principal = statement.get("Action"), statement.get("Principal")
    action = actions[0] if isinstance(actions, list) and len(actions) == 1 else actions
    whom = next(iter(principal.values()), None) if isinstance(principal, dict) and len(principal) == 1 else principal
    conditions = _conditions(statement.get("Condition"))
    if statement.get("Effect") != "Allow" or not isinstance(action, str) or not isinstance(whom, str) or conditions is None:
        return None
    return {"StatementId": str(statement.get("Sid") or "nephoscope-suggested"), "Action": action, "Principal": whom, **conditions}


def _conditions(written: object) -> dict[str, JsonValue] | None:
    entries = [(operator, key, value) for operator, keys in written.items() for key, value in keys.items()] if isinstance(written, dict) else []
    said = {_SAID_BY_CONDITIONS.get((operator, key.lower())): value for operator, key, value in entries}
    return None if None in said or len(said) < len(entries) else {str(name): value for name, value in said.items()}
