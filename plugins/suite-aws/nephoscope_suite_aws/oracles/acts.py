"""The steps of a seed, read as what was done to named things."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ACCOUNT, REGION = "123456789012", "eu-west-1"
_MAKERS = {
    "RoleName": "iam:CreateRole", "UserName": "iam:CreateUser", "InstanceProfileName": "iam:CreateInstanceProfile", "Bucket": "s3:CreateBucket",
    "FunctionName": "lambda:CreateFunction", "SecretId": "secretsmanager:CreateSecret", "Rule": "events:PutRule",
    "DBSubnetGroupName": "rds:CreateDBSubnetGroup", "TableName": "dynamodb:CreateTable",
}  # fmt: skip
"""What must be made before it can be named by a parameter."""
_WHOLE = re.compile(r"\$\{(\w+)\.[\w.]+\}\Z")


class Unreadable(Exception):
    """The seed says something that no account can be, or that is not read here: nothing can be told of it."""


@dataclass(frozen=True)
class Act:
    """One step. References are the names of the steps they point at; ``name`` is this step's own."""

    do: str
    params: Mapping[str, Any]
    name: str


class Acts:
    """In the order they happen."""

    def __init__(self, steps: Sequence[Mapping[str, Any]]) -> None:
        self.blamed: set[str] = set()
        """Names of what was found in the way."""
        self.all = [Act(str(step["do"]), _read(step.get("params", {})), str(step.get("as") or f"#{place}")) for place, step in enumerate(steps)]

    def possible(self) -> None:
        """Raises :class:`Unreadable` where something is named that nothing has made."""
        made: set[tuple[str, str]] = set()
        for act in self.all:
            for key, maker in _MAKERS.items():
                name = act.params.get(key)
                if isinstance(name, str) and act.do != maker and (maker, name) not in made:
                    raise Unreadable(f"{act.do} of {name}")
            made |= {(act.do, value) for value in act.params.values() if isinstance(value, str)} | {(act.do, act.name)}

    def stopped(self, *names: str) -> bool:
        """Notes what is in the way. Always false."""
        self.blamed.update(names)
        return False

    def of(self, do: str, **wanted: Any) -> list[Act]:
        """Every act of this kind whose parameters are these."""
        return [one for one in self.all if one.do == do and all(one.params.get(key) == value for key, value in wanted.items())]

    def last(self, do: str, **wanted: Any) -> Act | None:
        return next(reversed(self.of(do, **wanted)), None)

    def named(self, name: str) -> Act:
        found = next((one for one in self.all if one.name == name), None)
        if found is None:
            raise Unreadable(name)
        return found

    def after(self, do: str, undo: str, key: str, thing: str) -> bool:
        """Whether ``do`` is the last word about a thing, not ``undo``."""
        told = [one.do == do for one in self.all if one.do in (do, undo) and thing in (one.params.get(key), *_several(one.params.get(key)))]
        return bool(told) and told[-1]

    def gone(self, undo: Sequence[str], key: str, thing: str) -> bool:
        """Whether something deleted or stopped it."""
        return any(one.do in undo and thing in (one.params.get(key), *_several(one.params.get(key))) for one in self.all)


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _read(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _read(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_read(member) for member in value]
    if not isinstance(value, str):
        return value
    whole = _WHOLE.match(value)
    return whole[1] if whole else value.replace("${account}", ACCOUNT).replace("${region}", REGION)
