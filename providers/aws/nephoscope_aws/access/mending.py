"""Documents as they would read without the fault: for the counterfactual, and for the fix."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nephoscope.models import JsonValue, Supposition
from nephoscope_aws.access.cases import Case
from nephoscope_aws.access.identity import grants_ref, put_inline
from nephoscope_aws.access.sources import Source, Write
from nephoscope_aws.access.things import ref
from nephoscope_aws.iam.layers import LayerName, Match

ALIKE = 0.85
"""How alike (difflib ratio) an ARN in a policy and the one asked for must be to call it a slip."""
ALIKE_NAMES = 0.8
"""The same of their names alone: they are short, and a letter weighs more."""
_NEW = "nephoscope-suggested"


@dataclass(frozen=True, slots=True)
class Mend:
    """What to suppose, and the call that would make it so."""

    suppose: tuple[Supposition, ...] = ()
    write: Write | None = None


def without(cases: Sequence[Case], layer: LayerName) -> Mend:
    """Take out every statement of the layer that denies one of the cases."""
    doomed: dict[str, tuple[Source, set[int]]] = {}
    for case in cases:
        for match in case.denying(layer):
            source = case.source(layer, match)
            if source:
                doomed.setdefault(source.name, (source, set()))[1].add(match.statement.index)
    rewritten = [(source, [one for index, one in enumerate(source.statements) if index not in gone]) for source, gone in doomed.values()]
    return Mend(tuple(source.suppose(kept) for source, kept in rewritten), _write(rewritten))


def _write(rewritten: Sequence[tuple[Source, list[JsonValue]]]) -> Write | None:
    return rewritten[0][0].rewrite(rewritten[0][1]) if rewritten else None


def _allow(cases: Iterable[Case], **more: JsonValue) -> dict[str, JsonValue]:
    listed = list(cases)
    actions: list[JsonValue] = [*dict.fromkeys(case.request.action for case in listed)]
    resources: list[JsonValue] = [*dict.fromkeys(case.request.resource for case in listed)]
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def granted(cases: Sequence[Case]) -> Mend:
    """Give the identity one more inline policy that allows the cases."""
    actor = cases[0].actor
    if actor.role is None:
        return Mend()
    kind, name, account = actor.kind, actor.role.name, actor.role.account
    grants = grants_ref(kind, name, account)
    policy = ref(f"iam:{kind}-policy", f"{grants.native_id}#{_NEW}", _NEW, account)
    document: JsonValue = {"Version": "2012-10-17", "Statement": [_allow(cases)]}
    present: list[JsonValue] = [
        source.subject.native_id for source in cases[0].gathered["identity"][0].sources.values() if source.subject.native_type == policy.native_type
    ]
    inline: list[JsonValue] = [*present, policy.native_id]
    suppose = (Supposition(subject=grants, attribute="inline", value=inline), Supposition(subject=policy, attribute="document", value=document))
    return Mend(suppose, put_inline(kind, name, _NEW)(json.dumps(document, sort_keys=True)))


def widened(
    cases: Sequence[Case], layer: LayerName, fallback: Source | None = None, *, principal: bool = False, resources: bool = True, anybody: bool = False
) -> Mend:
    """Add an allow for the cases to the layer's document, or to a new one. ``anybody``: a limit lets through, who may is for others to say."""
    sources = [source for one in cases[0].gathered[layer] for source in one.sources.values()]
    source = sources[0] if sources else fallback
    if source is None:
        return Mend()
    who = cases[0].request.principal
    named: JsonValue = {"Service": who.service} if who.service else {"AWS": who.arn}
    if anybody:
        named = "*"
    statement = _allow(cases, **({"Principal": named} if principal else {}))
    if not resources:
        del statement["Resource"]
    statements = [*source.statements, statement]
    return Mend((source.suppose(statements),), source.rewrite(statements))


def slip(case: Case) -> tuple[Match, str] | None:
    """A statement that would allow the case but for a resource that reads almost like the one asked for, and that resource."""
    for match in case.outcome.near:
        if match.layer == "identity" and match.failed == ("resource",) and not match.statement.not_resources:
            for pattern in match.statement.resources or ():
                if _alike(pattern, case.request.resource):
                    return match, pattern
    return None


def _alike(pattern: str, wanted: str) -> bool:
    one, other = (text.removesuffix("/*") for text in (pattern, wanted))
    return "*" not in one and _ratio(one, other) >= ALIKE and _ratio(_name(one), _name(other)) >= ALIKE_NAMES


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _name(arn: str) -> str:
    """What tells it from others of its kind: most of an ARN is alike for all of them."""
    rest = arn.split(":", 5)[-1]
    return rest if ":::" in arn else rest.replace("/", ":", 1).partition(":")[2] or rest


def corrected(case: Case, match: Match, pattern: str) -> Mend:
    """Write the resource asked for where the slip stands; beside it where that is the thing which the one asked for is a part of."""
    return _edited(case, match, lambda statement: {**statement, "Resource": _swap(statement.get("Resource"), pattern, case.request.resource)})


def _swap(value: JsonValue, old: str, new: str) -> JsonValue:
    if new.startswith((f"{old}:", f"{old}/")):
        return [*(value if isinstance(value, list) else [value]), new]
    if isinstance(value, list):
        return [new if one == old else one for one in value]
    return new if value == old else value


def unmet(case: Case, layer: LayerName) -> Match | None:
    """A statement that would allow the case but for a condition."""
    return next((match for match in case.outcome.near if match.layer == layer and match.failed == ("condition",)), None)


def unconditioned(case: Case, match: Match) -> Mend:
    """The statement without the conditions that are not met."""
    failing = {(one.condition.operator, one.condition.key) for one in match.conditions if one.truth is not True}

    def edit(statement: dict[str, JsonValue]) -> dict[str, JsonValue]:
        blocks = statement.get("Condition")
        kept: dict[str, JsonValue] = {}
        for operator, block in (blocks if isinstance(blocks, dict) else {}).items():
            left = {key: value for key, value in block.items() if (operator, key) not in failing} if isinstance(block, dict) else {}
            if left:
                kept[operator] = left
        rest = {key: value for key, value in statement.items() if key != "Condition"}
        return {**rest, "Condition": kept} if kept else rest

    return _edited(case, match, edit)


def _edited(case: Case, match: Match, edit: object) -> Mend:
    source = case.source(match.layer, match)
    if source is None or not callable(edit):
        return Mend()
    statements = [edit(one) if index == match.statement.index and isinstance(one, dict) else one for index, one in enumerate(source.statements)]
    return Mend((source.suppose(statements),), source.rewrite(statements))
