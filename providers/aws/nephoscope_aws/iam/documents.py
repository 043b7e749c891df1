"""Policy documents, read with suspicion: what is malformed is set aside with a reason, never guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nephoscope_aws.iam.request import Policy


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator over one key, with the values the policy lists."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, the one at ``index`` of its document.

    ``actions`` and ``resources`` are patterns, or what is excepted where ``not_actions``/``not_resources`` is set.
    ``principals`` is ``None`` where the statement names none (identity policies), else pairs of type and value.
    """

    policy: str
    label: str
    index: int
    allow: bool
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...] | None
    not_resources: bool
    principals: tuple[tuple[str, str], ...] | None
    not_principals: bool
    conditions: tuple[Condition, ...]
    variables: bool


class Malformed(ValueError):
    """A document or statement that is not in the policy language."""


def parse(policy: Policy) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """Statements of a document, and why the rest of it could not be read."""
    try:
        document = _document(policy.document)
        version = document.get("Version", "2008-10-17")
        listed = document.get("Statement")
        entries = [listed] if isinstance(listed, Mapping) else listed
        if not isinstance(entries, Sequence) or isinstance(entries, str):
            raise Malformed("it has no statements")
    except Malformed as error:
        return (), (f"{policy.name}: {error}",)
    statements, troubles = [], []
    for index, entry in enumerate(entries, 1):
        try:
            statements.append(_statement(policy.name, index, entry, variables=version == "2012-10-17"))
        except Malformed as error:
            troubles.append(f"{policy.name}, statement {index}: {error}")
    return tuple(statements), tuple(troubles)


def _document(raw: object) -> Mapping[str, object]:
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise Malformed("it is not JSON") from error
    if raw is None:
        raise Malformed("it could not be seen")
    if not isinstance(raw, Mapping):
        raise Malformed("it is not a policy document")
    return raw


def _statement(policy: str, index: int, entry: object, *, variables: bool) -> Statement:
    if not isinstance(entry, Mapping):
        raise Malformed("it is not an object")
    effect = entry.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise Malformed("its effect is neither Allow nor Deny")
    actions, not_actions = _either(entry, "Action")
    resources, not_resources = _either(entry, "Resource")
    if actions is None:
        raise Malformed("it names no action")
    principals, not_principals = _principals(entry)
    sid = entry.get("Sid")
    return Statement(
        policy=policy,
        label=f"“{sid}”" if isinstance(sid, str) and sid else f"statement {index}",
        index=index - 1,
        allow=effect == "Allow",
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=principals,
        not_principals=not_principals,
        conditions=_conditions(entry.get("Condition", {})),
        variables=variables,
    )


def _either(entry: Mapping[str, object], name: str) -> tuple[tuple[str, ...] | None, bool]:
    if name in entry and f"Not{name}" in entry:
        raise Malformed(f"it has both {name} and Not{name}")
    inverted = f"Not{name}" in entry
    value = entry.get(f"Not{name}" if inverted else name)
    return (None if value is None else _strings(value)), inverted


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, int | float):
        return (str(value),)
    if isinstance(value, Sequence) and not any(isinstance(item, Mapping | list | tuple) or item is None for item in value):
        return tuple(text for item in value for text in _strings(item))
    raise Malformed("a value is neither text nor a list of texts")


def _principals(entry: Mapping[str, object]) -> tuple[tuple[tuple[str, str], ...] | None, bool]:
    inverted = "NotPrincipal" in entry
    value = entry.get("NotPrincipal" if inverted else "Principal")
    if value is None:
        return None, False
    if value == "*":
        return (("AWS", "*"),), inverted
    if not isinstance(value, Mapping):
        raise Malformed("its principal is neither * nor a map")
    return tuple((str(kind), name) for kind, names in value.items() for name in _strings(names)), inverted


def _conditions(value: object) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        raise Malformed("its condition is not a map")
    found: list[Condition] = []
    for operator, block in value.items():
        if not isinstance(block, Mapping):
            raise Malformed(f"the condition {operator} is not a map")
        found.extend(Condition(str(operator), str(key), _strings(values)) for key, values in block.items())
    return tuple(found)
